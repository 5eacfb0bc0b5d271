// SPDX-License-Identifier: Apache-2.0
#include "jobs/active_run.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <random>

namespace stoa::jobs {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t result_bytes_max = 64 * 1024;

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

Error job_revoked() {
    return {ErrorKind::conflict, "job_revoked", "The job was cancelled by an operator.", {}, {}};
}

/// Marks dead or revoked by `mark` and lets the task clean up in the same transaction. If that part
/// fails for good, without it: a job that cannot be buried would come back for ever.
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

ActiveRun::ActiveRun(RunContext context, Lease lease, const Task& task,
                     steady_clock::time_point claimed)
    : context_(context),
      lease_(std::move(lease)),
      task_(task),
      claimed_(claimed),
      valid_until_(claimed + context.leases.scope().lease) {}

bool ActiveRun::is_past(const std::optional<std::int32_t>& own,
                        std::chrono::seconds of_task) const {
    auto limit = of_task;
    if (own && (limit.count() == 0 || *own < limit.count())) limit = std::chrono::seconds(*own);
    const auto began = began_.load();
    return limit.count() > 0 && began != steady_clock::time_point() &&
           steady_clock::now() - began > limit;
}

bool ActiveRun::is_past_hard_limit() const {
    return phase_ == Phase::held && is_past(lease_.hard_limit_seconds, task_.hard_limit);
}

bool ActiveRun::still_ours() const {
    return !context_.stopping && !is_terminated_ && !is_given_up() &&
           !is_past(lease_.soft_limit_seconds, task_.soft_limit) &&
           steady_clock::now() < valid_until_.load();
}

std::optional<Time> ActiveRun::started() const {
    const auto time = started_.load();
    return time == Time() ? std::nullopt : std::optional(time);
}

void ActiveRun::renewed(steady_clock::time_point asked) {
    valid_until_ = asked + context_.leases.scope().lease;
}

Result<void> ActiveRun::set_result(std::string result_json) {
    if (result_json.size() > result_bytes_max)
        return fail(ErrorKind::invalid, "result_too_large", "A result is at most 64 KiB of JSON.");
    result_json_ = std::move(result_json);
    return {};
}

Result<void> ActiveRun::acknowledge(postgres::Session& session) {
    auto done = Leases::acknowledge(session, lease_, result_json_);
    is_acknowledged_ = done.has_value();
    return done;
}

bool ActiveRun::execute() {
    const log::TraceScope trace(lease_.trace_id.value_or(""));
    began_ = steady_clock::now();
    if (is_unwanted()) {
        if (!leave(Phase::ended)) return true;
        const auto error = job_revoked();
        conclude(cancel() ? "revoked" : "lost", {}, &error);
        return true;
    }
    started_ = now();
    context_.events.task("task-started", lease_.id);
    if (lease_.wants_result)
        context_.reports.tell_started(lease_.id, context_.leases.scope().worker);
    const auto result = guarded([&] { return task_.run(*this); });
    took_ = steady_clock::now() - began_.load();
    if (!leave(Phase::ended)) return true;
    if (result && !is_acknowledged_) return false;
    if (result) {
        conclude("done", took_, nullptr);
    } else {
        const auto error = explain(result.error());
        conclude(settle(error), took_, &error);
    }
    return true;
}

void ActiveRun::settle_acknowledged(bool is_ours) {
    const log::TraceScope trace(lease_.trace_id.value_or(""));
    const Error lost{ErrorKind::conflict, "lease_lost", "It was not acknowledged; it comes again."};
    conclude(is_ours ? "done" : "lost", took_, is_ours ? nullptr : &lost);
}

void ActiveRun::settle_given_up() {
    const Error error{ErrorKind::unavailable, "hard_time_limit",
                      "The task went on past its hard time limit."};
    const std::string_view outcome = is_unwanted()       ? "revoked"
                                     : is_last_attempt() ? "dead"
                                                         : "retried";
    const auto settled = is_unwanted()       ? cancel()
                         : is_last_attempt() ? bury(error)
                                             : postpone(error);
    conclude(settled ? outcome : "lost", steady_clock::now() - began_.load(), &error);
}

/// A failure past the soft limit is the limit's, whatever the task says of it.
Error ActiveRun::explain(const Error& error) const {
    if (context_.stopping || is_terminated_ || !is_passing(error) ||
        !is_past(lease_.soft_limit_seconds, task_.soft_limit))
        return error;
    return {ErrorKind::unavailable, "soft_time_limit",
            "The task ran into its soft time limit: " + error.message};
}

std::string_view ActiveRun::settle(const Error& error) {
    if (error.code == "lease_lost") return "lost";
    Result<void> settled;
    std::string_view outcome;
    const bool comes_again = is_passing(error) && (context_.stopping || !is_last_attempt());
    if (is_terminated_ || (is_revoked_ && comes_again)) {
        settled = cancel();
        outcome = "revoked";
    } else if (context_.stopping && is_passing(error)) {
        const auto released = context_.leases.release({lease_});
        if (!released || released->empty()) return "lost";
        outcome = "released";
    } else if (is_passing(error) && !is_last_attempt()) {
        settled = postpone(error);
        outcome = "retried";
    } else {
        settled = bury(error);
        outcome = "dead";
    }
    // Not recorded: the lease lapses and the job comes back. After an unknown commit it may be
    // done.
    return settled ? outcome : "lost";
}

Result<void> ActiveRun::postpone(const Error& error) {
    auto wait = backoff_after(lease_.attempt, context_.options);
    if (error.retry_after) wait = std::max<std::chrono::milliseconds>(wait, *error.retry_after);
    // Told while nobody else can have the job: later it might hide the end of the next attempt.
    if (lease_.wants_result && steady_clock::now() < valid_until_.load())
        context_.reports.tell_retry(lease_.id, error);
    return context_.leases.postpone(lease_, error, wait);
}

Result<void> ActiveRun::bury(const Error& error) {
    const auto mark = [&](postgres::Session& session) -> Result<std::optional<Lease>> {
        if (auto buried = Leases::bury(session, lease_, error); !buried) return fail(buried);
        return std::optional<Lease>(lease_);
    };
    auto buried = bury_with(context_.leases.database(), error, mark,
                            [&](const Lease&) -> const Task& { return task_; });
    if (!buried) return fail(buried);
    return {};
}

Result<void> ActiveRun::cancel() {
    const auto* const code = is_terminated_ && started() ? "terminated" : "revoked";
    const auto mark = [&](postgres::Session& session) -> Result<std::optional<Lease>> {
        if (auto revoked = Leases::revoke(session, lease_, code); !revoked) return fail(revoked);
        return std::optional<Lease>(lease_);
    };
    auto revoked = bury_with(context_.leases.database(), job_revoked(), mark,
                             [&](const Lease&) -> const Task& { return task_; });
    if (!revoked) return fail(revoked);
    return {};
}

void ActiveRun::conclude(std::string_view outcome, steady_clock::duration took,
                         const Error* error) {
    context_.metrics.observe_seconds("stoa_job_duration_seconds", "Time of one attempt.",
                                     {{"task", lease_.task}},
                                     std::chrono::duration<double>(took).count());
    context_.metrics.count("stoa_jobs_total", "Attempts by what became of them.",
                           {{"task", lease_.task}, {"outcome", std::string(outcome)}});
    tell(outcome, error);
    if (error == nullptr) {
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
                {"error.code", std::string(error->code)},
                {"error.message", error->message}});
}

/// Whoever watches or waits.
void ActiveRun::tell(std::string_view outcome, const Error* error) {
    const std::string exception =
        error == nullptr ? "" : "StoaError('" + std::string(error->code) + "')";
    if (outcome == "done")
        context_.events.task("task-succeeded", lease_.id,
                             {{"result", result_json_.empty() ? "null" : result_json_},
                              {"runtime", std::chrono::duration<double>(took_).count()}});
    else if (outcome == "dead")
        context_.events.task("task-failed", lease_.id,
                             {{"exception", exception}, {"traceback", ""}});
    else if (outcome == "retried")
        context_.events.task("task-retried", lease_.id,
                             {{"exception", exception}, {"traceback", ""}});
    else if (outcome == "revoked")
        context_.events.task("task-revoked", lease_.id,
                             {{"terminated", started().has_value()},
                              {"signum", started() ? boost::json::value("SIGTERM") : nullptr},
                              {"expired", false}});
    if (lease_.wants_result && outcome != "retried") context_.reports.tell_ends();
}

void give_back(Leases& leases, const std::vector<std::shared_ptr<ActiveRun>>& runs) {
    std::vector<Lease> wanted;
    for (const auto& run : runs) {
        if (run->is_unwanted())
            (void)run->cancel();
        else
            wanted.push_back(run->lease());
    }
    if (!wanted.empty()) (void)leases.release(wanted);
}

Result<std::vector<JobId>> revoke_queued(postgres::Database& database,
                                         const std::map<std::string, Task>& tasks,
                                         const std::vector<JobId>& ids) {
    static const Task unknown{};  // of a newer program, or another queue: there is nothing to tell
    const auto task_of = [&](const Lease& lease) -> const Task& {
        const auto task = tasks.find(lease.task);
        return task == tasks.end() ? unknown : task->second;
    };
    std::vector<JobId> revoked;
    for (const auto& id : ids) {
        const auto mark = [&](postgres::Session& session) {
            return Leases::revoke_queued(session, id);
        };
        const auto done = bury_with(database, job_revoked(), mark, task_of);
        if (!done) return fail(done);
        if (*done) revoked.push_back(id);
    }
    return revoked;
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
