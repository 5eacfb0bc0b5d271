// SPDX-License-Identifier: Apache-2.0
// Waiting for the signal to stop. Made before any thread starts, so that every thread inherits the
// blocked mask and only `wait` takes the signal. One thread.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>

namespace stoa::app {

class StopSignals {
  public:
    /// Blocks SIGINT and SIGTERM in this and all later threads; SIGPIPE is ignored.
    StopSignals();
    /// Takes SIGHUP, too, which then no longer ends the process. Before any thread starts.
    void take_reload();
    /// Blocks until SIGINT or SIGTERM comes; its number. Each SIGHUP that was taken calls `reload`.
    [[nodiscard]] int wait(const std::function<void()>& reload = {}) const;
    /// Whether one of the two came before `time` was over.
    [[nodiscard]] bool wait_for(std::chrono::seconds time) const;

  private:
    sigset_t set_{};
};

}  // namespace stoa::app
