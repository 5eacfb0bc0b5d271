// SPDX-License-Identifier: Apache-2.0
// Workers over a real PostgreSQL and a real Redis, which may both be away.
#include "jobs/jobs_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

namespace stoa::jobs {
namespace {

TEST_F(WorkerTest, A_hint_brings_the_job_at_once) {
    auto options = quick();
    options.sweep_every = 1h;
    std::string seen;
    auto worker = work(options, {{"echo",
                                  {[&](jobs::Run& run) -> Result<void> {
                                       seen = run.arguments_json();
                                       return {};
                                   },
                                   {}}}});
    ASSERT_TRUE(wait_until([&] {  // the first sweep is over
        return redis_.run({"CLIENT", "LIST"})->text.find("cmd=blmove") != std::string::npos;
    }));
    const NewJob made{.task = "echo", .arguments_json = R"({"text": "ü"})"};
    const auto id = enqueue(made);
    queue_.announce(id, made);
    ASSERT_TRUE(becomes(id, JobState::done));
    worker.reset();
    EXPECT_EQ(seen, R"({"text": "ü"})");
    EXPECT_NE(metrics_.expose().find("stoa_jobs_total{outcome=\"done\",task=\"echo\"} 1"),
              std::string::npos);
}

TEST_F(WorkerTest, A_rolled_back_transaction_enqueues_nothing) {
    const auto failed = database_.transact([&](postgres::Session& session) -> Result<void> {
        if (auto id = queue_.enqueue(session, {.task = "t", .arguments_json = "{}"}); !id)
            return fail(id);
        return fail(ErrorKind::conflict, "no", "no");
    });
    EXPECT_FALSE(failed);
    EXPECT_TRUE(list_jobs(database_, {})->empty());
    EXPECT_EQ(hints(), 0);
}

TEST_F(WorkerTest, What_was_never_announced_is_found) {
    const auto worker = work(quick(), {{"add", adding("x")}});
    const auto id = enqueue({.task = "add", .arguments_json = "{}"});
    ASSERT_TRUE(becomes(id, JobState::done));
    EXPECT_EQ(effects("x"), 1);
}

TEST_F(WorkerTest, Works_without_Redis) {
    server_.kill_hard();
    const auto worker = work(quick(), {{"add", adding("x")}});
    const NewJob made{.task = "add", .arguments_json = "{}"};
    const auto id = enqueue(made);
    queue_.announce(id, made);
    ASSERT_TRUE(becomes(id, JobState::done));
    server_.start();
    const auto second = enqueue(made);
    queue_.announce(second, made);
    ASSERT_TRUE(becomes(second, JobState::done));
    EXPECT_EQ(effects("x"), 2);
}

TEST_F(WorkerTest, Goes_on_after_the_database_was_away) {
    const auto worker = work(quick(), {{"add", adding("x")}});
    ASSERT_TRUE(becomes(enqueue({.task = "add", .arguments_json = "{}"}), JobState::done));
    testing::PrivatePostgres::shared().kill_hard();
    ASSERT_FALSE(database_.ping());
    testing::PrivatePostgres::shared().start();
    ASSERT_TRUE(becomes(enqueue({.task = "add", .arguments_json = "{}"}), JobState::done));
    EXPECT_EQ(effects("x"), 2);
}

TEST_F(WorkerTest, No_job_is_run_twice_however_often_it_is_hinted) {
    std::mutex mutex;
    std::multiset<std::string> runs;
    std::atomic<int> busy = 0;
    std::atomic<int> busy_max = 0;
    const Task task{[&](jobs::Run& run) -> Result<void> {
                        const int now_busy = ++busy;
                        if (now_busy > busy_max) busy_max = now_busy;
                        {
                            const std::lock_guard lock(mutex);
                            runs.insert(run.id().str());
                        }
                        auto done = add_and_acknowledge(database_, run, "x");
                        --busy;
                        return done;
                    },
                    {}};
    const auto first = work(quick(), {{"add", task}});
    const auto second = work(quick(), {{"add", task}});
    std::vector<JobId> ids;
    const NewJob made{.task = "add", .arguments_json = "{}"};
    for (int i = 0; i < 40; ++i) {
        ids.push_back(enqueue(made));
        queue_.announce(ids.back(), made);
        queue_.announce(ids.back(), made);
    }
    for (const auto& each : ids) ASSERT_TRUE(becomes(each, JobState::done));
    ASSERT_TRUE(wait_until([&] { return hints() == 0; }));
    EXPECT_EQ(runs.size(), 40U);
    EXPECT_EQ(std::set<std::string>(runs.begin(), runs.end()).size(), 40U);
    EXPECT_EQ(effects("x"), 40);
    EXPECT_LE(busy_max, 4);
}

TEST_F(WorkerTest, A_failure_that_may_pass_is_tried_again_later) {
    std::vector<int> attempts;
    auto worker = work(quick(), {{"flaky",
                                  {[&](jobs::Run& run) -> Result<void> {
                                       attempts.push_back(run.attempt());
                                       if (run.attempt() == 1)
                                           return unavailable("model_away", "not now", 0s);
                                       if (run.attempt() == 2) throw std::runtime_error("bug");
                                       return add_and_acknowledge(database_, run, "x");
                                   },
                                   {}}}});
    const auto id = enqueue({.task = "flaky", .arguments_json = "{}"});
    ASSERT_TRUE(becomes(id, JobState::done));
    worker.reset();
    EXPECT_EQ(attempts, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(effects("x"), 1);
    EXPECT_EQ(job(id)->last_error_code, "task_failed");
}

TEST_F(WorkerTest, The_last_attempts_failure_is_final_and_told_in_the_same_transaction) {
    std::atomic<int> attempts = 0;
    Task task{[&](jobs::Run& run) -> Result<void> {
                  ++attempts;
                  EXPECT_EQ(run.is_last_attempt(), run.attempt() == 2);
                  return unavailable("model_away", "not now", 0s);
              },
              [](postgres::Session& session, const std::string& arguments,
                 const Error& error) -> Result<void> {
                  auto added = session.run(add_effect, arguments + " " + std::string(error.code));
                  if (!added) return fail(added);
                  return {};
              }};
    const auto worker = work(quick(), {{"never", task}});
    const auto id = enqueue({.task = "never", .arguments_json = R"({"a": 1})", .attempts_max = 2});
    ASSERT_TRUE(becomes(id, JobState::dead));
    EXPECT_EQ(attempts, 2);
    EXPECT_EQ(effects(R"({"a": 1} model_away)"), 1);
    EXPECT_EQ(job(id)->last_error, "not now");
}

TEST_F(WorkerTest, A_wrong_job_is_not_tried_again_even_if_its_cleaning_fails) {
    std::atomic<int> attempts = 0;
    Task task{[&](jobs::Run&) -> Result<void> {
                  ++attempts;
                  return fail(ErrorKind::invalid, "document_encrypted", "It is encrypted.");
              },
              [](postgres::Session&, const std::string&, const Error&) -> Result<void> {
                  throw std::runtime_error("a bug in on_dead");
              }};
    const auto worker = work(quick(), {{"wrong", task}});
    const auto id = enqueue({.task = "wrong", .arguments_json = "{}"});
    ASSERT_TRUE(becomes(id, JobState::dead));
    EXPECT_EQ(attempts, 1);
    EXPECT_EQ(job(id)->last_error_code, "document_encrypted");
}

TEST_F(WorkerTest, The_most_urgent_run_first) {
    std::mutex mutex;
    std::vector<int> order;
    const Task noting{[&](jobs::Run& run) -> Result<void> {
                          const std::lock_guard lock(mutex);
                          order.push_back(std::stoi(std::string(run.arguments_json().substr(6))));
                          return {};
                      },
                      {}};
    for (const int priority : {9, 4, 0, 7, 2, 9, 5, 1, 8, 3, 6, 0})
        (void)enqueue({.task = "note",
                       .arguments_json = R"({"p": )" + std::to_string(priority) + "}",
                       .priority = priority});
    auto options = quick();
    options.threads = 1;
    const auto worker = work(options, {{"note", noting}});
    ASSERT_TRUE(wait_until([&] {
        const std::lock_guard lock(mutex);
        return order.size() == 12;
    }));
    EXPECT_TRUE(std::ranges::is_sorted(order)) << ::testing::PrintToString(order);
}

TEST_F(WorkerTest, One_unfinished_job_a_key) {
    const NewJob keyed{.task = "later", .arguments_json = "{}", .unique_key = "k", .delay = 3600s};
    const auto first = enqueue(keyed);
    EXPECT_EQ(enqueue(keyed), first);
    EXPECT_EQ(list_jobs(database_, JobState::queued)->size(), 1U);
    queue_.announce(first, keyed);
    EXPECT_EQ(hints(), 0) << "it is not due";
    ASSERT_TRUE(drop_job(database_, first));
    EXPECT_NE(enqueue(keyed), first);
}

TEST_F(WorkerTest, A_task_of_another_version_is_left_alone) {
    const auto worker = work(quick(), {{"known", adding("x")}});
    const NewJob foreign{.task = "of.the.future", .arguments_json = "{}"};
    const auto id = enqueue(foreign);
    queue_.announce(id, foreign);
    ASSERT_TRUE(redis_.run({"LPUSH", "stoa", "no message at all"}));
    ASSERT_TRUE(becomes(enqueue({.task = "known", .arguments_json = "{}"}), JobState::done));
    ASSERT_TRUE(wait_until([&] { return hints() == 0; }));
    EXPECT_EQ(job(id)->state, JobState::queued);
    EXPECT_EQ(job(id)->attempt, 0);
}

TEST_F(WorkerTest, An_operator_sees_and_mends) {
    const auto id = enqueue({.task = "t", .arguments_json = R"({"a": 1})"});
    EXPECT_EQ(retry_job(database_, id).error().code, "job_not_ended");
    EXPECT_TRUE(drop_job(database_, id));
    EXPECT_EQ(job(id)->state, JobState::cancelled);
    EXPECT_TRUE(job(id)->finished_at);
    EXPECT_EQ(drop_job(database_, id).error().code, "job_running");
    EXPECT_TRUE(retry_job(database_, id));
    EXPECT_EQ(job(id)->state, JobState::queued);
    EXPECT_EQ(job(id)->arguments.text, R"({"a": 1})");
    EXPECT_EQ(list_jobs(database_, JobState::dead)->size(), 0U);
    EXPECT_EQ(list_jobs(database_, {})->size(), 1U);
    EXPECT_EQ(drop_job(database_, JobId::make()).error().code, "job_not_found");
    EXPECT_FALSE(*find_job(database_, JobId::make()));
}

TEST_F(WorkerTest, A_retry_makes_no_second_job_of_a_key) {
    const NewJob keyed{.task = "t", .arguments_json = "{}", .unique_key = "k"};
    const auto dropped = enqueue(keyed);
    ASSERT_TRUE(drop_job(database_, dropped));
    const auto second = enqueue(keyed);
    EXPECT_EQ(retry_job(database_, dropped).error().code, "job_key_taken");
    ASSERT_TRUE(drop_job(database_, second));
    EXPECT_TRUE(retry_job(database_, dropped));
}

TEST_F(WorkerTest, What_ended_long_ago_is_purged) {
    const auto ended = [&](std::string_view state, std::string_view ago) {
        const auto id = enqueue({.task = "t", .arguments_json = "{}"});
        EXPECT_TRUE(database_.run({"test.end", R"(UPDATE jobs
            SET state = $2, finished_at = now() - ($3::text)::interval WHERE id = $1)"},
                                  id, state, ago));
        return id;
    };
    const auto done = ended("done", "8 days");
    const auto dead = ended("dead", "91 days");
    const auto kept = {ended("done", "6 days"), ended("dead", "89 days"),
                       enqueue({.task = "t", .arguments_json = "{}"})};
    EXPECT_EQ(*purge_jobs(database_), 2U);
    EXPECT_FALSE(*find_job(database_, done));
    EXPECT_FALSE(*find_job(database_, dead));
    for (const auto& id : kept) EXPECT_TRUE(*find_job(database_, id));
}

TEST_F(WorkerTest, A_job_that_cannot_be_is_refused) {
    const auto refused = [&](const NewJob& job) {
        return database_
            .transact([&](postgres::Session& session) { return queue_.enqueue(session, job); })
            .error()
            .code;
    };
    EXPECT_EQ(refused({.task = "t", .arguments_json = "[]"}), "invalid_job");
    EXPECT_EQ(refused({.task = "t", .arguments_json = "{"}), "invalid_job");
    EXPECT_EQ(refused({.task = "", .arguments_json = "{}"}), "invalid_job");
    EXPECT_EQ(
        refused({.task = "t", .arguments_json = "{\"a\":\"" + std::string(200'000, 'x') + "\"}"}),
        "job_too_large");
}

}  // namespace
}  // namespace stoa::jobs
