// SPDX-License-Identifier: Apache-2.0
// A worker with tasks that a test can watch, fail, delay and kill; otherwise as in `stoa work`.
//     job_worker DATABASE REDIS_URL                  works until SIGTERM; in the environment may be
//                                                    JOB_WORKER_THREADS
//     job_worker DATABASE REDIS_URL enqueue          enqueues the jobs of stdin, one a line:
//                                                    QUEUE PRIORITY DELAY_SECONDS TASK ARGUMENTS
// One line of stdout for each enqueued job: its id.
#include "base/log.hpp"
#include "jobs/echo.hpp"
#include "jobs/worker.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include <unistd.h>

namespace {

using namespace stoa;
using namespace std::chrono_literals;

constexpr postgres::Query add_effect{
    "test.add_effect", "INSERT INTO job_effects (job, task, attempt) VALUES ($1, $2, $3)"};

struct Given {
    std::optional<std::int32_t> milliseconds;
    std::optional<std::int32_t> failures;  ///< so many attempts fail
    std::optional<bool> is_deaf;           ///< does not look at `still_ours`
};
BOOST_DESCRIBE_STRUCT(Given, (), (milliseconds, failures, is_deaf))

/// Waits, fails or not, and leaves one effect in the transaction that acknowledges.
Result<void> leave_effect(postgres::Database& database, jobs::Run& run, const std::string& task) {
    const auto given = json::read<Given>(run.arguments_json());
    if (!given) return fail(given);
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::milliseconds(given->milliseconds.value_or(0));
    while (std::chrono::steady_clock::now() < until) {
        if (!given->is_deaf.value_or(false) && !run.still_ours())
            return unavailable("interrupted", "It was interrupted.", 0s);
        std::this_thread::sleep_for(5ms);
    }
    if (run.attempt() <= given->failures.value_or(0))
        return unavailable("not_yet", "It will do in a while.", 0s);
    if (auto set = run.set_result(std::to_string(run.attempt())); !set) return set;
    return database.transact([&](postgres::Session& session) -> Result<void> {
        auto added = session.run(add_effect, run.id(), task, std::int32_t{run.attempt()});
        if (!added) return fail(added);
        return run.acknowledge(session);
    });
}

jobs::Task effect_task(postgres::Database& database, const std::string& name) {
    jobs::Task task;
    task.run = [&database, name](jobs::Run& run) { return leave_effect(database, run, name); };
    task.check_foreign = [](const std::string& text) -> Result<void> {
        if (json::read<Given>(text)) return {};
        return fail(ErrorKind::invalid, "invalid_arguments",
                    "It takes milliseconds, failures and is_deaf.");
    };
    return task;
}

int enqueue_all(postgres::Database& database, redis::Client& redis) {
    jobs::Queue queue(database, redis);
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        jobs::NewJob job;
        std::int64_t delay = 0;
        words >> job.queue >> job.priority >> delay >> job.task >> std::ws;
        std::getline(words, job.arguments_json);
        job.delay = std::chrono::seconds(delay);
        job.attempts_max = 100;
        const log::TraceScope trace("0af7651916cd43dd8448eb211c80319c");
        const auto id = database.transact(
            [&](postgres::Session& session) { return queue.enqueue(session, job); });
        if (!id) {
            std::cerr << id.error().message << "\n";
            return 1;
        }
        queue.announce(*id, job);
        std::cout << id->str() << std::endl;
    }
    return 0;
}

void work(postgres::Database& database, redis::Client& redis, Metrics& metrics,
          const std::string& redis_url, const sigset_t& signals) {
    jobs::Worker::Options options;
    if (const char* const threads = std::getenv("JOB_WORKER_THREADS"); threads != nullptr)
        options.threads = std::stoul(threads);
    options.backoff_first = 100ms;
    options.remote_control = redis::Options{.url = redis_url};
    options.on_shutdown = [] { kill(getpid(), SIGTERM); };
    options.periodic = {{"tick", 1s, "test.tick"}};
    std::map<std::string, jobs::Task> tasks{{std::string(jobs::echo_task_name), jobs::echo_task()}};
    for (const char* name : {"test.effect", "test.tick", "test.limited"})
        tasks[name] = effect_task(database, name);
    tasks["test.limited"].soft_limit = 1s;
    tasks["test.limited"].hard_limit = 2s;
    const jobs::Worker worker(database, redis, metrics, options, tasks);
    int signal = 0;
    sigwait(&signals, &signal);
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) return 2;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    log::configure(log::Level::debug, log::Format::json, "job_worker");
    Metrics metrics;
    postgres::Database database({.conninfo = words[1]}, metrics);
    redis::Client redis({.url = words[2]}, metrics);
    if (count > 3) return enqueue_all(database, redis);
    work(database, redis, metrics, words[2], signals);
    return 0;
}
