// SPDX-License-Identifier: Apache-2.0
// The events by which Flower and `celery events` watch workers: one's coming, beating and going
// always, each task's life only while somebody asked for it (`enable_events`). An event that Redis
// does not take is lost. Private to this module. Any thread.
#pragma once

#include "base/id.hpp"
#include "redis/client.hpp"

#include <atomic>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace stoa::jobs {

constexpr double heartbeat_seconds = 2.0;

class Events {
  public:
    /// `database`: the Redis database, which is part of the channels' names.
    Events(redis::Client& redis, int database, std::string worker)
        : redis_(redis),
          channel_("/" + std::to_string(database) + ".celeryev/"),
          worker_(std::move(worker)) {}

    /// `type`: "worker-online", "worker-heartbeat" or "worker-offline".
    void worker(std::string_view type, std::size_t active, std::uint64_t processed);
    /// `type`: "task-received", …
    void task(std::string_view type, JobId id, boost::json::object fields = {});
    void enable_tasks(bool is_enabled) { has_tasks_ = is_enabled; }
    [[nodiscard]] bool has_tasks() const { return has_tasks_; }
    /// Celery's logical clock: past everything seen so far.
    std::uint64_t tick(std::uint64_t seen = 0);

  private:
    boost::json::object describe(std::string_view type);

    redis::Client& redis_;
    const std::string channel_;
    const std::string worker_;
    std::atomic<bool> has_tasks_ = false;
    std::atomic<std::uint64_t> clock_ = 0;
};

}  // namespace stoa::jobs
