// SPDX-License-Identifier: Apache-2.0
// Celery's remote control (kombu's "pidbox"): broadcasts on a channel of Redis ask each worker
// something or tell it to do something; the answer goes to a list that the asker names. So
// `celery inspect`, `celery control` and Flower work with ours. Private to this module. `answer` is
// called on the subscriber's thread.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "jobs/events.hpp"
#include "redis/client.hpp"
#include "redis/subscriber.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace stoa::jobs {

/// A broadcast.
struct ControlRequest {
    std::string method;
    boost::json::object arguments;
    std::vector<std::string> destination;  ///< empty: all workers
    std::string pattern;                   ///< a glob over their names; empty: all
    std::string ticket;
    std::string reply_list;         ///< empty: no answer is wanted
    std::optional<double> expires;  ///< Unix time
    std::uint64_t clock = 0;
};
/// `malformed_message` says what is not as kombu has it.
Result<ControlRequest> read_control_request(std::string_view text);

struct RunningJob {
    JobId id;
    std::string task;
    std::string arguments_json;
    int attempt = 0;
    std::optional<Time> started;  ///< nothing: it waits for a thread
};

struct ScheduledJob {
    JobId id;
    std::string task;
    std::int32_t attempt = 0;
    Time run_at;
    std::int32_t priority = 0;
};
BOOST_DESCRIBE_STRUCT(ScheduledJob, (), (id, task, attempt, run_at, priority))

/// What remote control may ask of a worker. Any thread.
class Steered {
  public:
    virtual ~Steered() = default;
    [[nodiscard]] virtual std::vector<RunningJob> list_held() = 0;
    [[nodiscard]] virtual std::vector<ScheduledJob> list_scheduled() = 0;
    [[nodiscard]] virtual std::vector<std::string> list_tasks() const = 0;
    [[nodiscard]] virtual std::vector<JobId> list_revoked() = 0;
    [[nodiscard]] virtual boost::json::object count_by_task() = 0;
    [[nodiscard]] virtual std::size_t threads() const = 0;
    /// What has not begun is cancelled; with `terminate` what runs here is told to end, too.
    virtual void revoke(const std::vector<JobId>& ids, bool terminate) = 0;
    virtual void beat() = 0;
    virtual void shut_down() = 0;
};

class RemoteControl {
  public:
    RemoteControl(redis::Client& redis, const redis::Options& listening, int database,
                  std::string worker, std::string queue, Events& events, Steered& steered);

    /// The answer to a request, or nothing if the method has none. Errors are answers, too.
    std::optional<boost::json::value> answer(const ControlRequest& request);

  private:
    void take(std::string_view payload);
    [[nodiscard]] bool is_for_us(const ControlRequest& request) const;
    std::optional<boost::json::value> inspect(const ControlRequest& request);
    boost::json::value revoke(const boost::json::object& arguments);
    boost::json::array list_runs(bool is_started);
    boost::json::array describe_scheduled();
    boost::json::object describe_stats();

    redis::Client& redis_;
    const std::string worker_;
    const std::string queue_;
    Events& events_;
    Steered& steered_;
    const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::unique_ptr<redis::Subscriber> subscriber_;
};

}  // namespace stoa::jobs
