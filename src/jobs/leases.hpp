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
};
BOOST_DESCRIBE_STRUCT(Lease, (), (id, token, task, arguments, attempt, attempts_max, trace_id))

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

    Result<std::optional<Lease>> claim(JobId id);
    /// At most `count`: those of dead workers first, then what is due.
    Result<std::vector<Lease>> claim_any(std::size_t count);
    /// Those that are still ours (of the ones not locked just now) last for another whole lease.
    Result<std::vector<JobId>> renew(const std::vector<Lease>& held);

    /// `lease_lost` (conflict) if another worker has it now.
    static Result<void> acknowledge(postgres::Session& session, const Lease& lease);
    Result<void> postpone(const Lease& lease, const Error& error, std::chrono::milliseconds by);
    Result<void> release(const Lease& lease);
    static Result<void> bury(postgres::Session& session, const Lease& lease, const Error& error);
    /// One job whose lease lapsed in its last attempt; nothing if there is none.
    Result<std::optional<Lease>> bury_lapsed(postgres::Session& session, const Error& error) const;

    Result<void> record_heartbeat(std::size_t running);
    Result<void> delete_heartbeat();
    Result<std::int64_t> count_due();
    Result<void> delete_old();
    postgres::Database& database() { return database_; }
    [[nodiscard]] const Scope& scope() const { return scope_; }

  private:
    postgres::Database& database_;
    const Scope scope_;
};

}  // namespace stoa::jobs
