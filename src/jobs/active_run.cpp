// SPDX-License-Identifier: Apache-2.0
#include "jobs/active_run.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <random>

namespace stoa::jobs {

namespace {

using std::chrono::steady_clock;

bool is_passing(const Error& error) {
    return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::limited ||
           error.kind == ErrorKind::internal;
}

/// Calls foreign code: an exception there is a bug that must not take the worker down.
template <class F>
Result<void> guarded(F&& call) {
    try {
        return call();
    } catch (const std::exception& bug) {
        return fail(ErrorKind::internal, "task_failed", bug.what());
    }
}

/// Marks dead by `mark` and lets the task clean up in the same transaction. If that part fails for
/// good, without it: a job that cannot be buried would come back for ever.
template <class Mark>
Result<std::optional<Lease>> bury_with(postgres::Database& database, const Error& error,
                                       const Mark& mark,
                                       const std::function<const Task&(const Lease&)>& task_of) {
    for (const bool with_cleaning : {true, false}) {
        auto buried =
            database.transact([&](postgres::Session& session) -> Result<std::optional<Lease>> {
                auto lease = mark(session);
                if (!lease || !*lease || !with_cleaning) return lease;
                const auto& on_dead = task_of(**lease).on_dead;
                if (!on_dead) return lease;
                auto cleaned =
                    guarded([&] { return on_dead(session, (*lease)->arguments.text, error); });
                if (!cleaned) return fail(cleaned);
                return lease;
            });
        if (buried || buried.error().kind == ErrorKind::unavailable ||
            buried.error().code == "lease_lost" || !with_cleaning)
            return buried;
        log::error("on_dead of a job failed; it is marked dead without it",
                   {{"error.code", std::string(buried.error().code)},
                    {"error.message", buried.error().message}});
    }
    return std::optional<Lease>();
}

}  // namespace

ActiveRun::ActiveRun(Leases& leases, Lease lease, steady_clock::time_point claimed,
                     const std::atomic<bool>& stopping)
    : leases_(leases),
      lease_(std::move(lease)),
      valid_until_(claimed + leases.scope().lease),
      stopping_(stopping) {}

bool ActiveRun::still_ours() const {
    return !stopping_ && steady_clock::now() < valid_until_.load();
}

void ActiveRun::renewed(steady_clock::time_point asked) {
    valid_until_ = asked + leases_.scope().lease;
}

Result<void> ActiveRun::acknowledge(postgres::Session& session) {
    auto done = Leases::acknowledge(session, lease_);
    is_acknowledged_ = done.has_value();
    return done;
}

void ActiveRun::execute(const Task& task, const Worker::Options& options, Metrics& metrics) {
    const log::TraceScope trace(lease_.trace_id.value_or(""));
    const auto began = steady_clock::now();
    const auto result = run_task(task);
    const auto outcome = settle(task, result, options);
    const std::chrono::duration<double> took = steady_clock::now() - began;
    metrics.observe_seconds("stoa_job_duration_seconds", "Time of one attempt.",
                            {{"task", lease_.task}}, took.count());
    metrics.count("stoa_jobs_total", "Attempts by what became of them.",
                  {{"task", lease_.task}, {"outcome", std::string(outcome)}});
    if (result && outcome == "done") {
        const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
        log::info("a job is done", {{"stoa.job.id", lease_.id.str()},
                                    {"stoa.job.task", lease_.task},
                                    {"stoa.job.attempt", lease_.attempt},
                                    {"event.duration", nanoseconds}});
        return;
    }
    log::write(outcome == "dead" ? log::Level::error : log::Level::warning,
               "a job's attempt ended: " + std::string(outcome),
               {{"stoa.job.id", lease_.id.str()},
                {"stoa.job.task", lease_.task},
                {"stoa.job.attempt", lease_.attempt},
                {"error.code", result ? "" : std::string(result.error().code)},
                {"error.message", result ? "" : result.error().message}});
}

Result<void> ActiveRun::run_task(const Task& task) {
    auto result = guarded([&] { return task.run(*this); });
    if (!result || is_acknowledged_) return result;
    return leases_.database().transact(
        [&](postgres::Session& session) { return acknowledge(session); });
}

std::string_view ActiveRun::settle(const Task& task, const Result<void>& result,
                                   const Worker::Options& options) {
    if (result) return "done";
    const auto& error = result.error();
    if (error.code == "lease_lost") return "lost";
    Result<void> settled;
    std::string_view outcome;
    if (stopping_ && is_passing(error)) {
        settled = leases_.release(lease_);
        outcome = "released";
    } else if (is_passing(error) && !is_last_attempt()) {
        auto wait = backoff_after(lease_.attempt, options);
        if (error.retry_after) wait = std::max<std::chrono::milliseconds>(wait, *error.retry_after);
        settled = leases_.postpone(lease_, error, wait);
        outcome = "retried";
    } else {
        settled = bury(task, error);
        outcome = "dead";
    }
    // Not recorded: the lease lapses and the job comes back. After an unknown commit it may be
    // done.
    return settled ? outcome : "lost";
}

Result<void> ActiveRun::bury(const Task& task, const Error& error) {
    const auto mark = [&](postgres::Session& session) -> Result<std::optional<Lease>> {
        if (auto buried = Leases::bury(session, lease_, error); !buried) return fail(buried);
        return std::optional<Lease>(lease_);
    };
    auto buried = bury_with(leases_.database(), error, mark,
                            [&](const Lease&) -> const Task& { return task; });
    if (!buried) return fail(buried);
    return {};
}

int bury_lapsed(Leases& leases, const std::map<std::string, Task>& tasks) {
    constexpr int burials_max = 10;
    const Error error{ErrorKind::internal, "worker_lost",
                      "Each attempt ended with the end of its worker."};
    const auto mark = [&](postgres::Session& session) {
        return leases.bury_lapsed(session, error);
    };
    for (int count = 0; count < burials_max; ++count) {
        const auto buried =
            bury_with(leases.database(), error, mark,
                      [&](const Lease& lease) -> const Task& { return tasks.at(lease.task); });
        if (!buried || !*buried) return count;
        log::error("a job's attempt ended: dead", {{"stoa.job.id", (*buried)->id.str()},
                                                   {"stoa.job.task", (*buried)->task},
                                                   {"error.code", std::string(error.code)}});
    }
    return burials_max;
}

std::chrono::milliseconds backoff_after(int attempt, const Worker::Options& options) {
    const int doublings = std::clamp(attempt - 1, 0, 20);
    const auto whole = std::min<std::chrono::milliseconds>(
        options.backoff_first * (1LL << doublings), options.backoff_max);
    thread_local std::minstd_rand chance{std::random_device{}()};
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(chance));
}

}  // namespace stoa::jobs
