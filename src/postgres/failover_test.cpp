// SPDX-License-Identifier: Apache-2.0
// What a server does to those who use it: it dies, turns read-only, forgets, lets them wait.
#include "postgres/database.hpp"
#include "support/private_postgres.hpp"

#include <atomic>
#include <future>
#include <list>

#include <gtest/gtest.h>
#include <signal.h>

namespace stoa::postgres {
namespace {

using namespace std::chrono_literals;

class FailoverTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(database_.run({"test.create", "CREATE TABLE things (n int, name text)"}));
    }
    std::int64_t count() {
        return *database_.one<std::int64_t>({"test.count", "SELECT count(*) FROM things"});
    }
    /// Of the whole server, until its end or `reset`.
    void set(const std::string& parameter, const std::string& value) {
        ASSERT_TRUE(administrator_.run(
            {"test.alter", keep("ALTER SYSTEM SET " + parameter + " = '" + value + "'")}));
        reload(parameter, value);
    }
    void reset(const std::string& parameter, const std::string& value) {
        ASSERT_TRUE(administrator_.run({"test.reset", keep("ALTER SYSTEM RESET " + parameter)}));
        reload(parameter, value);
    }
    void reload(const std::string& parameter, const std::string& value) {
        ASSERT_TRUE(administrator_.run({"test.reload", "SELECT pg_reload_conf()"}));
        ASSERT_TRUE(testing::wait_until([&] {  // a new connection each time
            Database fresh(place_.options(1), metrics_);
            const auto now =
                fresh.one<std::string>({"test.show", "SELECT current_setting($1)"}, parameter);
            return now && *now == value;
        }));
    }
    bool has_metric(const std::string& line) {
        return metrics_.expose().find(line) != std::string::npos;
    }
    const std::string& keep(std::string text) { return kept_.emplace_back(std::move(text)); }

    const Query insert_{"test.insert", "INSERT INTO things (n) VALUES ($1)"};
    const Query backend_{"test.backend", "SELECT pg_backend_pid()", 0ms, true};
    const Query kill_{"test.kill", "SELECT pg_terminate_backend($1)"};
    std::list<std::string> kept_;
    testing::TestDatabase place_;
    Metrics metrics_;
    Database database_{place_.options(), metrics_};
    Database administrator_{place_.options(), metrics_};
};

TEST_F(FailoverTest, A_transaction_whose_connection_broke_is_done_again_on_another) {
    int tries = 0;
    const auto done = database_.transact([&](Session& session) -> Result<void> {
        if (auto inserted = session.run(insert_, 1); !inserted) return fail(inserted);
        if (++tries < 3) {
            const auto pid = session.one<int>(backend_);
            EXPECT_TRUE(administrator_.run(kill_, *pid));
        }
        if (auto inserted = session.run(insert_, 2); !inserted) return fail(inserted);
        return {};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(tries, 3);
    EXPECT_EQ(count(), 2);
    EXPECT_TRUE(has_metric("stoa_postgres_retries_total{reason=\"database_unavailable\"} 2"));
}

TEST_F(FailoverTest, A_read_is_repeated_and_a_change_is_not) {
    const char* const suicide = R"(SELECT CASE WHEN $1 = 0 OR pg_terminate_backend(pg_backend_pid())
        THEN 1 END FROM things)";
    ASSERT_TRUE(database_.run(insert_, 1));
    EXPECT_EQ(database_.one<int>({"test.read", suicide, 0ms, true}, 1).error().code,
              "database_unavailable")
        << "it always dies";
    EXPECT_TRUE(has_metric("stoa_postgres_retries_total{reason=\"database_unavailable\"} 3"));
    const auto change = database_.run(
        {"test.change", "UPDATE things SET n = 2 WHERE pg_terminate_backend(pg_backend_pid())"});
    EXPECT_EQ(change.error().code, "commit_unknown");
    EXPECT_TRUE(has_metric("stoa_postgres_retries_total{reason=\"database_unavailable\"} 3"));
    EXPECT_EQ(*database_.one<int>({"test.n", "SELECT n FROM things"}), 1);
}

TEST_F(FailoverTest, A_statement_is_prepared_again_after_a_change_of_the_schema) {
    const Query all{"test.all", "SELECT * FROM things", 0ms, true};
    const Query add{"test.add", "INSERT INTO things VALUES ($1) RETURNING *"};
    ASSERT_TRUE(database_.run(all));
    ASSERT_TRUE(database_.run(add, 1));
    ASSERT_TRUE(administrator_.run({"test.alter", "ALTER TABLE things ADD more int DEFAULT 7"}));
    EXPECT_EQ((*database_.run(all))[0].get<int>("more"), 7);
    ASSERT_TRUE(administrator_.run({"test.drop", "ALTER TABLE things DROP more"}));
    const auto done = database_.transact([&](Session& session) -> Result<void> {
        if (auto added = session.run(add, 2); !added) return fail(added);
        if (auto read = session.run(all); !read) return fail(read);
        return {};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(count(), 2);
}

TEST_F(FailoverTest, Whoever_pools_connections_in_between_may_forget_what_was_prepared) {
    ASSERT_TRUE(database_.run(insert_, 1));
    ASSERT_TRUE(database_.run({"test.forget", "DEALLOCATE ALL"}));
    EXPECT_TRUE(database_.run(insert_, 2));
    EXPECT_EQ(count(), 2);
}

TEST_F(FailoverTest, A_server_that_only_reads_is_told_and_left) {
    ASSERT_TRUE(database_.run(insert_, 1));
    const auto backend = database_.one<int>(backend_);
    set("default_transaction_read_only", "on");
    EXPECT_NE(*database_.one<int>(backend_), 0) << "here the connection hears of it";
    EXPECT_NE(*database_.one<int>(backend_), *backend) << "it was not used again";
    const auto refused = database_.run(insert_, 2);
    const auto in_transaction = database_.transact([&](Session& session) -> Result<void> {
        if (auto done = session.run(insert_, 2); !done) return fail(done);
        return {};
    });
    EXPECT_EQ(count(), 1) << "reading goes on";
    const auto not_ready = database_.ping();
    reset("default_transaction_read_only", "off");
    EXPECT_EQ(refused.error().code, "database_unavailable");
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(not_ready.error().code, "database_unavailable");
    EXPECT_TRUE(database_.ping());
    EXPECT_EQ(in_transaction.error().code, "database_unavailable");
    EXPECT_TRUE(has_metric(
        "stoa_postgres_errors_total{code=\"database_unavailable\",sqlstate_class=\"25\"}"));
    EXPECT_TRUE(database_.run(insert_, 2));
    EXPECT_EQ(count(), 2);
}

TEST_F(FailoverTest, A_commit_that_no_standby_confirmed_is_unknown) {
    set("synchronous_standby_names", "nobody");
    const Query waiting{"test.waiting", R"(SELECT pid FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND datname = current_database())"};
    const Query cancel{"test.cancel", "SELECT pg_cancel_backend($1)"};
    const auto cancelled = [&](const std::function<Result<void>()>& work) {
        auto running = std::async(std::launch::async, work);
        std::optional<int> pid;
        EXPECT_TRUE(testing::wait_until([&] {
            pid = *administrator_.find<int>(waiting);
            return pid.has_value();
        }));
        EXPECT_TRUE(administrator_.run(cancel, pid));
        return running.get();
    };
    const auto single = cancelled([&]() -> Result<void> {
        if (auto done = database_.run(insert_, 1); !done) return fail(done);
        return {};
    });
    const auto whole = cancelled([&] {
        return database_.transact([&](Session& session) -> Result<void> {
            session.defer(insert_, 2);
            return {};
        });
    });
    reset("synchronous_standby_names", "");
    ASSERT_FALSE(single) << "answered as done, with a warning";
    EXPECT_EQ(single.error().code, "commit_unknown");
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, "commit_unknown");
    EXPECT_EQ(count(), 2) << "here they are";
}

TEST_F(FailoverTest, Waiting_for_a_lock_and_pausing_have_limits) {
    ASSERT_TRUE(database_.run(insert_, 1));
    auto options = place_.options(2);
    options.lock_timeout = 50ms;
    options.idle_timeout = 200ms;
    Database hasty(options, metrics_);
    const Query lock{"test.lock", "SELECT n FROM things FOR UPDATE"};
    const auto held = database_.transact([&](Session& session) -> Result<void> {
        EXPECT_TRUE(session.run(lock));
        const auto other = hasty.run(lock);
        EXPECT_EQ(other.error().code, "lock_timeout");
        EXPECT_NE(other.error().message.find("test.lock"), std::string::npos);
        return {};
    });
    EXPECT_TRUE(held);
    const Query idle{"test.idle", R"(SELECT count(*) FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%' AND datname = current_database())"};
    int tries = 0;
    const auto paused = hasty.transact([&](Session& session) -> Result<void> {
        ++tries;
        if (auto done = session.run(insert_, 2); !done) return fail(done);
        EXPECT_TRUE(testing::wait_until([&] { return *administrator_.one<int>(idle) == 0; }));
        if (auto done = session.run(insert_, 3); !done) return fail(done);
        return {};
    });
    EXPECT_EQ(paused.error().code, "transaction_timeout");
    EXPECT_EQ(tries, 1);
    EXPECT_EQ(count(), 1);
}

TEST_F(FailoverTest, A_server_that_falls_silent_is_given_up) {
    auto options = place_.options(1);
    options.statement_timeout = 100ms;
    options.wait_max = 100ms;
    Database hasty(options, metrics_);
    const auto stopped = *hasty.one<int>(backend_);
    ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
    const auto silent = hasty.one<int>(backend_);
    ASSERT_EQ(::kill(stopped, SIGCONT), 0);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code, "database_unavailable");
    EXPECT_NE(*hasty.one<int>(backend_), stopped);
}

TEST_F(FailoverTest, The_first_server_that_takes_writes_is_used) {
    auto options = place_.options(1);
    const auto host_at = options.conninfo.find("host=") + 5;
    options.conninfo.insert(host_at, "/nowhere,");
    Database second(options, metrics_);
    EXPECT_TRUE(second.run(insert_, 1));
    set("default_transaction_read_only", "on");
    const auto refused = second.run(insert_, 2);
    reset("default_transaction_read_only", "off");
    EXPECT_EQ(refused.error().code, "database_unavailable");
    EXPECT_TRUE(second.run(insert_, 2));
}

}  // namespace
}  // namespace stoa::postgres
