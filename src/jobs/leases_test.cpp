// SPDX-License-Identifier: Apache-2.0
// Who has a job while workers die, end, hang or have too much of it.
#include "jobs/leases.hpp"

#include "jobs/jobs_fixture.hpp"

#include <atomic>

namespace stoa::jobs {
namespace {

class AheadTest : public WorkerTest {
  protected:
    /// One thread that has seen short tasks only, so that it leases ahead; a `blocked` one waits
    /// until it is let go. Nothing if the short ones are not done.
    std::unique_ptr<Worker> work_ahead() {
        const Task blocked{[this](jobs::Run&) -> Result<void> {
                               ++begun_;
                               (void)wait_until([&] { return is_let_go_.load(); });
                               return {};
                           },
                           {}};
        const Task short_task{[](jobs::Run&) -> Result<void> { return {}; }, {}};
        std::vector<JobId> ids;
        for (int i = 0; i < short_tasks; ++i)
            ids.push_back(enqueue({.task = "short", .arguments_json = "{}"}));
        auto options = quick();
        options.threads = 1;
        auto worker = work(options, {{"blocked", blocked}, {"short", short_task}});
        for (const auto& id : ids)
            if (!becomes(id, JobState::done)) return nullptr;
        return worker;
    }

    static constexpr int short_tasks = 64;
    std::atomic<bool> is_let_go_ = false;
    std::atomic<int> begun_ = 0;
};

TEST_F(WorkerTest, A_killed_workers_job_is_done_once_by_another) {
    const auto id = enqueue({.task = "slow", .arguments_json = "{}"});
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        Metrics metrics;
        postgres::Database database(place_.options(), metrics);
        redis::Client redis({.url = server_.url()}, metrics);
        const Task stuck{
            [&](jobs::Run& run) {
                return database.transact([&](postgres::Session& session) -> Result<void> {
                    (void)session.run(add_effect, "x");
                    (void)run.acknowledge(session);
                    (void)database.run(add_effect, "nearly");
                    for (;;) pause();
                });
            },
            {}};
        const Worker worker(database, redis, metrics, quick(), {{"slow", stuck}});
        for (;;) pause();
    }
    ASSERT_TRUE(wait_until([&] { return effects("nearly") == 1; }));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_EQ(effects("x"), 0) << "what it did went with its transaction";
    const auto worker = work(quick(), {{"slow", adding("x")}});
    ASSERT_TRUE(becomes(id, JobState::done));
    EXPECT_EQ(job(id)->attempt, 2);
    EXPECT_EQ(effects("x"), 1);
}

TEST_F(WorkerTest, A_job_that_kills_every_worker_ends) {
    const auto id = enqueue({.task = "bomb", .arguments_json = "{}", .attempts_max = 2});
    ASSERT_TRUE(database_.run({"test.crash", R"(UPDATE jobs SET state = 'running', attempt = 2,
        lease_until = now() - interval '1 second', lease_token = gen_random_uuid())"}));
    Task task = adding("x");
    task.on_dead = [](postgres::Session& session, const std::string&,
                      const Error& error) -> Result<void> {
        if (auto added = session.run(add_effect, error.code); !added) return fail(added);
        return {};
    };
    const auto worker = work(quick(), {{"bomb", task}});
    ASSERT_TRUE(becomes(id, JobState::dead));
    EXPECT_EQ(effects("worker_lost"), 1);
    EXPECT_EQ(effects("x"), 0);
}

TEST_F(AheadTest, Of_dead_workers_jobs_only_what_begins_at_once_is_leased) {
    const auto worker = work_ahead();
    ASSERT_TRUE(worker);
    ASSERT_TRUE(database_.run({"test.lapsed", R"(INSERT INTO jobs
        (id, task, state, attempt, attempts_max, lease_until, lease_token)
        SELECT gen_random_uuid(), 'blocked', 'running', 1, 5, now() - interval '1 second',
               gen_random_uuid() FROM generate_series(1, 10))"}));
    const auto claimed = [&] {
        return *database_.one<std::int64_t>(
            {"test.claimed", "SELECT count(*) FROM jobs WHERE task = 'blocked' AND attempt = 2"});
    };
    ASSERT_TRUE(wait_until([&] { return begun_ == 1; }));
    EXPECT_EQ(claimed(), 1);
    is_let_go_ = true;
    EXPECT_TRUE(wait_until(
        [&] { return list_jobs(database_, JobState::done)->size() == short_tasks + 10; }));
    EXPECT_EQ(claimed(), 10);
}

TEST_F(WorkerTest, A_long_task_keeps_its_lease_and_a_lost_one_has_no_effect) {
    std::atomic<bool> go_on = false;
    std::atomic<int> runs = 0;
    std::string code;
    std::atomic<bool> has_ended = false;
    const Task task{[&](jobs::Run& run) -> Result<void> {
                        if (++runs > 1) return {};
                        if (!wait_until([&] { return go_on.load(); })) return {};
                        EXPECT_TRUE(run.still_ours());
                        auto taken = database_.run({"test.take", R"(UPDATE jobs
                            SET lease_token = gen_random_uuid(), lease_until = now())"});
                        EXPECT_TRUE(taken);
                        EXPECT_TRUE(wait_until([&] { return !run.still_ours(); }));
                        auto done = add_and_acknowledge(database_, run, "x");
                        code = done ? "" : std::string(done.error().code);
                        has_ended = true;
                        return done;
                    },
                    {}};
    const auto first = work(quick(), {{"long", task}});
    const auto second = work(quick(), {{"long", task}});
    const auto id = enqueue({.task = "long", .arguments_json = "{}"});
    // Twice the lease.
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() - begun > 1'200ms; }));
    EXPECT_EQ(runs, 1);
    go_on = true;
    ASSERT_TRUE(wait_until([&] { return runs == 2 && job(id)->state == JobState::done; }));
    ASSERT_TRUE(wait_until([&] { return has_ended.load(); }));
    EXPECT_EQ(code, "lease_lost");
    EXPECT_EQ(effects("x"), 0);
}

TEST_F(WorkerTest, An_ending_worker_gives_its_jobs_back_uncounted) {
    std::atomic<bool> is_running = false;
    auto options = quick();
    options.threads = 1;
    auto worker = work(options, {{"long",
                                  {[&](jobs::Run& run) -> Result<void> {
                                       is_running = true;
                                       wait_until([&] { return !run.still_ours(); });
                                       return unavailable("interrupted", "the worker ends");
                                   },
                                   {}}}});
    const auto id = enqueue({.task = "long", .arguments_json = "{}"});
    ASSERT_TRUE(wait_until([&] { return is_running.load(); }));
    ASSERT_TRUE(wait_until([&] { return list_workers(database_)->size() == 1; }));
    EXPECT_TRUE(list_workers(database_)->front().is_alive);
    worker.reset();
    EXPECT_EQ(job(id)->state, JobState::queued);
    EXPECT_EQ(job(id)->attempt, 0);
    EXPECT_TRUE(list_workers(database_)->empty());
}

TEST_F(AheadTest, What_waits_behind_a_long_task_is_given_back_together) {
    const auto worker = work_ahead();
    ASSERT_TRUE(worker);
    ASSERT_TRUE(database_.run({"test.some", R"(INSERT INTO jobs (id, task, priority, attempts_max)
        SELECT gen_random_uuid(), CASE n WHEN 1 THEN 'blocked' ELSE 'short' END, least(n, 2), 5
        FROM generate_series(1, 4) AS n)"}));
    constexpr postgres::Query count{
        "test.count",
        "SELECT count(*) FROM jobs WHERE priority = 2 AND state = $1 AND attempt = $2"};
    const auto are = [&](const char* state, int attempt) {
        return database_.one<std::int64_t>(count, state, std::int32_t{attempt}) == 3;
    };
    ASSERT_TRUE(wait_until([&] { return are("running", 1); }));
    ASSERT_TRUE(wait_until([&] { return are("queued", 0); }));
    EXPECT_NE(metrics_.expose().find(
                  R"(stoa_postgres_query_duration_seconds_count{query="jobs.release_jobs"} 1)"),
              std::string::npos);
    is_let_go_ = true;
    EXPECT_TRUE(wait_until([&] { return are("done", 1); }));
}

TEST_F(WorkerTest, Leases_are_released_and_acknowledged_each_by_its_own_token) {
    for (int i = 0; i < 600; ++i) enqueue({.task = "any", .arguments_json = "{}"});
    Leases leases(database_, {"stoa", {"any"}, "a worker", 10s});
    auto held = leases.claim_due(512);
    ASSERT_TRUE(held);
    ASSERT_EQ(held->size(), 512U);
    held->at(7).token = RowId::make();
    EXPECT_EQ(leases.release(*held)->size(), 511U);
    EXPECT_EQ(leases.release(*held)->size(), 0U);
    auto again = leases.claim_due(1'000);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->size(), 599U);
    EXPECT_EQ(again->front().attempt, 1);
    again->at(3).token = RowId::make();
    std::vector<Finished> finished;
    for (const auto& lease : *again) finished.push_back({&lease, '"' + lease.id.str() + '"'});
    EXPECT_EQ(leases.acknowledge(finished)->size(), 598U);
    EXPECT_EQ(*database_.one<std::int64_t>(
                  {"test.own", "SELECT count(*) FROM jobs WHERE result = to_jsonb(id)"}),
              598);
}

TEST_F(WorkerTest, A_task_that_does_not_end_loses_its_lease_to_others) {
    std::atomic<bool> is_running = false;
    auto options = quick();
    options.stop_wait = 10ms;
    JobId id;
    auto worker =
        work(options, {{"deaf",
                        {[&](jobs::Run& run) -> Result<void> {
                             is_running = true;
                             wait_until([&] { return job(id)->state == JobState::queued; });
                             return add_and_acknowledge(database_, run, "x");
                         },
                         {}}}});
    id = enqueue({.task = "deaf", .arguments_json = "{}"});
    ASSERT_TRUE(wait_until([&] { return is_running.load(); }));
    worker.reset();
    EXPECT_EQ(effects("x"), 0);
    EXPECT_EQ(job(id)->state, JobState::queued);
}

}  // namespace
}  // namespace stoa::jobs
