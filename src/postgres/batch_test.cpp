// SPDX-License-Identifier: Apache-2.0
#include "postgres/batch.hpp"

#include "postgres/database.hpp"
#include "support/private_postgres.hpp"

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

using namespace std::chrono_literals;

class BatchTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(database_.run({"test.create", R"(CREATE TABLE things (n int PRIMARY KEY,
            of int REFERENCES things DEFERRABLE INITIALLY DEFERRED))"}));
    }
    std::int64_t count() {
        return *database_.one<std::int64_t>({"test.count", "SELECT count(*) FROM things"});
    }
    /// In force where the query runs.
    const Query hasty_limit_{"test.hasty", "SELECT current_setting('statement_timeout')", 2s};
    const Query limit_{"test.limit", "SELECT current_setting('statement_timeout')"};
    const Query insert_{"test.insert",
                        "INSERT INTO things (n) VALUES ($1) RETURNING n * 10 AS ten"};
    const Query dangling_{"test.dangling", "INSERT INTO things VALUES ($1, 99)"};
    testing::TestDatabase place_;
    Metrics metrics_;
    Database database_{place_.options(2), metrics_};
};

TEST_F(BatchTest, Each_call_has_its_rows_and_sees_what_came_before) {
    Batch batch;
    batch.add(insert_, 1);
    batch.add(insert_, 2);
    batch.add({"test.list", "SELECT n FROM things ORDER BY n"});
    batch.add(limit_);
    for (int round = 0; round < 2; ++round) {  // prepared, and prepared before
        const auto rows = database_.run(batch);
        ASSERT_TRUE(rows) << rows.error().message;
        ASSERT_EQ(rows->size(), 4U);
        EXPECT_EQ(*first_as<int>((*rows)[1]), 20);
        EXPECT_EQ((*rows)[2].all<int>(), (std::vector<int>{1, 2}));
        EXPECT_EQ(*only_as<std::string>(limit_, (*rows)[3]), "15s");
        ASSERT_TRUE(database_.run({"test.clear", "DELETE FROM things"}));
    }
    EXPECT_TRUE(database_.run(Batch{})->empty());
}

TEST_F(BatchTest, A_batch_is_done_whole_or_not_at_all) {
    Batch batch;
    batch.add(insert_, 1);
    batch.add(insert_, 1);
    batch.add(insert_, 2);
    const auto twice = database_.run(batch);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, "unique_violation");
    EXPECT_EQ(count(), 0);
}

TEST_F(BatchTest, What_fails_only_at_the_commit_fails_the_statement) {
    for (int round = 0; round < 2; ++round) {
        const auto dangling = database_.run(dangling_, 1);
        ASSERT_FALSE(dangling);
        EXPECT_EQ(dangling.error().code, "foreign_key_violation");
    }
    EXPECT_EQ(count(), 0);
}

TEST_F(BatchTest, A_statement_planned_anew_is_kept_nowhere) {
    const Query found{"test.found", "SELECT count(*) FROM things WHERE n <= $1", {}, true, true};
    const Query rest{"test.rest", "SELECT count(*) FROM things WHERE n > $1", {}, true, true};
    for (int n = 1; n <= 3; ++n) ASSERT_TRUE(database_.run(insert_, n));
    for (int round = 0; round < 2; ++round) {
        Batch batch;
        batch.add(found, 1);
        batch.add(limit_);
        batch.add(found, 2);
        batch.add(rest, 1);
        batch.add(found, 3);
        const auto rows = database_.run(batch);
        ASSERT_TRUE(rows) << rows.error().message;
        EXPECT_EQ((*rows)[0][0].as<std::int64_t>(), 1);
        EXPECT_EQ((*rows)[2][0].as<std::int64_t>(), 2);
        EXPECT_EQ((*rows)[3][0].as<std::int64_t>(), 2);
        EXPECT_EQ((*rows)[4][0].as<std::int64_t>(), 3);
        EXPECT_EQ(*database_.one<std::int64_t>(rest, 2), 1);
    }
    const Query kept{"test.kept",
                     "SELECT count(*) FROM pg_prepared_statements WHERE statement = $1"};
    EXPECT_EQ(*database_.one<std::int64_t>(kept, found.text), 0);
    EXPECT_EQ(*database_.one<std::int64_t>(kept, limit_.text), 1);
}

TEST_F(BatchTest, A_statement_has_its_own_time_limit_and_leaves_none_behind) {
    EXPECT_EQ(*database_.one<std::string>(limit_), "15s");
    EXPECT_EQ(*database_.one<std::string>(hasty_limit_), "2s");
    EXPECT_EQ(*database_.one<std::string>(limit_), "15s");
    const auto done = database_.transact([&](Session& session) -> Result<void> {
        EXPECT_EQ(*session.one<std::string>(hasty_limit_), "2s");
        EXPECT_EQ(*session.one<std::string>(hasty_limit_), "2s");
        EXPECT_EQ(*session.one<std::string>(limit_), "15s");
        EXPECT_EQ(*session.one<std::string>(hasty_limit_), "2s");
        return fail(ErrorKind::conflict, "changed_my_mind", "no");
    });
    EXPECT_EQ(done.error().code, "changed_my_mind");
    EXPECT_EQ(*database_.one<std::string>(limit_), "15s");

    const auto slow = database_.run({"test.slow", "SELECT pg_sleep(60)::text", 50ms, true});
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, "statement_timeout");
    EXPECT_NE(slow.error().message.find("test.slow"), std::string::npos);
    EXPECT_EQ(*database_.one<std::string>(limit_), "15s");
}

TEST_F(BatchTest, A_patient_statement_may_take_longer_than_the_default) {
    auto options = place_.options(1);
    options.statement_timeout = 50ms;
    Database hasty(options, metrics_);
    EXPECT_TRUE(hasty.run({"test.patient", "SELECT pg_sleep(0.2)::text", 30s, true}));
    EXPECT_FALSE(hasty.run({"test.impatient", "SELECT pg_sleep(60)::text", 0s, true}));
}

TEST_F(BatchTest, A_deferred_statement_travels_with_the_next_or_with_the_commit) {
    ASSERT_TRUE(database_.transact([&](Session& session) -> Result<void> {
        session.defer(insert_, 1);
        EXPECT_EQ(*session.one<int>(insert_, 2), 20) << "the rows of its own";
        session.defer(insert_, 3);
        return {};
    }));
    EXPECT_EQ(count(), 3);
    ASSERT_TRUE(database_.transact([&](Session& session) -> Result<void> {
        session.defer(insert_, 4);
        return {};
    }));
    EXPECT_EQ(count(), 4);
    const auto again = database_.transact([&](Session& session) -> Result<void> {
        session.defer(insert_, 5);
        session.defer(insert_, 4);
        return {};
    });
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "unique_violation");
    EXPECT_EQ(count(), 4);
    const auto undone = database_.transact([&](Session& session) -> Result<void> {
        session.defer(insert_, 6);
        return fail(ErrorKind::conflict, "changed_my_mind", "no");
    });
    EXPECT_EQ(undone.error().code, "changed_my_mind");
    EXPECT_EQ(count(), 4);
}

TEST_F(BatchTest, A_deferred_statement_comes_before_a_copy) {
    std::int32_t next = 1;
    const auto done = database_.transact([&](Session& session) -> Result<void> {
        EXPECT_EQ(*session.one<std::string>(hasty_limit_), "2s");
        session.defer({"test.late", "DELETE FROM things"});
        return session.copy_in({"test.copy", "COPY things (n) FROM STDIN (FORMAT binary)"}, 1,
                               [&](Parameters& fields) {
                                   if (next > 3) return false;
                                   fields.add(next++);
                                   return true;
                               });
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(count(), 3);
}

TEST_F(BatchTest, A_nul_stops_the_whole_batch_and_a_huge_one_is_a_bug) {
    Batch batch;
    batch.add(insert_, 1);
    batch.add({"test.text", "SELECT $1::text"}, std::string("a\0b", 3));
    EXPECT_EQ(database_.run(batch).error().code, "invalid_text");
    EXPECT_EQ(count(), 0);
    Batch huge;
    for (int i = 0; i < 101; ++i) huge.add(insert_, i);
    EXPECT_THROW((void)database_.run(huge), std::logic_error);
}

}  // namespace
}  // namespace stoa::postgres
