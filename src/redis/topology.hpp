// SPDX-License-Identifier: Apache-2.0
// Which node of a cluster has which slots, as far as we know, and the connections to each. It is
// read from any node that answers, by one thread for all that need it and not too often; single
// slots follow MOVED at once. Private. Any thread.
#pragma once

#include "redis/node_pool.hpp"
#include "redis/slots.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace stoa::redis {

/// The node's address with the credentials of the seeds; `told_by` if the endpoint has no host.
Address address_of(const Endpoint& endpoint, const Address& told_by);

class Topology {
  public:
    using Node = std::shared_ptr<NodePool>;

    Topology(std::vector<Address> seeds, const Options& options, CommandMetrics& metrics);

    /// Changes whenever the whole map was read.
    [[nodiscard]] std::uint64_t generation() const;
    /// Nothing if no node is known to have the slot.
    Node find_owner(std::uint16_t slot) const;
    /// A master that does not rest; nothing if there is none.
    Node find_any() const;
    Node node_at(const Address& address);
    void move_slot(std::uint16_t slot, const Node& to);

    /// Reads the map again, unless somebody has since `seen` or just tried.
    void refresh(std::uint64_t seen, Deadline deadline);

  private:
    [[nodiscard]] std::vector<Address> list_candidates();
    void read_from_any(Deadline deadline);
    bool read_from(NodePool& node, Deadline deadline);
    void install(const std::vector<SlotRange>& ranges, const Address& told_by);
    Node node_at_locked(const Address& address);

    const Options options_;
    CommandMetrics& metrics_;
    const std::vector<Address> seeds_;
    mutable std::mutex mutex_;
    std::map<Endpoint, Node> nodes_;
    std::vector<Node> masters_;
    std::vector<Address> replicas_;
    std::array<std::uint16_t, slot_count> owners_;  ///< in `masters_`
    std::uint64_t generation_ = 0;
    std::size_t rotation_ = 0;
    std::mutex refresh_mutex_;  ///< not held while one reads
    std::condition_variable refresh_ended_;
    bool is_refreshing_ = false;
    Deadline refreshed_{};
};

}  // namespace stoa::redis
