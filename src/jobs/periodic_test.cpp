// SPDX-License-Identifier: Apache-2.0
#include "jobs/periodic.hpp"

#include "jobs/admin.hpp"
#include "jobs/queue.hpp"
#include "support/private_postgres.hpp"
#include "support/private_redis.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace stoa::jobs {
namespace {

using namespace std::chrono_literals;

std::string latest(std::string_view cron, std::string_view time) {
    const auto parsed = Cron::parse(cron);
    if (!parsed) return parsed.error().message;
    const auto tick = parsed->latest(*parse_rfc3339(time));
    return tick ? to_rfc3339(*tick) : "never";
}

TEST(CronTest, Finds_the_latest_minute_that_matches) {
    // 2026-11-22 is a Sunday.
    constexpr std::string_view time = "2026-11-22T18:40:31.5Z";
    EXPECT_EQ(latest("* * * * *", time), "2026-11-22T18:40:00Z");
    EXPECT_EQ(latest("41 * * * *", time), "2026-11-22T17:41:00Z");
    EXPECT_EQ(latest("*/15 * * * *", time), "2026-11-22T18:30:00Z");
    EXPECT_EQ(latest("5/20 8-17 * * *", time), "2026-11-22T17:45:00Z");
    EXPECT_EQ(latest("0 3 * * *", time), "2026-11-22T03:00:00Z");
    EXPECT_EQ(latest("0 19 * * *", time), "2026-11-21T19:00:00Z");
    EXPECT_EQ(latest("30 9 * * 1-5", time), "2026-11-20T09:30:00Z");
    EXPECT_EQ(latest("0 0 * * 7", time), "2026-11-22T00:00:00Z");
    EXPECT_EQ(latest("0 0 1 1,7 *", time), "2026-07-01T00:00:00Z");
    EXPECT_EQ(latest("0 0 1 * 5", time), "2026-11-20T00:00:00Z") << "either kind of day";
    EXPECT_EQ(latest("0 0 31 2 *", time), "never");
}

TEST(CronTest, Refuses_what_is_none) {
    for (const std::string_view text :
         {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
          "* * * * 8", "a * * * *", "5-3 * * * *", "*/0 * * * *", "1,,2 * * * *", "1- * * * *",
          "-1 * * * *", "*  * * * *"}) {
        const auto parsed = Cron::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, "cron_malformed");
    }
}

TEST(PeriodicTest, One_of_all_workers_enqueues_a_tick) {
    const testing::TestDatabase place;
    const testing::PrivateRedis server;
    Metrics metrics;
    postgres::Database database(place.options(), metrics);
    redis::Client redis({.url = server.url()}, metrics);
    Queue queue(database, redis);
    const std::vector<Periodic> table{{"often", 60s, "t"},
                                      {"daily", *Cron::parse("0 3 * * *"), "d"}};
    const auto time = *parse_rfc3339("2026-11-22T18:40:31Z");
    std::atomic<int> made = 0;
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < 8; ++i)
            workers.emplace_back([&] { made += enqueue_ticks(database, queue, table, time); });
    }
    EXPECT_EQ(made, 2);
    EXPECT_EQ(list_jobs(database, JobState::queued)->size(), 2U);
    // The next tick: the job of the last one has not ended.
    enqueue_ticks(database, queue, table, time + 60s);
    EXPECT_EQ(list_jobs(database, JobState::queued)->size(), 2U);
    const auto jobs = list_jobs(database, JobState::queued);
    for (const auto& job : *jobs) EXPECT_TRUE(drop_job(database, job.id));
    EXPECT_EQ(enqueue_ticks(database, queue, table, time + 60s), 0) << "that tick is over";
    EXPECT_EQ(enqueue_ticks(database, queue, table, time + 120s), 1);
    EXPECT_EQ(list_jobs(database, JobState::queued)->size(), 1U);
}

}  // namespace
}  // namespace stoa::jobs
