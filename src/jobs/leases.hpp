// SPDX-License-Identifier: Apache-2.0
// What a worker does to the table of jobs: taking, keeping, finishing and giving back. Every change
// of a leased job names the lease's token, so that whoever lost the lease changes nothing. Private
// to this module. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace stoa::jobs {

struct Lease {
    JobId id;
    RowId token;
    std::string task;
    json::Raw arguments;
    int attempt = 0;
    int attempts_max = 0;
    std::optional<std::string> trace_id;
    bool wants_result = false;
    std::optional<std::int32_t> soft_limit_seconds;
    std::optional<std::int32_t> hard_limit_seconds;
};
BOOST_DESCRIBE_STRUCT(Lease, (),
                      (id, token, task, arguments, attempt, attempts_max, trace_id, wants_result,
                       soft_limit_seconds, hard_limit_seconds))

/// A job that ended well, with its result as JSON, or empty.
struct Finished {
    const Lease* lease;
    std::string result_json;
};

struct QueueMeasure {
    std::int64_t due = 0;
    double oldest_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(QueueMeasure, (), (due, oldest_seconds))

class Leases {
  public:
    struct Scope {
        std::string queue;
        std::vector<std::string> tasks;
        std::string worker;
        std::chrono::milliseconds lease;
    };
    Leases(postgres::Database& database, Scope scope)
        : database_(database), scope_(std::move(scope)) {}

    /// At most `count` of what is due, the most urgent first.
    Result<std::vector<Lease>> claim_due(std::size_t count);
    /// At most `count` whose workers died.
    Result<std::vector<Lease>> claim_lapsed(std::size_t count);
    /// Those that are still ours (of the ones not locked just now) last for another whole lease.
    Result<std::vector<JobId>> renew(const std::vector<Lease>& held);

    /// `lease_lost` (conflict) if another worker has it now.
    static Result<void> acknowledge(postgres::Session& session, const Lease& lease,
                                    std::string_view result_json);
    /// In one statement; those that were still ours.
    Result<std::vector<JobId>> acknowledge(const std::vector<Finished>& finished);
    Result<void> postpone(const Lease& lease, const Error& error, std::chrono::milliseconds by);
    /// In one statement: each was no attempt. Those that were still ours.
    Result<std::vector<JobId>> release(const std::vector<Lease>& held);
    /// One that is leased; `code`: "revoked", or "terminated" if it ran.
    static Result<void> revoke(postgres::Session& session, const Lease& lease,
                               std::string_view code);
    /// One that has not begun; nothing if it has, or is not there.
    static Result<std::optional<Lease>> revoke_queued(postgres::Session& session, JobId id);
    static Result<void> bury(postgres::Session& session, const Lease& lease, const Error& error);
    /// One job whose lease lapsed in its last attempt; nothing if there is none.
    Result<std::optional<Lease>> bury_lapsed(postgres::Session& session, const Error& error) const;

    Result<void> record_heartbeat(std::size_t running);
    Result<void> delete_heartbeat();
    Result<QueueMeasure> measure();
    /// Cancels what nobody wants any more; which.
    Result<std::vector<JobId>> expire();
    postgres::Database& database() { return database_; }
    [[nodiscard]] const Scope& scope() const { return scope_; }

  private:
    postgres::Database& database_;
    const Scope scope_;
};

}  // namespace stoa::jobs
