// SPDX-License-Identifier: Apache-2.0
// The durable queue, working side: takes a hint from Redis or sweeps the table, leases the row,
// runs the task, and acknowledges it in the transaction of its effects. A lease that is not renewed
// lapses after `lease`, and another worker takes the job. Owner: `stoa work`; threads of its own.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "jobs/queue.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace stoa::jobs {

/// A leased job, as its task sees it. One thread.
class Run {
  public:
    virtual ~Run() = default;
    [[nodiscard]] virtual JobId id() const = 0;
    [[nodiscard]] virtual const std::string& arguments_json() const = 0;
    [[nodiscard]] virtual int attempt() const = 0;  ///< from 1
    [[nodiscard]] virtual bool is_last_attempt() const = 0;
    /// False once the lease was lost, or the worker is asked to stop: return soon, keep nothing.
    [[nodiscard]] virtual bool still_ours() const = 0;
    /// Marks the job done inside the transaction of the task's effects; `lease_lost` (conflict) if
    /// another worker has it now, and then the transaction must not commit.
    virtual Result<void> acknowledge(postgres::Session& session) = 0;
};

/// Returns a value only after `acknowledge` committed; a task without effects in the database may
/// leave that to the worker. Error kinds `unavailable`, `limited` and `internal`, and exceptions,
/// are retried with backoff and jitter (not before the error's `retry_after`) up to attempts_max;
/// any other is final. An attempt counts when it begins, so a job that kills its worker ends too.
/// `on_dead` (optional) runs in the transaction that marks the job dead; if it fails for good the
/// job is marked without it.
struct Task {
    std::function<Result<void>(Run&)> run;
    std::function<Result<void>(postgres::Session&, const std::string& arguments_json, const Error&)>
        on_dead{};
};

class Worker {
  public:
    struct Options {
        std::size_t threads = 2;
        std::chrono::milliseconds lease{6'000};
        std::chrono::milliseconds sweep_every{1'000};
        std::string queue{queue_name};
        std::chrono::milliseconds backoff_first{1'000};  ///< doubled with each attempt
        std::chrono::milliseconds backoff_max{300'000};
        std::chrono::milliseconds stop_wait{8'000};
    };
    /// Tasks that are not in `tasks` (of a newer program) are left to others.
    Worker(postgres::Database& database, redis::Client& redis, Metrics& metrics, Options options,
           std::map<std::string, Task> tasks);
    /// Stops taking jobs, waits for the running ones (at most `stop_wait`, then their leases are
    /// given back and what they still do has no effect). A task that goes on although `still_ours`
    /// says no holds it up.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stoa::jobs
