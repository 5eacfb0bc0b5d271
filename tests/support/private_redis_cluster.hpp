// SPDX-License-Identifier: Apache-2.0
// A Redis Cluster of the test's own: three masters with a replica each, which fail over within a
// second or two.
//     testing::PrivateRedisCluster cluster;
//     redis::Client client{{.url = cluster.url()}, metrics};
// One thread.
#pragma once

#include "base/metrics.hpp"
#include "redis/client.hpp"
#include "support/private_redis.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace stoa::testing {

class PrivateRedisCluster {
  public:
    static constexpr std::size_t masters = 3;

    PrivateRedisCluster() {
        for (auto& node : nodes_) {
            const auto bus_port = PrivateRedis::find_free_port();
            bus_ports_.push_back(bus_port);
            node = std::make_unique<PrivateRedis>(std::vector<std::string>{
                "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port",
                std::to_string(bus_port), "--cluster-replica-validity-factor", "0",
                "--repl-diskless-sync-delay", "0"});
        }
        join();
        share_slots();
        make_replicas();
    }

    /// Every node, as a setting has it.
    [[nodiscard]] std::string url() const {
        std::string url = "redis-cluster://";
        for (const auto& node : nodes_) url += "127.0.0.1:" + std::to_string(node->port()) + ",";
        url.pop_back();
        return url;
    }
    /// Masters first; the replica of `i` at `i + masters`.
    [[nodiscard]] PrivateRedis& node(std::size_t i) { return *nodes_.at(i); }
    [[nodiscard]] std::string id(std::size_t i) { return ask(i, {"CLUSTER", "MYID"}).text; }
    /// Which of the first masters has the slot at the start.
    [[nodiscard]] static std::size_t owner_of(unsigned slot) { return slot * masters / 16'384; }

    /// A command to one node, past the cluster.
    redis::Reply ask(std::size_t i, const redis::Command& command) {
        redis::Client client({.url = nodes_[i]->url()}, metrics_);
        auto reply = client.run(command);
        if (!reply) throw std::runtime_error(command[0] + ": " + reply.error().message);
        return std::move(*reply);
    }
    /// Do all of these nodes see every slot served?
    [[nodiscard]] bool is_whole(const std::vector<std::size_t>& asked) {
        for (const auto i : asked)
            if (ask(i, {"CLUSTER", "INFO"}).text.find("cluster_state:ok") == std::string::npos)
                return false;
        return true;
    }
    [[nodiscard]] bool is_master(std::size_t i) {
        return ask(i, {"ROLE"}).items.at(0).text == "master";
    }

  private:
    void join() {
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            ask(i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
        for (std::size_t i = 1; i < nodes_.size(); ++i)
            ask(0, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()),
                    std::to_string(bus_ports_[i])});
        until("the nodes know each other", [this] {
            for (std::size_t i = 0; i < nodes_.size(); ++i)
                if (ask(i, {"CLUSTER", "INFO"}).text.find("cluster_known_nodes:6") ==
                    std::string::npos)
                    return false;
            return true;
        });
    }
    void share_slots() {
        std::array<unsigned, masters + 1> first{};
        for (unsigned slot = 16'384; slot-- > 0;) first[owner_of(slot)] = slot;
        first[masters] = 16'384;
        for (std::size_t i = 0; i < masters; ++i) {
            ask(i, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first[i]),
                    std::to_string(first[i + 1] - 1)});
        }
    }
    void make_replicas() {
        for (std::size_t i = 0; i < masters; ++i) {
            const auto replicate = [&] {
                redis::Client client({.url = nodes_[i + masters]->url()}, metrics_);
                return client.run({"CLUSTER", "REPLICATE", id(i)}).has_value();
            };
            until("a replica knows its master", replicate);
        }
        until("the cluster is whole", [this] { return is_whole({0, 1, 2, 3, 4, 5}); });
        for (std::size_t i = 0; i < masters; ++i)
            until("the replicas follow", [&] {
                return ask(i + masters, {"INFO", "replication"})
                           .text.find("master_link_status:up") != std::string::npos;
            });
    }
    static void until(const char* what, const std::function<bool()>& done) {
        if (!wait_until(done)) throw std::runtime_error(std::string("in vain: ") + what);
    }

    Metrics metrics_;
    std::vector<int> bus_ports_;
    std::array<std::unique_ptr<PrivateRedis>, 2 * masters> nodes_;
};

}  // namespace stoa::testing
