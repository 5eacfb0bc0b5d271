// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_sessions.hpp"

#include "documents/library_fixture.hpp"

#include <array>
#include <atomic>
#include <thread>

namespace stoa::documents {
namespace {

namespace fs = std::filesystem;

class UploadSessionsTest : public LibraryTest {
  protected:
    void SetUp() override { fs::create_directories(uploads.directory()); }

    UnnamedFile piece(const std::string& text) {
        auto made = UnnamedFile::make(directory.path()).value();
        EXPECT_TRUE(made.append(text));
        return made;
    }
    Result<UploadSession> create(std::size_t length, std::vector<MetadataField> more = {}) {
        more.push_back({"filename", "notes.txt"});
        return uploads.create(owner, static_cast<std::int64_t>(length), more);
    }
    Result<UploadSession> append(const UploadSession& upload, std::int64_t offset,
                                 const std::string& text) {
        return uploads.append(owner, upload.id, offset, piece(text));
    }
    std::size_t pieces_kept() {
        const fs::directory_iterator all(uploads.directory());
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    std::string code(const Result<UploadSession>& result) {
        return result ? "ok" : std::string(result.error().code);
    }
    void age(const UploadSession& upload) {
        const postgres::Query expire{"test.age",
                                     "UPDATE upload_sessions SET expires_at = now() WHERE id = $1"};
        EXPECT_TRUE(database.run(expire, upload.id));
        for (const auto& entry : fs::directory_iterator(uploads.directory())) {
            fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(2));
        }
    }

    const UserId owner = new_user();
    UploadSessions uploads{database, documents, keys, directory.path(), 1'000'000};
};

TEST_F(UploadSessionsTest, Pieces_become_the_document_that_a_form_would_have_brought) {
    const auto room = new_room(owner);
    const auto made = create(30, {{"title", "Zellen"},
                                  {"tags", R"(["a"])"},
                                  {"room_id", room.str()},
                                  {"filetype", "image/png"}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->offset_bytes, 0);
    EXPECT_EQ(append(*made, 0, "The whale sings")->offset_bytes, 15);
    EXPECT_EQ(uploads.finish(owner, made->id).error().code, "upload_incomplete");
    EXPECT_EQ(append(*made, 15, " under")->offset_bytes, 21);
    EXPECT_EQ(append(*made, 21, " the ice.")->offset_bytes, 30);
    EXPECT_EQ(pieces_kept(), 3U);
    const auto document = uploads.finish(owner, made->id);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->title, "Zellen");
    EXPECT_EQ(document->file_name, "notes.txt");
    EXPECT_EQ(document->mime_type, "text/plain");
    EXPECT_EQ(document->tags.text, R"(["a"])");
    EXPECT_EQ(document->file_size_bytes, 30);
    EXPECT_EQ(document->sha256, "27fba9f4f8a122a74fd00880c1c765d1fc2d3a73a8d1c475e5a267b4acf5a3e9");
    EXPECT_EQ(pieces_kept(), 0U);
    EXPECT_EQ(events_of(room).size(), 1U);
    EXPECT_EQ(uploads.find(owner, made->id)->document_id, document->id);

    // Again it is the same one, also after the pieces are gone.
    EXPECT_EQ(uploads.finish(owner, made->id)->id, document->id);
    EXPECT_EQ(documents.list(owner, {})->items.size(), 1U);
    ASSERT_TRUE(ingest(document->id));
    EXPECT_EQ(retrieval.search({owner, document->id, std::nullopt}, "whale", 3)->size(), 1U);
    ASSERT_TRUE(documents.remove(owner, document->id));
    EXPECT_EQ(uploads.finish(owner, made->id).error().code, "document_not_found");
}

TEST_F(UploadSessionsTest, A_piece_counts_only_where_the_upload_stands) {
    const auto made = create(10).value();
    EXPECT_EQ(code(append(made, 1, "abc")), "upload_offset_mismatch");
    EXPECT_EQ(code(append(made, 0, "abc")), "ok");
    EXPECT_EQ(code(append(made, 0, "abc")), "upload_offset_mismatch");
    EXPECT_EQ(code(append(made, 3, "12345678")), "upload_too_long");
    EXPECT_EQ(uploads.find(owner, made.id)->offset_bytes, 3);
    EXPECT_EQ(pieces_kept(), 1U) << "what was refused leaves nothing";
    const auto stranger = new_user();
    EXPECT_EQ(code(uploads.append(stranger, made.id, 3, piece("x"))), "upload_not_found");
    EXPECT_EQ(code(uploads.find(stranger, made.id)), "upload_not_found");
    EXPECT_EQ(uploads.finish(stranger, made.id).error().code, "upload_not_found");
    EXPECT_EQ(uploads.remove(stranger, made.id).error().code, "upload_not_found");
    const postgres::Query many{"test.many", "UPDATE upload_sessions SET piece_count = $1"};
    ASSERT_TRUE(database.run(many, UploadSessions::pieces_max));
    EXPECT_EQ(code(append(made, 3, "x")), "too_many_pieces");
}

TEST_F(UploadSessionsTest, Of_many_at_once_one_is_taken_at_each_offset) {
    const auto made = create(6).value();
    for (std::int64_t offset = 0; offset < 6; offset += 2) {
        std::vector<std::thread> threads;
        std::atomic<int> taken = 0;
        for (int i = 0; i < 5; ++i) {
            threads.emplace_back([&, i] {
                if (append(made, offset, std::to_string(10 + i))) ++taken;
            });
        }
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(taken.load(), 1);
    }
    EXPECT_EQ(pieces_kept(), 3U);
    std::vector<std::thread> threads;
    std::array<DocumentId, 4> ids;
    for (auto& id : ids) {
        threads.emplace_back([&] { id = uploads.finish(owner, made.id)->id; });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& id : ids) EXPECT_EQ(id, ids[0]);
    EXPECT_EQ(documents.list(owner, {})->items.size(), 1U);
    EXPECT_EQ(pieces_kept(), 0U);
}

TEST_F(UploadSessionsTest, What_is_wrong_is_said_at_the_beginning_where_it_can_be) {
    EXPECT_EQ(code(uploads.create(owner, 3, {})), "validation_failed");
    EXPECT_EQ(code(create(3, {{"filename", "b.txt"}})), "validation_failed");
    EXPECT_EQ(code(create(3, {{"colour", "red"}})), "validation_failed");
    EXPECT_EQ(code(create(3, {{"room_id", "7"}})), "validation_failed");
    EXPECT_EQ(code(create(3, {{"permanent", "true"}})), "permanent_storage_unavailable");
    EXPECT_EQ(code(create(0)), "file_empty");
    EXPECT_EQ(code(create(1'000'001)), "file_too_large");
    EXPECT_TRUE(uploads.list(owner)->items.empty());
    const auto picture = uploads.create(owner, 9, {{"filename", "a.gif"}}).value();
    ASSERT_TRUE(append(picture, 0, "GIF89a\x01\x02\xff"));
    EXPECT_EQ(uploads.finish(owner, picture.id).error().code, "unsupported_file");
    EXPECT_EQ(uploads.find(owner, picture.id)->offset_bytes, 9) << "it is as before";
    ASSERT_TRUE(uploads.remove(owner, picture.id));
    EXPECT_EQ(pieces_kept(), 0U);
}

TEST_F(UploadSessionsTest, The_unfinished_ones_of_a_person_are_few_and_expire) {
    std::vector<std::thread> threads;
    std::atomic<int> made = 0;
    for (int i = 0; i < 12; ++i) {
        threads.emplace_back([&] {
            const auto upload = create(3);
            if (upload) ++made;
            EXPECT_EQ(upload ? "too_many_uploads" : upload.error().code, "too_many_uploads");
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(made.load(), UploadSessions::open_max);
    const auto listed = uploads.list(owner)->items;
    ASSERT_EQ(listed.size(), 8U);
    ASSERT_TRUE(append(listed[0], 0, "abc"));
    ASSERT_TRUE(append(listed[1], 0, "abc"));
    ASSERT_TRUE(uploads.finish(owner, listed[0].id));
    EXPECT_EQ(code(create(3)), "ok") << "a finished one takes up no room";
    age(listed[1]);
    EXPECT_EQ(code(uploads.find(owner, listed[1].id)), "upload_not_found");
    EXPECT_EQ(code(append(listed[1], 3, "x")), "upload_not_found");
    EXPECT_EQ(pieces_kept(), 1U);
    EXPECT_EQ(uploads.remove_expired(), 1U);
    EXPECT_EQ(pieces_kept(), 0U);
}

}  // namespace
}  // namespace stoa::documents
