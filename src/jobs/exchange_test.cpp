// SPDX-License-Identifier: Apache-2.0
// What other programs may put on Redis, and what they find there; without Python, whose own tests
// are in tests/functional/test_jobs_celery.py.
#include "crypto/base64.hpp"
#include "jobs/celery_message.hpp"
#include "jobs/echo.hpp"
#include "jobs/jobs_fixture.hpp"
#include "jobs/outgoing.hpp"
#include "jobs/remote_control.hpp"

#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace stoa::jobs {
namespace {

class ExchangeTest : public JobsTest {
  protected:
    std::unique_ptr<Worker> work(std::chrono::milliseconds lease = 600ms) {
        Worker::Options options;
        options.lease = lease;
        options.sweep_every = 50ms;
        options.backoff_first = 2ms;
        options.remote_control = redis::Options{.url = server_.url()};
        return std::make_unique<Worker>(
            database_, redis_, metrics_, options,
            std::map<std::string, Task>{{std::string(echo_task_name), echo_task()},
                                        {"inner", echo_inside()},
                                        {"limited", limited(1s)},
                                        {"limited.longer", limited(2s)},
                                        {"awaited", awaited()}});
    }
    /// Waits until the test lets it go, fails the first time, and then does well.
    Task awaited() {
        return {[this](jobs::Run&) -> Result<void> {
                    const int before = begun_++;
                    (void)wait_until([&] { return is_let_go_.load(); });
                    if (before == 0) return unavailable("not_yet", "It will do later.", 0s);
                    return {};
                },
                {},
                [](const std::string&) -> Result<void> { return {}; }};
    }
    JobId send(const std::string& task) {
        const NewJob made{.task = task, .arguments_json = R"({"a":1})", .queue = "python"};
        const auto id = enqueue(made);
        queue_.announce(id, made);
        return id;
    }
    /// What the other program's worker tells of it.
    void answer(JobId id, const std::string& meta) {
        ASSERT_TRUE(redis_.run({"SET", "celery-task-meta-" + id.str(), meta}));
    }
    /// Returns once a worker did it.
    void revoke(JobId id, bool terminate) {
        const std::string list = "x.reply.celery.pidbox";
        const std::string body =
            R"({"method":"revoke","arguments":{"task_id":")" + id.str() + R"(","terminate":)" +
            (terminate ? "true" : "false") +
            R"(},"reply_to":{"exchange":"reply.celery.pidbox","routing_key":"x"}})";
        const auto text = write_envelope(body, {}, {.exchange = "", .routing_key = ""});
        ASSERT_TRUE(redis_.run({"DEL", list}));
        ASSERT_TRUE(wait_until([&] { return *redis_.publish("/0.celery.pidbox", text) == 1; }));
        ASSERT_TRUE(wait_until([&] { return redis_.run({"LLEN", list})->integer == 1; }));
    }
    static Task echo_inside() {
        Task task = echo_task();
        task.check_foreign = nullptr;
        return task;
    }
    Task limited(std::chrono::seconds hard_limit) {
        return {[this](jobs::Run& run) -> Result<void> {
                    if (run.attempt() > 1) return {};
                    (void)wait_until([&] { return is_let_go_.load(); });
                    return {};
                },
                {},
                {},
                0s,
                hard_limit};
    }
    static std::string foreign(CeleryMessage message) {
        auto text = write_message(message, queue_name);
        const std::string ours = R"("origin":"stoa")";
        return text.replace(text.find(ours), ours.size(), R"("origin":"gen1@host")");
    }
    CeleryMessage echo(const std::string& value) {
        CeleryMessage message{JobId::make(), std::string(echo_task_name)};
        message.kwargs_json = R"({"value":)" + value + "}";
        return message;
    }
    void push(const std::string& text, const std::string& list = "stoa") {
        ASSERT_TRUE(redis_.run({"LPUSH", list, text}));
    }
    std::string meta(JobId id) { return redis_.run({"GET", "celery-task-meta-" + id.str()})->text; }
    bool tells(JobId id, const std::string& part) {
        return wait_until([&] { return meta(id).find(part) != std::string::npos; }, 10s);
    }

    std::atomic<bool> is_let_go_ = false;
    std::atomic<int> begun_ = 0;
};

TEST_F(ExchangeTest, A_foreign_message_is_run_once_and_its_result_told) {
    const auto worker = work();
    const auto message = echo(R"({"a":[1,"ü"]})");
    push(foreign(message));
    ASSERT_TRUE(tells(message.id, R"("status":"SUCCESS","result":{"a": [1, "ü"]})"));
    push(foreign(message));
    ASSERT_TRUE(wait_until([&] { return hints() == 0; }));
    const auto later = echo("2");
    push(foreign(later),
         "stoa\x06\x16"
         "9");
    ASSERT_TRUE(tells(later.id, "SUCCESS"));
    EXPECT_EQ(job(message.id)->attempt, 1);
    EXPECT_EQ(job(message.id)->origin, "celery");
    EXPECT_GT(redis_.run({"TTL", "celery-task-meta-" + later.id.str()})->integer, 80'000);
    EXPECT_TRUE(redis_.run({"KEYS", "*taken*"})->items.empty());
}

TEST_F(ExchangeTest, An_ignored_result_is_not_told) {
    const auto worker = work();
    auto message = echo("1");
    message.wants_result = false;
    push(foreign(message));
    ASSERT_TRUE(becomes(message.id, JobState::done));
    EXPECT_EQ(meta(message.id), "");
}

TEST_F(ExchangeTest, What_may_not_be_run_is_a_dead_letter_with_an_answer) {
    const auto worker = work();
    auto unknown = echo("1");
    unknown.task = "os.system";
    auto inner = echo("1");
    inner.task = "inner";
    auto positional = echo("1");
    positional.args_json = "[1]";
    auto wrong = echo("1");
    wrong.kwargs_json = R"({"value":1,"seconds":-5})";
    auto late = echo("1");
    late.expires = now() - 1s;
    for (const auto& message : {unknown, inner, positional, wrong, late}) push(foreign(message));
    push("no message at all");
    EXPECT_TRUE(tells(unknown.id, "NotRegistered"));
    EXPECT_TRUE(tells(inner.id, "NotRegistered"));
    EXPECT_TRUE(tells(positional.id, "TypeError"));
    EXPECT_TRUE(tells(wrong.id, "TypeError"));
    EXPECT_TRUE(tells(late.id, R"("status":"REVOKED")"));
    EXPECT_EQ(job(unknown.id)->state, JobState::dead);
    EXPECT_EQ(job(late.id)->state, JobState::cancelled);
    const auto dead = [&] { return list_jobs(database_, JobState::dead)->size(); };
    EXPECT_TRUE(wait_until([&] { return dead() == 5; }));
}

TEST_F(ExchangeTest, Who_sent_an_unreadable_message_is_told) {
    const auto worker = work();
    const auto good = echo("1");
    push(foreign(good));
    ASSERT_TRUE(tells(good.id, "SUCCESS"));
    const auto with = [&](const CeleryMessage& message, const std::string& name,
                          const std::string& value) {
        auto text = boost::json::parse(foreign(message)).as_object();
        text["headers"].as_object()[name] = value;
        return boost::json::serialize(text);
    };
    const auto wrong = echo("1");
    push(with(good, "eta", "tomorrow"));
    push(with(wrong, "eta", "tomorrow"));
    push(with(echo("1"), "id", R"(my "own" id)"));
    EXPECT_TRUE(tells(wrong.id, "malformed_message"));
    EXPECT_EQ(job(wrong.id)->state, JobState::dead);
    const auto own = [&] { return redis_.run({"GET", R"(celery-task-meta-my "own" id)"})->text; };
    ASSERT_TRUE(wait_until([&] { return !own().empty(); }));
    EXPECT_EQ(boost::json::parse(own()).at("status"), "FAILURE");
    EXPECT_EQ(boost::json::parse(own()).at("task_id"), R"(my "own" id)");
    EXPECT_NE(meta(good.id).find("SUCCESS"), std::string::npos) << "it is another's id";
}

TEST_F(ExchangeTest, What_a_dead_worker_had_taken_is_put_back) {
    const auto message = echo("1");
    push(foreign(message), "{stoa}:taken:stoa@gone");
    ASSERT_TRUE(database_.run({"test.gone", R"(INSERT INTO worker_heartbeats
        (worker, queue, seen_at) VALUES ('stoa@gone', 'stoa', now() - interval '7 seconds'))"}));
    const auto worker = work();
    EXPECT_TRUE(tells(message.id, "SUCCESS"));
}

TEST_F(ExchangeTest, An_end_that_could_not_be_told_is_told_later) {
    auto worker = work();
    const auto message = echo("7");
    push(foreign(message));
    ASSERT_TRUE(tells(message.id, "SUCCESS"));
    worker.reset();
    ASSERT_TRUE(redis_.run({"FLUSHALL"}));
    ASSERT_TRUE(database_.run({"test.untold", "UPDATE jobs SET is_report_due = true"}));
    worker = work();
    EXPECT_TRUE(tells(message.id, R"("result":7)"));
}

TEST_F(ExchangeTest, A_task_past_its_hard_limit_loses_its_thread_and_comes_again) {
    const auto worker = work();
    const auto id = enqueue({.task = "limited", .arguments_json = "{}"});
    ASSERT_TRUE(becomes(id, JobState::done));
    EXPECT_EQ(job(id)->attempt, 2);
    EXPECT_EQ(job(id)->last_error_code, "hard_time_limit");
    is_let_go_ = true;
}

TEST_F(ExchangeTest, A_task_that_has_ended_runs_into_no_limit) {
    auto worker = work(30s);
    const auto id = enqueue({.task = "limited.longer", .arguments_json = "{}"});
    ASSERT_TRUE(becomes(id, JobState::running));
    const auto since = std::chrono::steady_clock::now();
    ASSERT_TRUE(database_.transact([&](postgres::Session& session) -> Result<void> {
        const auto locked =
            session.run({"test.lock", "SELECT FROM jobs WHERE id = $1 FOR UPDATE"}, id);
        if (!locked) return fail(locked);
        is_let_go_ = true;  // it ends, but cannot be acknowledged
        EXPECT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() - since > 3'500ms; }));
        return {};
    }));
    ASSERT_TRUE(becomes(id, JobState::done));
    worker.reset();
    const auto exposed = metrics_.expose();
    EXPECT_NE(exposed.find(R"({outcome="done",task="limited.longer"} 1)"), std::string::npos);
    for (const auto* const outcome : {"lost", "retried"})
        EXPECT_EQ(exposed.find(std::string("outcome=\"") + outcome), std::string::npos);
}

TEST_F(ExchangeTest, A_revoked_job_that_was_leased_ahead_never_begins) {
    const NewJob quick{.task = "inner", .arguments_json = R"({"value":1})"};
    std::vector<JobId> ids;
    for (int i = 0; i < 64; ++i) ids.push_back(enqueue(quick));
    const auto worker = work();
    for (const auto& id : ids) ASSERT_TRUE(becomes(id, JobState::done));
    const NewJob made{.task = "awaited", .arguments_json = "{}"};
    (void)enqueue(made);
    (void)enqueue(made);
    ASSERT_TRUE(wait_until([&] { return begun_ == 2; }));
    const auto revoked = enqueue(made);
    const auto terminated = enqueue(made);
    (void)becomes(terminated, JobState::running);  // for a second, then it is given back
    revoke(revoked, false);
    revoke(terminated, true);
    is_let_go_ = true;
    EXPECT_TRUE(becomes(revoked, JobState::cancelled));
    EXPECT_TRUE(becomes(terminated, JobState::cancelled));
    EXPECT_EQ(job(revoked)->last_error_code, "revoked");
    EXPECT_EQ(job(terminated)->last_error_code, "revoked");
}

TEST_F(ExchangeTest, A_revoked_task_that_fails_comes_again_only_if_an_operator_asks) {
    const auto worker = work();
    const auto id = enqueue({.task = "awaited", .arguments_json = "{}"});
    ASSERT_TRUE(wait_until([&] { return begun_ == 1; }));
    revoke(id, false);
    is_let_go_ = true;
    ASSERT_TRUE(becomes(id, JobState::cancelled));
    EXPECT_EQ(job(id)->last_error_code, "revoked");
    ASSERT_TRUE(retry_job(database_, id));
    ASSERT_TRUE(becomes(id, JobState::done));
    EXPECT_EQ(begun_, 2);
}

TEST_F(ExchangeTest, A_retry_is_told_before_anyone_can_have_the_job) {
    const auto worker = work(30s);
    CeleryMessage message{JobId::make(), "awaited"};
    push(foreign(message));
    ASSERT_TRUE(wait_until([&] { return begun_ == 1; }));
    ASSERT_TRUE(database_.transact([&](postgres::Session& session) -> Result<void> {
        const auto locked =
            session.run({"test.lock", "SELECT FROM jobs WHERE id = $1 FOR UPDATE"}, message.id);
        if (!locked) return fail(locked);
        is_let_go_ = true;
        EXPECT_TRUE(tells(message.id, "RETRY"));
        return {};
    }));
    EXPECT_TRUE(tells(message.id, "SUCCESS"));
}

TEST_F(ExchangeTest, A_job_for_another_program_is_sent_and_its_end_is_seen) {
    const auto good = send("py.good");
    const auto bad = send("py.bad");
    EXPECT_EQ(job(good)->state, JobState::sent);
    EXPECT_EQ(redis_.run({"LLEN", "python"})->integer, 2);
    const auto worker = work();
    answer(good, R"({"status":"SUCCESS","result":{"b":2}})");
    answer(bad, R"({"status":"FAILURE","result":{"exc_type":"ValueError","exc_message":["no"]}})");
    ASSERT_TRUE(becomes(good, JobState::done));
    ASSERT_TRUE(becomes(bad, JobState::dead));
    EXPECT_EQ(job(good)->result->text, R"({"b": 2})");
    EXPECT_EQ(job(bad)->last_error, R"(ValueError: ["no"])");
}

TEST_F(ExchangeTest, A_job_for_another_program_that_is_tried_again_waits_for_a_new_result) {
    const auto id = send("py.bad");
    answer(id, R"({"status":"FAILURE","result":{"exc_type":"ValueError","exc_message":["no"]}})");
    const auto worker = work();
    ASSERT_TRUE(becomes(id, JobState::dead));
    ASSERT_TRUE(retry_job(database_, id));
    ASSERT_TRUE(database_.run({"test.long_ago", R"(UPDATE jobs
        SET updated_at = now() - interval '1 day')"}));
    ASSERT_TRUE(wait_until([&] { return redis_.run({"LLEN", "python"})->integer == 2; }));
    answer(id, R"({"status":"SUCCESS","result":3})");
    ASSERT_TRUE(becomes(id, JobState::done)) << job(id)->last_error.value_or("");
    EXPECT_EQ(job(id)->result->text, "3");
}

TEST_F(ExchangeTest,
       Of_many_workers_one_sends_a_job_and_again_only_what_failed_or_was_not_answered) {
    constexpr int count = 60;
    for (int i = 0; i < count; ++i)
        (void)enqueue({.task = "py.good", .arguments_json = "{}", .queue = "python"});
    const auto pass = [&](const std::string& time) {
        ASSERT_TRUE(
            database_.run({"test.pass", R"(UPDATE jobs SET run_at = run_at - ($1::text)::interval,
                created_at = created_at - ($1::text)::interval,
                updated_at = updated_at - ($1::text)::interval)"},
                          time));
    };
    const auto send_twice = [&] {
        const auto send_unsent = [&] {
            Outgoing(database_, redis_, std::string(queue_name)).send_unsent();
        };
        std::thread other(send_unsent);
        send_unsent();
        other.join();
    };
    const auto sent = [&] { return redis_.run({"LLEN", "python"})->integer; };
    pass("6 seconds");
    send_twice();
    EXPECT_EQ(sent(), count);
    pass("6 seconds");
    send_twice();
    EXPECT_EQ(sent(), count) << "each has an hour to be answered";
    pass("2 hours");
    server_.kill_hard();
    send_twice();
    server_.start();
    EXPECT_EQ(sent(), 0) << "a new Redis";
    pass("6 seconds");
    send_twice();
    EXPECT_EQ(sent(), count);
    EXPECT_EQ(list_jobs(database_, JobState::sent)->size(), std::size_t{count});
    EXPECT_EQ(list_jobs(database_, JobState::sent)->front().attempt, 2);
}

TEST_F(ExchangeTest, A_result_that_cannot_be_kept_ends_its_job) {
    Outgoing outgoing(database_, redis_, std::string(queue_name));
    for (const auto* const meta :
         {R"({"status":"SUCCESS","result":"\u0000"})", R"({"status":"SUCCESS","result":1e400})",
          R"({"status":"FAILURE","result":{"exc_type":"\u0000"}})", R"({"status":"SUCCESS"})",
          "?"}) {
        const auto id = send("py.odd");
        answer(id, meta);
        outgoing.collect_results();
        EXPECT_EQ(job(id)->state, JobState::dead) << meta;
        EXPECT_EQ(job(id)->last_error_code, "result_unreadable") << meta;
    }
}

TEST_F(ExchangeTest, Jobs_that_nobody_answers_hide_no_result) {
    ASSERT_TRUE(database_.run({"test.unanswered", R"(INSERT INTO jobs
        (id, task, queue, state, attempt, attempts_max, run_at)
        SELECT gen_random_uuid(), 'py.silent', 'python', 'sent', 1, 5, now() - interval '1 minute'
        FROM generate_series(1, 450))"}));
    Outgoing outgoing(database_, redis_, std::string(queue_name));
    for (int round = 0; round < 2; ++round) {
        const auto id = send("py.good");
        answer(id, R"({"status":"SUCCESS","result":1})");
        for (int step = 0; step < 3; ++step) outgoing.collect_results();
        EXPECT_EQ(job(id)->state, JobState::done) << round;
    }
}

TEST(ControlRequestTest, Writes_only_to_lists_of_replies) {
    const auto request = [](const std::string& exchange, const std::string& key) {
        const std::string body = R"({"method":"ping","arguments":{},"destination":null,"ticket":"t",
            "reply_to":{"exchange":")" +
                                 exchange + R"(","routing_key":")" + key + R"("}})";
        return read_control_request(write_envelope(body, {}, {.exchange = "", .routing_key = ""}));
    };
    EXPECT_EQ(request("reply.celery.pidbox", "x")->reply_list, "x.reply.celery.pidbox");
    EXPECT_FALSE(request("stoa", "x"));
    EXPECT_FALSE(request("reply.celery.pidbox", ""));
    EXPECT_FALSE(request("reply." + std::string(300, 'x'), "x"));
    EXPECT_FALSE(read_control_request("ping"));
}

}  // namespace
}  // namespace stoa::jobs
