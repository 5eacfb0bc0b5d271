// SPDX-License-Identifier: Apache-2.0
#include "jobs/leases.hpp"

#include "base/text.hpp"
#include "jobs/sql.hpp"

namespace stoa::jobs {

namespace {

double in_seconds(std::chrono::milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string_view shown(const Error& error) { return cut_utf8(error.message, 2'000); }

Result<void> exactly_one(const Result<postgres::Rows>& changed) {
    if (!changed) return fail(changed);
    if (changed->affected() == 1) return {};
    return fail(ErrorKind::conflict, "lease_lost", "Another worker has this job now.");
}

std::pair<std::vector<JobId>, std::vector<RowId>> ids_and_tokens(const std::vector<Lease>& held) {
    std::pair<std::vector<JobId>, std::vector<RowId>> both;
    for (const auto& lease : held) {
        both.first.push_back(lease.id);
        both.second.push_back(lease.token);
    }
    return both;
}

template <class T>
Result<void> without_rows(const Result<T>& done) {
    if (!done) return fail(done);
    return {};
}

}  // namespace

Result<std::vector<Lease>> Leases::claim_due(std::size_t count) {
    return database_.list<Lease>(sql::claim_due_jobs, scope_.queue, scope_.tasks, scope_.worker,
                                 in_seconds(scope_.lease), static_cast<std::int64_t>(count));
}

Result<std::vector<Lease>> Leases::claim_lapsed(std::size_t count) {
    return database_.list<Lease>(sql::claim_lapsed_jobs, scope_.queue, scope_.tasks, scope_.worker,
                                 in_seconds(scope_.lease), static_cast<std::int64_t>(count));
}

Result<std::vector<JobId>> Leases::renew(const std::vector<Lease>& held) {
    const auto [ids, tokens] = ids_and_tokens(held);
    return database_.list<JobId>(sql::renew_leases, ids, tokens, in_seconds(scope_.lease));
}

Result<void> Leases::acknowledge(postgres::Session& session, const Lease& lease,
                                 std::string_view result_json) {
    return exactly_one(session.run(sql::acknowledge_job, lease.id, lease.token, result_json));
}

Result<std::vector<JobId>> Leases::acknowledge(const std::vector<Finished>& finished) {
    std::vector<JobId> ids;
    std::vector<RowId> tokens;
    std::vector<std::string> results;
    for (const auto& one : finished) {
        ids.push_back(one.lease->id);
        tokens.push_back(one.lease->token);
        results.push_back(one.result_json);
    }
    return database_.list<JobId>(sql::acknowledge_jobs, ids, tokens, results);
}

Result<void> Leases::postpone(const Lease& lease, const Error& error,
                              std::chrono::milliseconds by) {
    return exactly_one(database_.run(sql::postpone_job, lease.id, lease.token, in_seconds(by),
                                     error.code, shown(error)));
}

Result<std::vector<JobId>> Leases::release(const std::vector<Lease>& held) {
    const auto [ids, tokens] = ids_and_tokens(held);
    return database_.list<JobId>(sql::release_jobs, ids, tokens);
}

Result<void> Leases::revoke(postgres::Session& session, const Lease& lease, std::string_view code) {
    return exactly_one(session.run(sql::revoke_leased_job, lease.id, lease.token, code));
}

Result<std::optional<Lease>> Leases::revoke_queued(postgres::Session& session, JobId id) {
    return session.find<Lease>(sql::revoke_job, id);
}

Result<void> Leases::bury(postgres::Session& session, const Lease& lease, const Error& error) {
    return exactly_one(session.run(sql::bury_job, lease.id, lease.token, error.code, shown(error)));
}

Result<std::optional<Lease>> Leases::bury_lapsed(postgres::Session& session,
                                                 const Error& error) const {
    return session.find<Lease>(sql::bury_lapsed_job, scope_.queue, scope_.tasks, error.code,
                               shown(error));
}

Result<void> Leases::record_heartbeat(std::size_t running) {
    return without_rows(database_.run(sql::record_heartbeat, scope_.worker, scope_.queue,
                                      static_cast<std::int32_t>(running)));
}

Result<void> Leases::delete_heartbeat() {
    return without_rows(database_.run(sql::delete_heartbeat, scope_.worker));
}

Result<QueueMeasure> Leases::measure() {
    return database_.one<QueueMeasure>(sql::measure_queue, scope_.queue);
}

Result<std::vector<JobId>> Leases::expire() {
    return database_.list<JobId>(sql::expire_jobs, scope_.queue);
}

}  // namespace stoa::jobs
