// SPDX-License-Identifier: Apache-2.0
#include "postgres/listener.hpp"

#include "support/private_postgres.hpp"

#include <mutex>

#include <gtest/gtest.h>

namespace stoa::postgres {
namespace {

class ListenerTest : public ::testing::Test {
  protected:
    void tell(const char* channel, const char* payload) {
        ASSERT_TRUE(database_.transact([&](Session& session) -> Result<void> {
            notify(session, channel, payload);
            return {};
        }));
    }
    std::vector<std::string> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    bool hears(const std::vector<std::string>& expected) {
        return testing::wait_until([&] { return heard() == expected; });
    }

    testing::TestDatabase place_;
    Metrics metrics_;
    Database database_{place_.options(), metrics_};
    std::mutex mutex_;
    std::vector<std::string> heard_;
    Listener::Handlers handlers_{
        .notified =
            [this](std::string_view channel, std::string_view payload) {
                const std::lock_guard lock(mutex_);
                heard_.push_back(std::string(channel) + ": " + std::string(payload));
            },
        .may_have_missed =
            [this] {
                const std::lock_guard lock(mutex_);
                heard_.emplace_back("may have missed");
            }};
};

TEST_F(ListenerTest, What_is_committed_is_heard_and_what_is_undone_is_not) {
    const Listener listener(place_.options(), {"jobs", "odd \"name\""}, handlers_);
    ASSERT_TRUE(hears({"may have missed"}));
    tell("jobs", "1");
    (void)database_.transact([&](Session& session) -> Result<void> {
        notify(session, "jobs", "2");
        return fail(ErrorKind::conflict, "changed_my_mind", "no");
    });
    tell("others", "3");
    tell("odd \"name\"", "4");
    EXPECT_TRUE(hears({"may have missed", "jobs: 1", "odd \"name\": 4"}));
}

TEST_F(ListenerTest, A_lost_connection_is_told_and_replaced) {
    const Listener listener(place_.options(), {"jobs"}, handlers_);
    ASSERT_TRUE(hears({"may have missed"}));
    auto& server = testing::PrivatePostgres::shared();
    server.kill_hard();
    server.start();
    ASSERT_TRUE(hears({"may have missed", "may have missed"}));
    tell("jobs", "1");
    EXPECT_TRUE(hears({"may have missed", "may have missed", "jobs: 1"}));
}

TEST_F(ListenerTest, Its_end_does_not_wait_for_a_server_that_is_away) {
    Options options;
    options.conninfo = "host=/nowhere dbname=x";
    const Listener listener(options, {"jobs"}, handlers_);
    EXPECT_TRUE(heard().empty());
}

}  // namespace
}  // namespace stoa::postgres
