// SPDX-License-Identifier: Apache-2.0
// Counts what is alive, up to a limit, and lets one wait until all of it is gone. A ticket is held
// by each of the counted. Any thread; it must outlive its tickets.
#pragma once

#include "base/metrics.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace stoa::http {

class Census {
  public:
    class Ticket {
      public:
        Ticket() = default;
        Ticket(Ticket&& other) noexcept : census_(std::exchange(other.census_, nullptr)) {}
        Ticket& operator=(Ticket&& other) noexcept {
            std::swap(census_, other.census_);
            return *this;
        }
        ~Ticket() {
            if (census_ != nullptr) census_->leave();
        }

      private:
        friend class Census;
        explicit Ticket(Census& census) : census_(&census) {}
        Census* census_ = nullptr;
    };

    Census(std::size_t max, GaugeHandle gauge) : max_(max), gauge_(gauge) {}

    /// Nothing if it is full.
    std::optional<Ticket> enter() {
        const std::lock_guard lock(mutex_);
        if (count_ == max_) return std::nullopt;
        ++count_;
        gauge_.add(1);
        return Ticket(*this);
    }

    /// Whether all are gone before `deadline`.
    bool wait_empty(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        return emptied_.wait_until(lock, deadline, [this] { return count_ == 0; });
    }

  private:
    void leave() {
        const std::lock_guard lock(mutex_);
        gauge_.add(-1);
        if (--count_ == 0) emptied_.notify_all();
    }

    const std::size_t max_;
    GaugeHandle gauge_;
    std::mutex mutex_;
    std::condition_variable emptied_;
    std::size_t count_ = 0;
};

}  // namespace stoa::http
