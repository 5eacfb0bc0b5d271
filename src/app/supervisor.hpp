// SPDX-License-Identifier: Apache-2.0
// The children of `stoa up`, in the order they were started: restarts one that ends by itself,
// gives up when it does so too often, and stops all in reverse order. Also the one place that waits
// for signals, which it takes instead of handlers. One thread, which must have no other threads
// beside.
#pragma once

#include "app/child_process.hpp"
#include "base/result.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace stoa::app {

class Supervisor {
  public:
    static constexpr std::size_t crashes_max = 5;  ///< of one child within crash_window
    static constexpr std::chrono::seconds crash_window{60};

    /// From here on SIGINT, SIGTERM, SIGHUP and SIGCHLD are taken by `wait_until` alone.
    /// The first restart of a child waits twice `restart_delay`, each further one twice as long.
    explicit Supervisor(std::chrono::milliseconds restart_delay = std::chrono::milliseconds(100));
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    Result<void> start(Command command);
    /// The process id of the child of this name; 0 if it does not run.
    [[nodiscard]] pid_t pid_of(std::string_view name) const;

    /// Waits until `done` is true. Errors: `interrupted` (a signal asks us to stop), `not_ready`
    /// (at the deadline, or when a child ends; with the last lines of its log).
    Result<void> wait_until(const std::string& what, const std::function<bool()>& done,
                            std::chrono::seconds deadline);
    /// Keeps the children running until a signal comes, or `done` is true. `child_keeps_ending`
    /// (with its last lines) after more than crashes_max ends.
    Result<void> keep_running(const std::function<bool()>& done);

    void stop_all();

  private:
    using Clock = std::chrono::steady_clock;
    struct Supervised {
        ChildProcess child;
        std::deque<Clock::time_point> crashes{};
        std::optional<Clock::time_point> restart_at{};
    };

    bool interrupted(std::chrono::milliseconds wait_max);
    Result<void> tend(Supervised& one);

    std::chrono::milliseconds restart_delay_;
    std::vector<Supervised> children_;
};

/// Why a child ended, for people: how, the last lines of its log, and a full disk if that is it.
std::string explain_end(const ChildProcess& child);

}  // namespace stoa::app
