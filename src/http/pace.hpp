// SPDX-License-Identifier: Apache-2.0
// Whether a peer moves bytes fast enough: in each window of the time that it lets us wait, so that
// what it moved quickly at first does not excuse a trickle afterwards. Owner: a connection; one
// thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace stoa::http {

class Pace {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// From now on we wait for the peer.
    void wait(Time now) { since_ = now; }
    /// It is our turn, which does not count against the peer.
    void go_on(Time now) {
        if (since_ == Time{}) return;
        waited_ += now - since_;
        since_ = {};
    }
    void moved(std::uint64_t bytes) { bytes_ += bytes; }
    [[nodiscard]] bool is_waiting() const { return since_ != Time{}; }

    /// Whether a window that is over had less than `bytes_per_second_min`. To be asked often: a
    /// window ends when it is asked after that.
    bool is_too_slow(Time now, std::chrono::seconds window, std::uint64_t bytes_per_second_min) {
        if (!is_waiting()) return false;
        const auto waited = waited_ + (now - since_);
        if (waited <= window) return false;
        const auto seconds = std::chrono::floor<std::chrono::seconds>(waited).count();
        if (bytes_ < bytes_per_second_min * static_cast<std::uint64_t>(seconds)) return true;
        *this = {};
        wait(now);
        return false;
    }

  private:
    Time since_{};                                  ///< when we began to wait; none while we do not
    std::chrono::steady_clock::duration waited_{};  ///< in this window, before `since_`
    std::uint64_t bytes_ = 0;                       ///< in this window
};

}  // namespace stoa::http
