// SPDX-License-Identifier: Apache-2.0
// Commands to a Redis Cluster: each goes to the node that has its slot, all nodes at once, and the
// answers are put back in order. What a node refuses (MOVED, ASK, TRYAGAIN, …) or what was never
// sent is tried again, a few times and within the deadline; what may have been done only if that is
// harmless. A node that does not answer holds nobody up for long. Private. Any thread.
#pragma once

#include "redis/topology.hpp"
#include "redis/transport.hpp"

#include <optional>
#include <vector>

namespace stoa::redis {

class Cluster : public Transport {
  public:
    Cluster(std::vector<Address> seeds, const Options& options, CommandMetrics& metrics);

    /// As `Transport`; `redis_cross_slot` before anything is sent.
    Result<std::vector<Reply>> exchange(const std::vector<Command>& commands,
                                        std::chrono::milliseconds extra) override;

  private:
    /// One command on its way.
    struct Errand {
        const Command* command = nullptr;
        std::optional<std::uint16_t> slot;
        Topology::Node ask;  ///< only for the next attempt
        std::optional<Reply> reply;
        bool is_lost = false;  ///< whether it was done is unknown, and it must not be twice
    };
    /// What one node is asked in one attempt.
    struct Batch {
        Topology::Node node;
        std::vector<Errand*> errands;
        std::unique_ptr<Wire> wire;
    };
    /// What an attempt met, and so what comes before the next.
    struct Findings {
        bool needs_map = false;
        bool needs_pause = false;
    };

    Findings attempt(std::vector<Errand>& errands, Deadline deadline);
    std::vector<Batch> make_batches(std::vector<Errand>& errands, Findings& findings);
    Topology::Node find_node(const Errand& errand);
    static void send(Batch& batch, Deadline deadline);
    void receive(Batch& batch, Deadline deadline, Findings& findings);
    void take(Errand& errand, Reply reply, const NodePool& from, Findings& findings);

    const Options options_;
    CommandMetrics& metrics_;
    Topology topology_;
};

}  // namespace stoa::redis
