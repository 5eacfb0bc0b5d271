// SPDX-License-Identifier: Apache-2.0
// The worker's ear at Redis: takes messages off the queue's lists and makes jobs of those that
// other programs sent. A message is moved, in one step, to a list of this worker's own and only
// removed from there once a row stands for it; what a dead worker had taken is put back. Each
// command names keys of one slot, so a Redis Cluster serves as well. Private to this module. One
// thread, but `restore_lost` from any.
#pragma once

#include "jobs/celery_message.hpp"
#include "jobs/reports.hpp"
#include "jobs/worker.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace stoa::jobs {

class Intake {
  public:
    Intake(postgres::Database& database, redis::Client& redis, const Reports& reports,
           const std::map<std::string, Task>& tasks, std::string queue, std::string worker,
           std::function<bool(JobId)> is_revoked);

    /// Waits at most `wait` for a message and takes some more. True: jobs may be due. Errors:
    /// Redis or the database is away; what was taken is back in the queue, or will be.
    Result<bool> take(std::chrono::milliseconds wait);
    /// Puts back what may lie in this worker's own lists. False: some may lie there still.
    bool give_back();
    /// Puts back what workers that died had taken.
    void restore_lost();

  private:
    Result<bool> take_from(const std::string& list, std::chrono::milliseconds wait);
    Result<void> accept(const std::string& text);
    Result<void> create(const CeleryMessage& message);
    Result<void> refuse(const CeleryMessage& message, const Error& why,
                        const std::string& kept_json = "{}");
    Result<void> refuse_unreadable(const std::string& text, const Error& why);
    Result<void> bury(JobId id, std::string_view task, const std::string& arguments_json,
                      const Error& why);
    bool put_back(const std::string& list, const std::string& worker);
    bool put_back_all(const std::string& worker);
    [[nodiscard]] static std::string taken_list(const std::string& list, const std::string& worker);

    postgres::Database& database_;
    redis::Client& redis_;
    const Reports& reports_;
    const std::map<std::string, Task>& tasks_;
    const std::string queue_;
    const std::string worker_;
    const std::function<bool(JobId)> is_revoked_;
    const std::vector<std::string> lists_;
    /// More may have been taken than we know: Redis does what it is asked even if it wakes too
    /// late to answer.
    bool is_unsure_ = false;
    static constexpr std::size_t batch_usual = 32;
    std::size_t batch_ = batch_usual;  ///< messages to ask for at once
};

}  // namespace stoa::jobs
