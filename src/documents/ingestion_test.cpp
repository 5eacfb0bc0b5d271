// SPDX-License-Identifier: Apache-2.0
#include "documents/ingestion.hpp"

#include "documents/library_fixture.hpp"

namespace stoa::documents {
namespace {

using IngestionTest = LibraryTest;
using List = std::vector<std::string>;

TEST_F(IngestionTest, A_document_becomes_ready_and_its_room_hears_of_it) {
    const auto owner = new_user();
    const auto room = new_room(owner);
    const auto id = upload(owner, long_text(300), room);
    const auto before = documents.access_document(owner, id);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->document.status, Status::queued);
    EXPECT_EQ(before->document.title, "notes");
    FakeRun run(id);
    ASSERT_TRUE(ingestion.run(run));
    EXPECT_EQ(run.acknowledged, 1);
    const auto after = documents.access_document(owner, id)->document;
    EXPECT_EQ(after.status, Status::ready);
    EXPECT_DOUBLE_EQ(after.progress, 1);
    EXPECT_GT(*after.page_count, 5);
    EXPECT_FALSE(chunks_of(id).empty());
    EXPECT_EQ(events_of(room),
              (List{"document_shared", "document_status processing", "document_status ready"}));
    const auto page = documents.page(owner, id, 2);
    ASSERT_TRUE(page);
    EXPECT_NE(page->text.find("Sentence number"), std::string::npos);
    EXPECT_EQ(documents.page(owner, id, *after.page_count + 1).error().code, "page_not_found");
    // Told again, it does nothing.
    FakeRun again(id);
    ASSERT_TRUE(ingestion.run(again));
    EXPECT_EQ(again.acknowledged, 1);
    EXPECT_EQ(events_of(room).size(), 3U);
}

TEST_F(IngestionTest, A_run_that_ends_anywhere_is_continued_without_doubles) {
    const auto owner = new_user();
    const auto text = long_text(600);
    const auto undisturbed = upload_and_ingest(owner, text);
    const auto expected = chunks_of(undisturbed);
    ASSERT_GT(expected.size(), 40U);
    const auto disturbed = upload(owner, text);
    int encodings = 0;
    int runs = 0;
    for (int allowed = 0; allowed < 50; ++allowed, ++runs) {
        encodings = 0;
        encoder.before_encoding = [&]() -> Result<void> {
            if (encodings++ < allowed % 2) return {};
            return unavailable("encoder_busy", "Not now.");
        };
        const auto run = ingest(disturbed);
        if (run) break;
        EXPECT_EQ(run.error().kind, ErrorKind::unavailable);
    }
    EXPECT_GT(runs, 2);
    encoder.before_encoding = {};
    ASSERT_TRUE(ingest(disturbed));
    EXPECT_EQ(chunks_of(disturbed), expected);
    EXPECT_EQ(documents.access_document(owner, disturbed)->document.status, Status::ready);
}

TEST_F(IngestionTest, A_run_that_was_overtaken_writes_nothing_more) {
    const auto owner = new_user();
    const auto text = long_text(300);
    const auto expected = chunks_of(upload_and_ingest(owner, text));
    const auto id = upload(owner, text);
    bool has_overtaken = false;
    encoder.before_encoding = [&]() -> Result<void> {
        if (std::exchange(has_overtaken, true)) return {};
        EXPECT_TRUE(ingest(id));
        return {};
    };
    const auto overtaken = ingest(id);
    ASSERT_FALSE(overtaken);
    EXPECT_EQ(overtaken.error().code, "ingestion_taken_over");
    EXPECT_EQ(chunks_of(id), expected);
    EXPECT_EQ(documents.access_document(owner, id)->document.status, Status::ready);
}

TEST_F(IngestionTest, A_worker_that_stops_keeps_what_is_done) {
    const auto owner = new_user();
    const auto id = upload(owner, long_text(300));
    FakeRun run(id);
    run.is_ours = false;
    EXPECT_EQ(ingestion.run(run).error().code, "job_stopping");
    EXPECT_EQ(run.acknowledged, 0);
    EXPECT_EQ(documents.access_document(owner, id)->document.status, Status::processing);
}

TEST_F(IngestionTest, A_document_deleted_on_the_way_ends_the_job) {
    const auto owner = new_user();
    const auto id = upload(owner, long_text(300));
    encoder.before_encoding = [&]() -> Result<void> {
        (void)documents.remove(owner, id);
        return {};
    };
    EXPECT_EQ(ingest(id).error().code, "ingestion_taken_over");
    FakeRun next(id);
    EXPECT_TRUE(ingestion.run(next));
    EXPECT_EQ(next.acknowledged, 1);
    EXPECT_TRUE(chunks_of(id).empty());
}

TEST_F(IngestionTest, What_is_wrong_for_good_fails_the_document_and_says_why) {
    const auto owner = new_user();
    const auto room = new_room(owner);
    const auto id = upload(owner, " \n\n \n", room);
    FakeRun run(id);
    EXPECT_TRUE(ingestion.run(run));
    EXPECT_EQ(run.acknowledged, 1);
    const auto failed = documents.access_document(owner, id)->document;
    EXPECT_EQ(failed.status, Status::failed);
    EXPECT_EQ(failed.error_code, "no_text");
    EXPECT_FALSE(failed.error->empty());
    EXPECT_EQ(events_of(room).back(), "document_status failed");
}

TEST_F(IngestionTest, What_may_pass_is_tried_again_and_a_dead_job_fails_the_document) {
    const auto owner = new_user();
    auto form = spool("%PDF-1.7\nnot much of one");
    form.file.file_name = "a.pdf";
    const auto id = documents.upload(owner, form)->id;
    const extraction::Extractor absent{"/nowhere/stoa-extract", {}};
    Ingestion without(database, queue, room_events, absent, encoder, keys, directory.path());
    FakeRun attempt(id);
    const auto run = without.run(attempt);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(documents.access_document(owner, id)->document.status, Status::processing);
    const auto buried = database.transact([&](postgres::Session& session) {
        return ingestion.task().on_dead(session, ingestion_job(id, 1).arguments_json, run.error());
    });
    EXPECT_TRUE(buried);
    const auto failed = documents.access_document(owner, id)->document;
    EXPECT_EQ(failed.status, Status::failed);
    EXPECT_EQ(failed.error_code, run.error().code);
}

TEST_F(IngestionTest, A_revived_job_reads_a_failed_document_from_its_beginning) {
    const auto owner = new_user();
    const auto text = long_text(600);
    const auto expected = chunks_of(upload_and_ingest(owner, text));
    const auto id = upload(owner, text);
    int encodings = 0;
    encoder.before_encoding = [&]() -> Result<void> {
        if (encodings++ == 0) return {};
        return unavailable("encoder_busy", "Not now.");
    };
    const auto ended = ingest(id);
    ASSERT_FALSE(ended);
    EXPECT_FALSE(chunks_of(id).empty()) << "it had begun";
    ASSERT_TRUE(database.transact([&](postgres::Session& session) {
        return give_up_ingestion(session, ingestion_job(id, 1).arguments_json, ended.error());
    }));
    EXPECT_EQ(documents.access_document(owner, id)->document.status, Status::failed);
    encoder.before_encoding = {};
    ASSERT_TRUE(ingest(id));
    const auto document = documents.access_document(owner, id)->document;
    EXPECT_EQ(document.status, Status::ready);
    EXPECT_FALSE(document.error_code);
    EXPECT_EQ(chunks_of(id), expected);
}

TEST_F(IngestionTest, People_do_not_read_what_broke_inside) {
    const auto owner = new_user();
    const auto id = upload(owner, long_text(3));
    const Error error{ErrorKind::internal, "task_failed", "chunks.sql: secret", {}, {}};
    const auto buried = database.transact([&](postgres::Session& session) {
        return ingestion.task().on_dead(session, ingestion_job(id, 1).arguments_json, error);
    });
    EXPECT_TRUE(buried);
    const auto failed = documents.access_document(owner, id)->document;
    EXPECT_EQ(failed.error_code, "task_failed");
    EXPECT_EQ(failed.error->find("secret"), std::string::npos);
}

}  // namespace
}  // namespace stoa::documents
