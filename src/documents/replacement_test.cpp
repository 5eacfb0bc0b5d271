// SPDX-License-Identifier: Apache-2.0
#include "documents/library_fixture.hpp"

#include <thread>

namespace stoa::documents {
namespace {

namespace fs = std::filesystem;
using List = std::vector<std::string>;

class ReplacementTest : public LibraryTest {
  protected:
    Result<Document> replace(const UserId& user, const DocumentId& document,
                             const std::string& text, const std::string& name = "new.txt") {
        return documents.replace(user, document, spool(text, name).file);
    }
    std::size_t files_kept() {
        const fs::directory_iterator all(fs::path(directory.path()) / "documents");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    std::size_t passages(const std::string& about) {
        return retrieval.search({owner, id, std::nullopt}, about, 5)->size();
    }
    std::string content(const Granted& granted) {
        const auto source = documents.open_original(granted);
        return source ? (*source)->read(0).value() : std::string(source.error().code);
    }
    Document now() { return documents.access_document(owner, id)->document; }

    const UserId owner = new_user();
    const DocumentId id = upload_and_ingest(owner, "The whale sings under the ice.");
};

TEST_F(ReplacementTest, Nothing_of_the_old_version_is_found_from_then_on) {
    const auto room = new_room(owner);
    ASSERT_TRUE(documents.share(owner, {id, room, {}, Permission::read, {}}));
    ASSERT_EQ(passages("whale"), 1U);
    const auto before = documents.access_document(owner, id).value();
    const auto replaced = replace(owner, id, "# Bread\n\nIt rises by yeast.", "../b\x01read.md");
    ASSERT_TRUE(replaced) << replaced.error().message;
    EXPECT_EQ(replaced->id, id);
    EXPECT_EQ(replaced->version, 2);
    EXPECT_EQ(replaced->status, Status::queued);
    EXPECT_EQ(replaced->title, "notes");
    EXPECT_EQ(replaced->file_name, "bread.md");
    EXPECT_EQ(replaced->mime_type, "text/markdown");
    EXPECT_EQ(replaced->file_size_bytes, 27);
    EXPECT_FALSE(replaced->page_count);
    EXPECT_EQ(passages("whale"), 0U);
    EXPECT_TRUE(chunks_of(id).empty());
    EXPECT_EQ(documents.page(owner, id, 1).error().code, "page_not_found");
    EXPECT_EQ(documents.permissions(owner, id)->items.size(), 1U);

    ASSERT_TRUE(ingest(id, 2));
    EXPECT_EQ(now().status, Status::ready);
    EXPECT_EQ(passages("bread"), 1U);
    EXPECT_EQ(retrieval.search({owner, id, std::nullopt}, "bread", 5)->front().version, 2);
    const auto after = documents.access_document(owner, id).value();
    EXPECT_NE(after.original.file, before.original.file);
    EXPECT_EQ(content(after), "# Bread\n\nIt rises by yeast.");
    EXPECT_EQ(files_kept(), 1U) << "the old file is gone once the new one can be read";
    EXPECT_EQ(documents.access_version(owner, id, 1).error().code, "version_not_found");
    EXPECT_EQ(events_of(room), (List{"document_shared", "document_status queued",
                                     "document_status processing", "document_status ready"}));
}

TEST_F(ReplacementTest, A_broken_file_takes_nothing_away) {
    const auto writer = new_user(), reader = new_user();
    ASSERT_TRUE(documents.share(owner, {id, {}, writer, Permission::write, {}}));
    ASSERT_TRUE(documents.share(owner, {id, {}, reader, Permission::read, {}}));
    EXPECT_EQ(replace(reader, id, "Mine.").error().code, "permission_too_low");
    ASSERT_TRUE(replace(writer, id, " \n\n "));
    ASSERT_TRUE(ingest(id, 2));
    EXPECT_EQ(now().status, Status::failed);
    EXPECT_EQ(now().error_code, "no_text");
    EXPECT_EQ(passages("whale"), 0U) << "what was replaced answers no more";
    const auto kept = documents.access_version(writer, id, 1);
    ASSERT_TRUE(kept);
    EXPECT_EQ(content(*kept), "The whale sings under the ice.");
    EXPECT_EQ(kept->document.file_name, "notes.txt");
    EXPECT_EQ(documents.access_version(reader, id, 1).error().code, "permission_too_low");
    EXPECT_EQ(documents.access_version(new_user(), id, 1).error().code, "document_not_found");
    EXPECT_EQ(documents.access_version(writer, id, 3).error().code, "version_not_found");
    EXPECT_TRUE(documents.access_version(reader, id, 2)) << "that one stands";

    // Another broken one: the one that could be read is kept, not the one that could not.
    ASSERT_TRUE(replace(writer, id, "\n\n\n"));
    EXPECT_EQ(files_kept(), 2U);
    ASSERT_TRUE(ingest(id, 3));
    EXPECT_EQ(content(documents.access_version(writer, id, 1).value()),
              "The whale sings under the ice.");
    ASSERT_TRUE(replace(writer, id, "The whale sings again."));
    ASSERT_TRUE(ingest(id, 4));
    EXPECT_EQ(passages("whale"), 1U);
    EXPECT_EQ(files_kept(), 1U);
}

TEST_F(ReplacementTest, What_is_refused_changes_nothing) {
    EXPECT_EQ(replace(owner, id, "").error().code, "file_empty");
    EXPECT_EQ(replace(owner, id, "GIF89a\x01\x02\xff", "a.gif").error().code, "unsupported_file");
    EXPECT_EQ(replace(new_user(), id, "text").error().code, "document_not_found");
    EXPECT_EQ(replace(owner, DocumentId::make(), "text").error().code, "document_not_found");
    EXPECT_EQ(now().version, 1);
    EXPECT_EQ(passages("whale"), 1U);
    EXPECT_EQ(files_kept(), 1U);
}

TEST_F(ReplacementTest, A_run_over_the_old_version_neither_writes_nor_fails_the_new_one) {
    const auto long_one = upload(owner, long_text(300));
    encoder.before_encoding = [&]() -> Result<void> {
        encoder.before_encoding = {};
        EXPECT_TRUE(replace(owner, long_one, "Short now."));
        return {};
    };
    EXPECT_EQ(ingest(long_one).error().code, "ingestion_taken_over");
    EXPECT_TRUE(chunks_of(long_one).empty());
    const auto buried = database.transact([&](postgres::Session& session) {
        return ingestion.task().on_dead(session, ingestion_job(long_one, 1).arguments_json,
                                        Error{ErrorKind::internal, "worker_lost", "…", {}, {}});
    });
    EXPECT_TRUE(buried);
    EXPECT_EQ(documents.access_document(owner, long_one)->document.status, Status::queued);
    FakeRun again(long_one, 1);
    ASSERT_TRUE(ingestion.run(again));
    EXPECT_EQ(again.acknowledged, 1);
    ASSERT_TRUE(ingest(long_one, 2));
    EXPECT_EQ(chunks_of(long_one).size(), 1U);
}

TEST_F(ReplacementTest, Each_version_has_a_job_though_the_one_before_is_unfinished) {
    ASSERT_TRUE(replace(owner, id, "One."));
    ASSERT_TRUE(replace(owner, id, "Two."));
    const postgres::Query list{"test.jobs",
                               "SELECT arguments ->> 'version' FROM jobs "
                               "WHERE arguments ->> 'document_id' = $1 ORDER BY id"};
    EXPECT_EQ(*database.list<std::string>(list, id.str()), (List{"1", "2", "3"}));
}

TEST_F(ReplacementTest, Of_many_at_once_the_last_one_stands_and_no_file_is_left_over) {
    std::vector<std::thread> threads;
    std::vector<int> versions(6);
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&, i] {
            const auto done = replace(owner, id, "Text " + std::to_string(i) + " of many.");
            versions[static_cast<std::size_t>(i)] = done ? done->version : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    std::sort(versions.begin(), versions.end());
    EXPECT_EQ(versions, (std::vector<int>{2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(files_kept(), 2U) << "the first version and the last";
    for (int version = 2; version <= 7; ++version) EXPECT_TRUE(ingest(id, version));
    EXPECT_EQ(now().status, Status::ready);
    EXPECT_EQ(now().version, 7);
    EXPECT_EQ(chunks_of(id).size(), 1U);
    EXPECT_EQ(files_kept(), 1U);
}

TEST_F(ReplacementTest, Deleting_meanwhile_leaves_no_file) {
    for (int round = 0; round < 8; ++round) {
        const auto other = upload_and_ingest(owner, "Some text that is short.");
        std::thread replacing([&] {
            const auto done = replace(owner, other, "Other text.");
            EXPECT_EQ(done ? "document_not_found" : done.error().code, "document_not_found");
        });
        EXPECT_TRUE(documents.remove(owner, other));
        replacing.join();
        EXPECT_EQ(documents.access_document(owner, other).error().code, "document_not_found");
        EXPECT_TRUE(ingest(other, 2));
        EXPECT_EQ(files_kept(), 1U);
    }
}

TEST_F(ReplacementTest, The_sweep_takes_what_a_crash_left_and_keeps_both_versions) {
    ASSERT_TRUE(replace(owner, id, "Bread rises by yeast."));
    const auto orphan = file_of(RowId::make());
    fs::copy_file(file_of(id), orphan);
    for (const auto& entry : fs::directory_iterator(orphan.parent_path())) {
        fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(2));
    }
    EXPECT_EQ(documents.sweep_orphans(), 1U);
    EXPECT_FALSE(fs::exists(orphan));
    EXPECT_EQ(files_kept(), 2U);
}

TEST_F(ReplacementTest, What_was_made_from_an_old_version_is_known) {
    EXPECT_TRUE(documents.locate(owner, {}, {}));
    EXPECT_TRUE(documents.locate(owner, {}, {{id, 1}}));
    EXPECT_EQ(documents.locate(owner, {}, {{id, 1}, {DocumentId::make(), 1}}).error().code,
              "document_not_found");
    EXPECT_EQ(documents.locate(new_user(), {}, {{id, 1}}).error().code, "document_not_found");
    ASSERT_TRUE(replace(owner, id, "Bread rises by yeast."));
    EXPECT_EQ(documents.locate(owner, {}, {{id, 1}}).error().code, "document_replaced");
    EXPECT_TRUE(documents.locate(owner, {}, {{id, 2}}));
}

}  // namespace
}  // namespace stoa::documents
