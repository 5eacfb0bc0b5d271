// SPDX-License-Identifier: Apache-2.0
// Ends the process when stopping takes too long. A handler or a job that waits for a model, or for
// anything else, cannot be made to return; what it has not committed is rolled back, as after any
// crash. Owner: `serve` and `work`, before everything whose end may wait for handlers. One thread,
// and its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace stoa::app {

/// From the signal to the end of the process, whatever is under way.
inline constexpr std::chrono::seconds stop_time_max{9};

class ExitDeadline {
  public:
    ExitDeadline() = default;
    /// In time: the process goes on to its own end.
    ~ExitDeadline();
    ExitDeadline(const ExitDeadline&) = delete;
    ExitDeadline& operator=(const ExitDeadline&) = delete;

    /// Once: the process exits (0, with a warning in the log) unless this is gone in `time`.
    void set(std::chrono::milliseconds time);

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool gone_ = false;
    std::jthread thread_;
};

}  // namespace stoa::app
