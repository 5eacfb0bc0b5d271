// SPDX-License-Identifier: Apache-2.0
// Counts what is alive, up to a limit: all of it (Census, which also lets one wait until it is
// gone), or what belongs to each network or person by itself (ShareCensus). A ticket is held by
// each of the counted. Any thread; a census must outlive its tickets.
#pragma once

#include "base/metrics.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
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

class ShareCensus {
  public:
    class Ticket {
      public:
        Ticket() = default;
        Ticket(Ticket&& other) noexcept { swap(other); }
        Ticket& operator=(Ticket&& other) noexcept {
            swap(other);
            return *this;
        }
        ~Ticket() {
            if (census_ != nullptr) census_->leave(owner_);
        }

      private:
        friend class ShareCensus;
        Ticket(ShareCensus& census, std::string owner)
            : census_(&census), owner_(std::move(owner)) {}
        void swap(Ticket& other) noexcept {
            std::swap(census_, other.census_);
            owner_.swap(other.owner_);
        }
        ShareCensus* census_ = nullptr;
        std::string owner_;
    };

    explicit ShareCensus(std::size_t max) : max_(max) {}

    /// Nothing if `owner` has its share.
    std::optional<Ticket> enter(std::string owner) {
        const std::lock_guard lock(mutex_);
        auto& count = counts_[owner];
        if (count >= max_) return std::nullopt;
        ++count;
        return Ticket(*this, std::move(owner));
    }

  private:
    void leave(const std::string& owner) {
        const std::lock_guard lock(mutex_);
        const auto found = counts_.find(owner);
        if (--found->second == 0) counts_.erase(found);
    }

    const std::size_t max_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::size_t> counts_;  ///< none is 0: bounded by the tickets
};

/// What a connection holds as long as it lives, a WebSocket's included.
struct ConnectionTicket {
    Census::Ticket of_all;
    ShareCensus::Ticket of_network;
};

}  // namespace stoa::http
