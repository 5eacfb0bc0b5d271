// SPDX-License-Identifier: Apache-2.0
// Tells when a message published in a cluster may have been lost between two nodes: a master takes
// it, answers and dies before it told the others. A connection to each master shows its end at
// once. One thread of its own; `list_masters` from any thread. Private.
#pragma once

#include "redis/slots.hpp"
#include "redis/wire.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace stoa::redis {

class ClusterWatch {
  public:
    /// `on_change` is called on the watch's thread after a master was lost or found.
    ClusterWatch(std::vector<Address> seeds, std::function<void()> on_change);
    ~ClusterWatch();
    ClusterWatch(const ClusterWatch&) = delete;
    ClusterWatch& operator=(const ClusterWatch&) = delete;

    /// The masters that answer and belong to the cluster as most of it sees it.
    [[nodiscard]] std::vector<Address> list_masters() const;

  private:
    using Watched = std::map<Endpoint, std::unique_ptr<Wire>>;

    void run();
    void wait(std::chrono::milliseconds at_most);
    /// False: not every master is watched.
    bool look();
    void drop_dead();
    [[nodiscard]] std::optional<std::vector<SlotRange>> read_slots();
    bool open(const Address& address);
    void publish_masters();

    const std::vector<Address> seeds_;
    const std::function<void()> on_change_;
    const int wake_up_;
    Watched watched_;
    bool has_changed_ = false;
    mutable std::mutex mutex_;
    std::vector<Address> masters_;
    std::atomic<bool> is_ending_ = false;
    std::thread thread_;
};

}  // namespace stoa::redis
