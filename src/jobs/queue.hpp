// SPDX-License-Identifier: Apache-2.0
// The durable queue, enqueuing side: a job is a row written in the caller's transaction (the
// truth); after commit a Celery protocol 2 message carries its id over Redis (the hint). Without
// Redis a worker finds the row by itself within a second. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::jobs {

struct CeleryMessage;

/// The Redis list and the `queue` of every job of this program.
constexpr std::string_view queue_name = "stoa";

struct NewJob {
    std::string task;                         ///< "stoa.documents.ingest"
    std::string arguments_json;               ///< one JSON object: the task's keyword arguments
    std::optional<std::string> unique_key{};  ///< at most one unfinished job a key
    int attempts_max = 5;
    std::chrono::seconds delay{0};
    int priority = 0;  ///< 0 is the most urgent, 9 the least
    /// Another queue than ours: a worker of another program runs it. The row is then `sent`, and
    /// becomes done, dead or cancelled by the result that worker leaves in the same Redis; without
    /// one within an hour it is sent again, so such a task must bear repetition.
    std::string queue{queue_name};
};

class Queue {
  public:
    Queue(postgres::Database& database, redis::Client& redis);
    /// Inside the caller's transaction. With `unique_key` already taken by an unfinished job: that
    /// job's id. Errors: `job_too_large` (arguments past 128 KiB), `invalid_job` (internal), and
    /// the session's.
    Result<JobId> enqueue(postgres::Session& session, const NewJob& job);
    /// After the commit: sends the hint. Failure is only logged; the sweep finds the job.
    void announce(JobId id, const NewJob& job);

  private:
    Result<void> hint(const CeleryMessage& message);
    postgres::Database& database_;
    redis::Client& redis_;
};

}  // namespace stoa::jobs
