// SPDX-License-Identifier: Apache-2.0
#include "postgres/database.hpp"

#include "postgres/commit_mark.hpp"
#include "support/private_postgres.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

using namespace std::chrono_literals;

class DatabaseTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(database_.run({"test.create", R"(CREATE TABLE accounts_of_test (
            name text CONSTRAINT one_a_name PRIMARY KEY, amount int NOT NULL))"}));
        ASSERT_TRUE(
            database_.run({"test.fill", "INSERT INTO accounts_of_test VALUES ('a', 1), ('b', 1)"}));
    }
    int amount_of(const char* name) {
        return *database_.one<int>(
            {"test.amount", "SELECT amount FROM accounts_of_test WHERE name = $1"}, name);
    }

    const Query add_{"test.add",
                     "UPDATE accounts_of_test SET amount = amount + $2 WHERE name = $1"};
    const Query sleep_{"test.sleep", "SELECT pg_sleep($1)::text", 0ms, true};
    testing::TestDatabase place_;
    Metrics metrics_;
    Database database_{place_.options(), metrics_};
};

TEST_F(DatabaseTest, A_value_commits_and_an_error_rolls_back) {
    EXPECT_TRUE(database_.transact([&](Session& session) -> Result<void> {
        if (auto done = session.run(add_, "a", 5); !done) return fail(done);
        return {};
    }));
    EXPECT_EQ(amount_of("a"), 6);
    const auto failed = database_.transact([&](Session& session) -> Result<void> {
        (void)session.run(add_, "a", 100);
        return fail(ErrorKind::conflict, "changed_my_mind", "no");
    });
    EXPECT_EQ(failed.error().code, "changed_my_mind");
    EXPECT_EQ(amount_of("a"), 6);
    EXPECT_THROW((void)database_.transact([&](Session& session) -> Result<void> {
        (void)session.run(add_, "a", 100);
        throw std::runtime_error("a bug");
    }),
                 std::runtime_error);
    EXPECT_EQ(amount_of("a"), 6);
}

class CommitMarkTest : public DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        ASSERT_TRUE(database_.run({"test.create_marks", "CREATE TABLE marks_of_test (name text)"}));
    }
    int marks() {
        const Query count{"test.marks", "SELECT count(*)::int FROM marks_of_test", 0ms, true};
        return *database_.one<int>(count);
    }
    Result<void> add_in_transaction() {
        return database_.transact([&](Session& session) -> Result<void> {
            if (auto done = session.run(add_, "a", 1); !done) return fail(done);
            return {};
        });
    }
    const Query mark_{"test.mark", "INSERT INTO marks_of_test VALUES ($1)"};
};

TEST_F(CommitMarkTest, Goes_along_with_the_first_change_that_is_committed) {
    const CommitMark mark(mark_, "first");
    EXPECT_EQ(marks(), 0) << "a read is no change";
    const Query twice{"test.twice", "INSERT INTO accounts_of_test VALUES ('a', 1)"};
    EXPECT_EQ(database_.run(twice).error().code, "unique_violation");
    EXPECT_EQ(marks(), 0) << "what failed takes the mark with it";
    const auto changed = database_.run(add_, "a", 1);
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->affected(), 1U);
    EXPECT_EQ(marks(), 1);
    ASSERT_TRUE(database_.run(add_, "a", 1));
    ASSERT_TRUE(add_in_transaction());
    EXPECT_EQ(marks(), 1);
    const CommitMark inner(mark_, "inner");
    ASSERT_TRUE(add_in_transaction());
    EXPECT_EQ(marks(), 2);
}

TEST_F(CommitMarkTest, Does_not_go_along_with_what_opens_a_connection_or_does_not_count) {
    Database fresh{place_.options(), metrics_};
    const CommitMark mark(mark_, "too early");
    const Query count{"test.marks", "SELECT count(*)::int FROM marks_of_test", 0ms, true};
    EXPECT_EQ(fresh.one<int>(count), 0);
    {
        const CommitMark::Pause pause;
        ASSERT_TRUE(fresh.run(add_, "a", 1));
        EXPECT_EQ(fresh.one<int>(count), 0);
    }
    EXPECT_FALSE(mark.may_be_committed());
    ASSERT_TRUE(fresh.run(add_, "a", 1));
    EXPECT_EQ(fresh.one<int>(count), 1);
    EXPECT_TRUE(mark.may_be_committed());
}

TEST_F(CommitMarkTest, Is_of_its_thread_and_its_scope) {
    {
        const CommitMark mark(mark_, "here");
        std::jthread([&] { EXPECT_TRUE(database_.run(add_, "a", 1)); }).join();
        EXPECT_EQ(marks(), 0);
    }
    ASSERT_TRUE(database_.run(add_, "a", 1));
    EXPECT_EQ(marks(), 0);
}

TEST_F(CommitMarkTest, Undoes_the_change_if_it_fails) {
    {
        const CommitMark mark(Query{"test.no_mark", "SELECT 1 / $1::int"}, 0);
        EXPECT_FALSE(database_.run(add_, "a", 1));
        EXPECT_FALSE(add_in_transaction());
    }
    EXPECT_EQ(amount_of("a"), 1);
}

TEST_F(DatabaseTest, A_transaction_whose_error_was_passed_over_is_no_success) {
    const auto done = database_.transact([&](Session& session) -> Result<void> {
        (void)session.run({"test.wrong", "SELECT 1 / 0"});
        return {};
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "database_error");
    EXPECT_TRUE(database_.transact([](Session&) -> Result<void> { return {}; }));
}

TEST_F(DatabaseTest, Failures_have_codes_and_never_quote_values) {
    const Query insert{"test.insert", "INSERT INTO accounts_of_test VALUES ($1, 1)"};
    const auto twice = database_.run(insert, "a");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, "unique_violation");
    EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
    EXPECT_NE(twice.error().message.find("one_a_name"), std::string::npos);

    const auto wrong = database_.run({"test.cast", "SELECT ($1::text)::int"}, "secret");
    EXPECT_EQ(wrong.error().code, "database_error");
    EXPECT_EQ(wrong.error().kind, ErrorKind::internal);
    EXPECT_EQ(wrong.error().message.find("secret"), std::string::npos);
    EXPECT_NE(wrong.error().message.find("test.cast"), std::string::npos);
    EXPECT_EQ(database_.one<int>({"test.none", "SELECT 1 WHERE false"}).error().code,
              "database_error");
    EXPECT_TRUE(database_.run({"test.syntax", "SELEKT"}).error().code == "database_error");
    EXPECT_NE(
        metrics_.expose().find("stoa_postgres_errors_total{code=\"unique_violation\",sqlstate_"
                               "class=\"23\"} 1"),
        std::string::npos);
}

TEST_F(DatabaseTest, Serialization_failures_are_repeated) {
    const Query serializable{"test.serializable", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"};
    const Query sum{"test.sum", "SELECT sum(amount)::int FROM accounts_of_test"};
    std::atomic<int> tries = 0;
    std::atomic<int> readers = 0;
    // Write skew: each reads both rows and writes one; the loser is told so and tries again.
    const auto move = [&](const char* name) {
        return database_.transact([&, name](Session& session) -> Result<void> {
            ++tries;
            if (auto set = session.run(serializable); !set) return fail(set);
            const auto total = session.one<int>(sum);
            if (!total) return fail(total);
            ++readers;
            testing::wait_until([&] { return readers >= 2; });
            if (auto done = session.run(add_, name, *total); !done) return fail(done);
            return {};
        });
    };
    auto first = std::async(std::launch::async, move, "a");
    const auto second = move("b");
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second);
    EXPECT_GE(tries, 3);
    EXPECT_EQ(amount_of("a") + amount_of("b"), 2 + 2 + 4);
}

TEST_F(DatabaseTest, Deadlocks_are_repeated) {
    std::atomic<int> tries = 0;
    std::atomic<int> holders = 0;
    const auto move = [&](const char* from, const char* to) {
        return database_.transact([&, from, to](Session& session) -> Result<void> {
            ++tries;
            if (auto done = session.run(add_, from, -1); !done) return fail(done);
            ++holders;
            testing::wait_until([&] { return holders >= 2; });
            if (auto done = session.run(add_, to, 1); !done) return fail(done);
            return {};
        });
    };
    auto first = std::async(std::launch::async, move, "a", "b");
    const auto second = move("b", "a");
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second);
    EXPECT_EQ(tries, 3) << "the server ends one of the two, which begins again";
    EXPECT_EQ(amount_of("a"), 1);
    EXPECT_EQ(amount_of("b"), 1);
}

TEST_F(DatabaseTest, A_full_pool_says_so_in_time) {
    auto options = place_.options(2);
    options.wait_max = 50ms;
    Database small(options, metrics_);
    const auto result = small.transact([&](Session&) -> Result<void> {
        return small.transact([&](Session&) -> Result<void> {
            EXPECT_NE(metrics_.expose().find("stoa_postgres_connections{state=\"used\"} 2"),
                      std::string::npos);
            auto third = small.run(sleep_, 0.0);
            if (!third) return fail(third);
            return {};
        });
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "database_busy");
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(small.run(sleep_, 0.0));
}

TEST_F(DatabaseTest, Many_threads_share_few_connections) {
    std::vector<std::jthread> threads;
    std::atomic<int> done = 0;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n) done += database_.run(add_, "a", 1).has_value() ? 1 : 0;
        });
    threads.clear();
    EXPECT_EQ(done, 320);
    EXPECT_EQ(amount_of("a"), 321);
}

TEST_F(DatabaseTest, A_statement_has_a_time_limit) {
    auto options = place_.options();
    options.statement_timeout = 50ms;
    Database hasty(options, metrics_);
    const auto slow = hasty.run(sleep_, 60.0);
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, "statement_timeout");
    EXPECT_EQ(slow.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(hasty.run(sleep_, 0.0));
}

TEST_F(DatabaseTest, Copy_takes_many_rows_or_none) {
    ASSERT_TRUE(database_.run({"test.chunks", R"(CREATE TABLE chunks_of_test
        (id uuid, n int, body text, about jsonb, direction vector(4), missing text))"}));
    const Query copy{"test.copy", "COPY chunks_of_test FROM STDIN (FORMAT binary)"};
    std::int32_t row = 0;
    const auto fill = [&](Parameters& fields) {
        if (row == 3'000) return false;
        fields.add(RowId::make());
        fields.add(row++);
        fields.add("body " + std::string(100, 'x'));
        fields.add(json::Raw{R"({"page": 1})"});
        fields.add(std::vector<float>{1, 2, 3, static_cast<float>(row)});
        fields.add(nullptr);
        return true;
    };
    const auto copied =
        database_.transact([&](Session& session) { return session.copy_in(copy, 6, fill); });
    ASSERT_TRUE(copied) << copied.error().message;
    const Query count{"test.count", R"(SELECT count(*) FROM chunks_of_test
        WHERE about->>'page' = '1' AND missing IS NULL AND direction <-> '[1,2,3,4]' >= 0)"};
    EXPECT_EQ(*database_.one<std::int64_t>(count), 3'000);

    const auto short_row = database_.transact([&](Session& session) {
        return session.copy_in(copy, 6, [](Parameters& fields) {
            fields.add(1);
            return true;
        });
    });
    EXPECT_EQ(short_row.error().code, "database_error");
    EXPECT_EQ(*database_.one<std::int64_t>(count), 3'000);
    EXPECT_THROW((void)database_.transact([&](Session& session) {
        return session.copy_in(copy, 6,
                               [](Parameters&) -> bool { throw std::runtime_error("bug"); });
    }),
                 std::runtime_error);
    EXPECT_EQ(*database_.one<std::int64_t>(count), 3'000);
}

TEST_F(DatabaseTest, The_schema_is_part_of_being_ready) {
    EXPECT_TRUE(database_.ping());
    ASSERT_TRUE(
        database_.run({"test.newer", R"(INSERT INTO schema_migrations (version, name, sha256)
        VALUES (9999, 'from the future', ''))"}));
    EXPECT_EQ(database_.ping().error().code, "schema_newer");
}

TEST_F(DatabaseTest, A_server_that_died_between_statements_is_not_noticed) {
    auto& server = testing::PrivatePostgres::shared();
    EXPECT_EQ(amount_of("a"), 1);
    server.kill_hard();
    server.start();
    EXPECT_EQ(amount_of("a"), 1);
}

TEST_F(DatabaseTest, A_server_that_is_away_is_said_to_be_and_comes_back) {
    auto& server = testing::PrivatePostgres::shared();
    server.kill_hard();
    const auto away = database_.run(add_, "a", 1);
    const auto not_ready = database_.ping();
    server.start();
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().code, "database_unavailable");
    EXPECT_EQ(away.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(away.error().retry_after, 1s);
    EXPECT_EQ(away.error().message.find("host"), std::string::npos) << "not for the public";
    EXPECT_EQ(not_ready.error().code, "database_unavailable");
    EXPECT_EQ(amount_of("a"), 1);
    EXPECT_TRUE(database_.ping());
}

TEST_F(DatabaseTest, A_server_that_dies_under_a_statement_or_transaction) {
    auto& server = testing::PrivatePostgres::shared();
    auto running = std::async(std::launch::async, [&] { return database_.run(sleep_, 60.0); });
    const Query sleepers{"test.sleepers", R"(SELECT count(*) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(%' AND state = 'active' AND pid <> pg_backend_pid())"};
    ASSERT_TRUE(testing::wait_until([&] { return *database_.one<std::int64_t>(sleepers) == 1; }));
    const auto torn = database_.transact([&](Session& session) -> Result<void> {
        if (auto done = session.run(add_, "a", 100); !done) return fail(done);
        server.kill_hard();
        return {};
    });
    const auto slept = running.get();
    server.start();
    EXPECT_EQ(slept.error().code, "database_unavailable");
    EXPECT_EQ(torn.error().code, "database_unavailable") << "COMMIT was never sent";
    EXPECT_EQ(amount_of("a"), 1);
}

TEST_F(DatabaseTest, A_commit_that_was_not_answered_is_unknown) {
    // A deferred trigger runs inside COMMIT: there the server ends this connection.
    ASSERT_TRUE(database_.run({"test.function", R"(CREATE FUNCTION die() RETURNS trigger
        LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END')"}));
    ASSERT_TRUE(database_.run({"test.trigger", R"(CREATE CONSTRAINT TRIGGER dies
        AFTER UPDATE ON accounts_of_test DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die())"}));
    int tries = 0;
    const auto unknown = database_.transact([&](Session& session) -> Result<void> {
        ++tries;
        if (auto done = session.run(add_, "a", 100); !done) return fail(done);
        return {};
    });
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, "commit_unknown");
    EXPECT_EQ(unknown.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(tries, 1);
    EXPECT_EQ(amount_of("a"), 1);
}

TEST_F(DatabaseTest, An_address_without_a_server_gives_up_in_time) {
    Options options;
    options.conninfo = "host=/nowhere dbname=x";
    Database nowhere(options, metrics_);
    EXPECT_EQ(nowhere.run(sleep_, 0.0).error().code, "database_unavailable");
    options.conninfo = "this is no conninfo";
    Database nonsense(options, metrics_);
    EXPECT_EQ(nonsense.run(sleep_, 0.0).error().code, "database_unavailable");
}

}  // namespace
}  // namespace stoa::postgres
