// SPDX-License-Identifier: Apache-2.0
#include "jobs/admin.hpp"

#include "jobs/sql.hpp"

namespace stoa::jobs {

namespace {

/// Why the job was not in a fitting state.
Result<void> refusal(postgres::Database& database, JobId id, std::string_view code,
                     const std::string& otherwise) {
    const auto job = find_job(database, id);
    if (!job) return fail(job);
    if (!*job)
        return fail(ErrorKind::not_found, "job_not_found", "There is no job " + id.str() + ".");
    return fail(ErrorKind::conflict, code,
                "The job is " + std::string(json::enum_name((*job)->state)) + "; " + otherwise);
}

}  // namespace

Result<std::vector<JobSummary>> list_jobs(postgres::Database& database,
                                          std::optional<JobState> state, int count) {
    return database.list<JobSummary>(sql::list_jobs, state, std::int32_t{count});
}

Result<std::optional<JobDetails>> find_job(postgres::Database& database, JobId id) {
    return database.find<JobDetails>(sql::find_job, id);
}

Result<void> retry_job(postgres::Database& database, JobId id) {
    const auto revived = database.run(sql::revive_job, id);
    if (!revived && revived.error().code == "unique_violation")
        return fail(ErrorKind::conflict, "job_key_taken",
                    "Another unfinished job has its unique key; wait for that one, or drop it.");
    if (!revived) return fail(revived);
    if (revived->affected() == 1) return {};
    return refusal(database, id, "job_not_ended",
                   "only dead and cancelled jobs can be tried again.");
}

Result<void> drop_job(
    postgres::Database& database, JobId id,
    const std::function<Result<void>(postgres::Session&, const JobDetails&)>& on_dropped) {
    const auto dropped = database.transact([&](postgres::Session& session) -> Result<bool> {
        const auto cancelled = session.run(sql::cancel_job, id);
        if (!cancelled) return fail(cancelled);
        if (cancelled->affected() == 0) return false;
        if (!on_dropped) return true;
        const auto job = session.one<JobDetails>(sql::find_job, id);
        if (!job) return fail(job);
        if (auto told = on_dropped(session, *job); !told) return fail(told);
        return true;
    });
    if (!dropped) return fail(dropped);
    if (*dropped) return {};
    return refusal(database, id, "job_running", "only queued, sent and dead jobs can be dropped.");
}

Result<std::vector<WorkerSummary>> list_workers(postgres::Database& database) {
    return database.list<WorkerSummary>(sql::list_workers);
}

Result<std::uint64_t> purge_jobs(postgres::Database& database) {
    constexpr std::int64_t rows_at_once = 5'000;
    constexpr int steps_max = 200;
    std::uint64_t purged = 0;
    for (int step = 0; step < steps_max; ++step) {
        const auto rows = database.run(sql::purge_jobs, rows_at_once);
        if (!rows) return fail(rows);
        purged += rows->affected();
        if (rows->affected() < static_cast<std::size_t>(rows_at_once)) break;
    }
    return purged;
}

}  // namespace stoa::jobs
