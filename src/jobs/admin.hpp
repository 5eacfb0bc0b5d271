// SPDX-License-Identifier: Apache-2.0
// The queue as an operator sees and mends it: `stoa jobs …`, `stoa doctor`, readiness. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace stoa::jobs {

/// `sent`: lies with another program's workers.
BOOST_DEFINE_ENUM_CLASS(JobState, queued, running, sent, done, dead, cancelled)

struct JobSummary {
    JobId id;
    std::string task;
    std::string queue;
    JobState state = JobState::queued;
    int attempt = 0;
    int attempts_max = 0;
    Time run_at;
    std::optional<std::string> worker;
    std::optional<std::string> last_error_code;
    std::optional<std::string> last_error;
    Time created_at;
    std::optional<Time> finished_at;
};
BOOST_DESCRIBE_STRUCT(JobSummary, (),
                      (id, task, queue, state, attempt, attempts_max, run_at, worker,
                       last_error_code, last_error, created_at, finished_at))

struct JobDetails : JobSummary {
    json::Raw arguments;
    std::optional<std::string> unique_key;
    int priority = 0;
    std::optional<std::string> trace_id;
    std::optional<Time> lease_until;
    std::string origin;  ///< "stoa", or "celery": it came from another program
    std::optional<json::Raw> result;
    std::optional<Time> expires_at;
};
BOOST_DESCRIBE_STRUCT(JobDetails, (JobSummary),
                      (arguments, unique_key, priority, trace_id, lease_until, origin, result,
                       expires_at))

struct WorkerSummary {
    std::string worker;
    std::string queue;
    Time started_at;
    Time seen_at;
    int running = 0;
    bool is_alive = false;  ///< gave a sign within the last 6 s
};
BOOST_DESCRIBE_STRUCT(WorkerSummary, (), (worker, queue, started_at, seen_at, running, is_alive))

/// The newest first, at most `count`.
Result<std::vector<JobSummary>> list_jobs(postgres::Database& database,
                                          std::optional<JobState> state, int count = 100);
Result<std::optional<JobDetails>> find_job(postgres::Database& database, JobId id);
/// A dead or cancelled job begins again, with all its attempts. Errors: `job_not_ended` (conflict),
/// `job_not_found`, and `job_key_taken` (conflict) if another unfinished job has its key.
Result<void> retry_job(postgres::Database& database, JobId id);
/// A queued, sent or dead job is cancelled; `on_dropped`, if there is one, tells whom it was for in
/// the same transaction. Errors: `job_running` (conflict; also if it is done), `job_not_found`.
Result<void> drop_job(
    postgres::Database& database, JobId id,
    const std::function<Result<void>(postgres::Session&, const JobDetails&)>& on_dropped = {});
Result<std::vector<WorkerSummary>> list_workers(postgres::Database& database);
/// Removes jobs that were done or cancelled a week ago, or died three months ago; how many went, at
/// most a million.
Result<std::uint64_t> purge_jobs(postgres::Database& database);

}  // namespace stoa::jobs
