// SPDX-License-Identifier: Apache-2.0
// Jobs for the workers of other programs: sends what was enqueued while Redis was away, and looks
// for the results of what was sent. A message goes out at least once: again with the same id when
// no result came within `answer_wait`, until attempts_max; then the job is dead (`no_answer`).
// Private to this module. One thread.
#pragma once

#include "jobs/celery_message.hpp"
#include "jobs/queue.hpp"

#include <chrono>
#include <string>

namespace stoa::jobs {

class Outgoing {
  public:
    Outgoing(postgres::Database& database, redis::Client& redis, std::string own_queue)
        : database_(database), redis_(redis), own_queue_(std::move(own_queue)) {}

    /// How long a result may take, counted from when the job was due and sent.
    static constexpr std::chrono::seconds answer_wait{3600};

    void send_unsent();
    /// Looks for some, the next time for those after them.
    void collect_results();

  private:
    struct Sent {
        JobId id;
        Time run_at;
    };
    BOOST_DESCRIBE_CLASS(Sent, (), (id, run_at), (), ())

    void finish(JobId id, std::string_view meta);
    /// An error other than `unavailable`: it is nothing that can be kept.
    Result<void> record(JobId id, std::string_view meta);

    postgres::Database& database_;
    redis::Client& redis_;
    const std::string own_queue_;
    Sent last_looked_at_;
};

/// Puts `message` on the list that its priority has in `queue` and records that in the row.
Result<void> send(postgres::Database& database, redis::Client& redis, const CeleryMessage& message,
                  const std::string& queue);

}  // namespace stoa::jobs
