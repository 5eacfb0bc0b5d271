// SPDX-License-Identifier: Apache-2.0
// Waiting for the signal to stop. Made before any thread starts, so that every thread inherits the
// blocked mask and only `wait` takes the signal. One thread.
#pragma once

#include <csignal>

namespace stoa::app {

class StopSignals {
  public:
    /// Blocks SIGINT and SIGTERM in this and all later threads; SIGPIPE is ignored.
    StopSignals();
    /// Blocks until one of them comes; its number.
    [[nodiscard]] int wait() const;

  private:
    sigset_t set_{};
};

}  // namespace stoa::app
