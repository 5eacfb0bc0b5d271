// SPDX-License-Identifier: Apache-2.0
// The connections to one Redis: at most so many, made when needed, the last used taken first. After
// a node did not answer it may rest: nobody waits for it again until the rest is over. Private. Any
// thread.
#pragma once

#include "redis/command_metrics.hpp"
#include "redis/wire.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace stoa::redis {

class NodePool {
  public:
    /// `rest`: how long after a failure to connect no one tries again.
    NodePool(Address address, const Options& options, std::chrono::milliseconds rest,
             CommandMetrics& metrics);
    ~NodePool();
    NodePool(const NodePool&) = delete;
    NodePool& operator=(const NodePool&) = delete;

    /// `redis_unavailable` if it cannot be reached, rests, or has no connection free in time.
    Result<std::unique_ptr<Wire>> take(Deadline deadline);
    /// Of every connection taken.
    void give_back(std::unique_ptr<Wire> wire);
    /// It is silent: as if it could not be reached.
    void start_rest();
    [[nodiscard]] bool is_resting() const;
    [[nodiscard]] const Address& address() const { return address_; }

  private:
    Result<std::unique_ptr<Wire>> open();

    const Address address_;
    const Options& options_;
    const std::chrono::milliseconds rest_;
    CommandMetrics& metrics_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::size_t used_ = 0;
    std::vector<std::unique_ptr<Wire>> idle_;
    std::atomic<bool> is_away_ = false;
    std::atomic<Deadline> rests_until_ = Deadline{};
};

}  // namespace stoa::redis
