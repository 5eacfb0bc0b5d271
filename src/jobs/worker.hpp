// SPDX-License-Identifier: Apache-2.0
// The durable queue, working side: leases due rows, runs their tasks, and acknowledges each in the
// transaction of its effects. A message on Redis only says that there is something to do, or brings
// a job of another program. A lease that is not renewed lapses after `lease`, and another worker
// takes the job. Speaks Celery's remote control, so that `celery inspect` and Flower steer it.
// Owner: `stoa work`; threads of its own.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "jobs/periodic.hpp"
#include "jobs/queue.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace stoa::jobs {

/// A leased job, as its task sees it. One thread.
class Run {
  public:
    virtual ~Run() = default;
    [[nodiscard]] virtual JobId id() const = 0;
    [[nodiscard]] virtual const std::string& arguments_json() const = 0;
    [[nodiscard]] virtual int attempt() const = 0;  ///< from 1
    [[nodiscard]] virtual bool is_last_attempt() const = 0;
    /// False once the lease was lost, the soft time limit has passed, the job was revoked, or the
    /// worker is asked to stop: return soon, keep nothing.
    [[nodiscard]] virtual bool still_ours() const = 0;
    /// What whoever waits for the job is told, as JSON of at most 64 KiB (`result_too_large`);
    /// before `acknowledge`. Without it the result is null.
    virtual Result<void> set_result(std::string result_json) = 0;
    /// Marks the job done inside the transaction of the task's effects; `lease_lost` (conflict) if
    /// another worker has it now, and then the transaction must not commit.
    virtual Result<void> acknowledge(postgres::Session& session) = 0;
};

/// Returns a value only after `acknowledge` committed; a task without effects in the database may
/// leave that to the worker. Error kinds `unavailable`, `limited` and `internal`, and exceptions,
/// are retried with backoff and jitter (not before the error's `retry_after`) up to attempts_max;
/// any other is final. An attempt counts when the job is leased, so a job that kills its worker
/// ends too; what is given back before it began was none. `on_dead` (optional) runs in the
/// transaction that marks the job dead, or cancelled because it was revoked (`job_revoked`); if it
/// fails for good the job is marked without it.
struct Task {
    std::function<Result<void>(Run&)> run;
    std::function<Result<void>(postgres::Session&, const std::string& arguments_json, const Error&)>
        on_dead{};
    /// Set: other programs may send this task over Redis, with arguments that it takes. Its error
    /// is what they get, `invalid_arguments` as Python's TypeError.
    std::function<Result<void>(const std::string& arguments_json)> check_foreign{};
    /// From here on `still_ours` is false, and what fails then fails as `soft_time_limit`. 0: none.
    std::chrono::seconds soft_limit{0};
    /// Then the attempt is over (`hard_time_limit`), whatever the task still does. 0: none.
    std::chrono::seconds hard_limit{0};
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
        std::vector<Periodic> periodic{};
        /// Where to listen for remote control; without it there is none.
        std::optional<redis::Options> remote_control{};
        std::function<void()> on_shutdown{};  ///< remote control asks the process to end
        /// As many tasks as threads are past their hard limits and still run: only a new process
        /// gets their threads back.
        std::function<void()> on_stuck{};
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
