// SPDX-License-Identifier: Apache-2.0
// What the tests of this module share: a library over a real PostgreSQL, without Redis (nothing may
// need it), with an encoder that knows words only. One thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "crypto/hash.hpp"
#include "documents/documents.hpp"
#include "documents/ingestion.hpp"
#include "documents/retrieval.hpp"
#include "support/private_postgres.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace stoa::documents {

/// Texts with the same words are near each other. `before_encoding` may fail in its place.
class WordEncoder final : public embedding::Encoder {
  public:
    std::function<Result<void>()> before_encoding;

    Result<std::vector<embedding::Embedding>> encode_beside(
        std::span<const std::string_view> texts, const std::function<void()>& meanwhile) override {
        if (meanwhile) meanwhile();
        if (before_encoding) {
            if (auto allowed = before_encoding(); !allowed) return fail(allowed);
        }
        std::vector<embedding::Embedding> embeddings;
        for (const auto text : texts) embeddings.push_back(encode_one(text));
        return embeddings;
    }

  private:
    static embedding::Embedding encode_one(std::string_view text) {
        embedding::Embedding embedding{};
        embedding[0] = 0.01F;
        std::string word;
        for (const char c : std::string(text) + " ") {
            if (std::isalnum(static_cast<unsigned char>(c))) {
                word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
            } else if (!word.empty()) {
                embedding[std::hash<std::string>()(word) % embedding::dimensions] += 1;
                word.clear();
            }
        }
        float square = 0;
        for (const float x : embedding) square += x * x;
        for (float& x : embedding) x /= std::sqrt(square);
        return embedding;
    }
};

class FakeRun final : public jobs::Run {
  public:
    explicit FakeRun(const DocumentId& document, int version = 1)
        : FakeRun(ingestion_job(document, version)) {}
    explicit FakeRun(const jobs::NewJob& job) : arguments_(job.arguments_json) {}

    [[nodiscard]] JobId id() const override { return id_; }
    [[nodiscard]] const std::string& arguments_json() const override { return arguments_; }
    [[nodiscard]] int attempt() const override { return 1; }
    [[nodiscard]] bool is_last_attempt() const override { return false; }
    [[nodiscard]] bool still_ours() const override { return is_ours && ours_for-- > 0; }
    Result<void> set_result(std::string /*result_json*/) override { return {}; }
    Result<void> acknowledge(postgres::Session& /*session*/) override {
        ++acknowledged;
        return {};
    }

    bool is_ours = true;
    mutable int ours_for = 1'000'000;  ///< so many times it says so
    int acknowledged = 0;

  private:
    JobId id_ = JobId::make();
    std::string arguments_;
};

class LibraryTest : public ::testing::Test {
  protected:
    UserId new_user() {
        const auto id = UserId::make();
        const postgres::Query insert{"test.user", "INSERT INTO users (id, name) VALUES ($1, 'x')"};
        EXPECT_TRUE(database.run(insert, id));
        return id;
    }
    RoomId new_room(const UserId& owner) {
        rooms::NewRoom wanted;
        wanted.name.value = "Room";
        const auto room = rooms.create(owner, wanted);
        EXPECT_TRUE(room);
        return room->id;
    }
    /// As the HTTP server hands it over.
    Upload spool(const std::string& text, const std::string& name = "notes.txt") {
        Upload upload;
        upload.file.name = "file";
        upload.file.file_name = name;
        upload.file.file =
            std::make_shared<UnnamedFile>(UnnamedFile::make(directory.path()).value());
        EXPECT_TRUE(upload.file.file->append(text));
        upload.file.file_bytes = text.size();
        upload.file.file_sha256_hex = crypto::to_hex(crypto::sha256(text));
        return upload;
    }
    DocumentId upload(const UserId& owner, const std::string& text,
                      std::optional<RoomId> room = std::nullopt) {
        auto form = spool(text);
        form.room_id = room;
        form.allow_duplicate = true;
        const auto document = documents.upload(owner, form);
        EXPECT_TRUE(document) << document.error().message;
        return document ? document->id : DocumentId{};
    }
    Result<void> ingest(const DocumentId& document, int version = 1) {
        FakeRun run(document, version);
        return ingestion.run(run);
    }
    DocumentId upload_and_ingest(const UserId& owner, const std::string& text,
                                 std::optional<RoomId> room = std::nullopt) {
        const auto document = upload(owner, text, room);
        EXPECT_TRUE(ingest(document));
        return document;
    }
    /// Where a document's file lies.
    std::filesystem::path file_of(const DocumentId& document) {
        const postgres::Query find{"test.file",
                                   "SELECT storage_key::uuid FROM pdf_uploads WHERE id = $1"};
        return file_of(*database.one<RowId>(find, document));
    }
    std::filesystem::path file_of(const RowId& file) {
        return std::filesystem::path(directory.path()) / "documents" / file.str();
    }
    /// "page|ordinal|begin|end" of each chunk.
    std::vector<std::string> chunks_of(const DocumentId& document) {
        const postgres::Query list{
            "test.chunks",
            "SELECT concat_ws('|', page, ordinal, text_begin, text_end) FROM document_chunks "
            "WHERE document_id = $1 ORDER BY ordinal"};
        return *database.list<std::string>(list, document);
    }
    std::vector<std::string> events_of(const RoomId& room) {
        const postgres::Query list{
            "test.events",
            "SELECT concat_ws(' ', type, payload -> 'data' ->> 'status', payload ->> 'status') "
            "FROM room_events WHERE room_id = $1 AND type LIKE 'document%' ORDER BY seq"};
        return *database.list<std::string>(list, room);
    }

    testing::TestDatabase place;
    testing::PrivateDirectory directory{"documents"};
    Metrics metrics;
    postgres::Database database{place.options(), metrics};
    redis::Client redis{{.url = "unix:///nowhere/redis"}, metrics};
    jobs::Queue queue{database, redis};
    accounts::MasterKeys master_keys{database, {crypto::SecretKey{}}};
    accounts::SubjectKeys keys{database, master_keys};
    rooms::RoomEvents room_events{database, redis, keys};
    rooms::Rooms rooms{database, room_events};
    Documents documents{database, queue, rooms, keys, directory.path()};
    WordEncoder encoder;
    extraction::Extractor extractor{STOA_EXTRACT, {}};
    Ingestion ingestion{database, queue, room_events, extractor, encoder, keys, directory.path()};
    Retrieval retrieval{database, encoder, keys};
};

/// A text of many pages; each sentence stands once.
inline std::string long_text(int sentences) {
    std::string text;
    for (int i = 0; i < sentences; ++i) {
        text += "Sentence number " + std::to_string(i) +
                " speaks of nothing in particular but is long enough to fill a line or so.\n\n";
    }
    return text;
}

}  // namespace stoa::documents
