// SPDX-License-Identifier: Apache-2.0
// The results that Celery's clients wait for, as its Redis backend lays them out: a key and a
// publication `celery-task-meta-<id>`. The end of a job is durable in PostgreSQL and told from
// there until Redis has it; what happens before the end is told once, if it can be. Private to this
// module. Any thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"

#include <mutex>
#include <string>
#include <string_view>

namespace stoa::jobs {

constexpr int result_seconds_max = 24 * 3600;  ///< how long Redis keeps a result
std::string result_key(std::string_view id);

class Reports {
  public:
    Reports(postgres::Database& database, redis::Client& redis)
        : database_(database), redis_(redis) {}

    void tell_started(JobId id, std::string_view worker) const;
    void tell_retry(JobId id, const Error& error) const;
    /// `id`: as the sender wrote it, a UUID or not.
    [[nodiscard]] Result<void> tell_refused(std::string_view id, const Error& error) const;
    /// Every end in the table that nobody was told of yet.
    void tell_ends();

  private:
    [[nodiscard]] Result<void> tell(std::string_view id, std::string_view status,
                                    std::string_view result_json, std::optional<Time> ended) const;

    postgres::Database& database_;
    redis::Client& redis_;
    std::mutex telling_;
};

/// An error as Celery raises it again in Python: {"exc_type", "exc_message", "exc_module"}.
std::string exception_json(std::string_view code, std::string_view message);

}  // namespace stoa::jobs
