// SPDX-License-Identifier: Apache-2.0
#include "redis/topology.hpp"

#include <algorithm>
#include <limits>

namespace stoa::redis {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto no_owner = std::numeric_limits<std::uint16_t>::max();
constexpr auto refresh_every = 100ms;
constexpr auto rest = 100ms;
// A node that does not say in this time who has what: another is asked.
constexpr auto answer_max = 300ms;

Options of_nodes(Options options) {
    options.command_timeout = std::min<std::chrono::milliseconds>(options.command_timeout, 500ms);
    return options;
}

}  // namespace

Address address_of(const Endpoint& endpoint, const Address& told_by) {
    Address address = told_by;
    if (!endpoint.host.empty()) address.host = endpoint.host;
    address.port = endpoint.port;
    return address;
}

Topology::Topology(std::vector<Address> seeds, const Options& options, CommandMetrics& metrics)
    : options_(of_nodes(options)), metrics_(metrics), seeds_(std::move(seeds)) {
    owners_.fill(no_owner);
}

std::uint64_t Topology::generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
}

Topology::Node Topology::find_owner(std::uint16_t slot) const {
    const std::lock_guard lock(mutex_);
    const auto owner = owners_[slot];
    return owner == no_owner ? nullptr : masters_[owner];
}

Topology::Node Topology::find_any() const {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(masters_, [](const Node& node) { return !node->is_resting(); });
    return found == masters_.end() ? nullptr : *found;
}

Topology::Node Topology::node_at(const Address& address) {
    const std::lock_guard lock(mutex_);
    return node_at_locked(address);
}

Topology::Node Topology::node_at_locked(const Address& address) {
    auto& node = nodes_[{address.host, address.port}];
    if (!node) node = std::make_shared<NodePool>(address, options_, rest, metrics_);
    return node;
}

void Topology::move_slot(std::uint16_t slot, const Node& to) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(masters_, to);
    owners_[slot] = static_cast<std::uint16_t>(found - masters_.begin());
    if (found == masters_.end()) masters_.push_back(to);
}

void Topology::refresh(std::uint64_t seen, Deadline deadline) {
    std::unique_lock turn(refresh_mutex_);
    const bool is_mine =
        refresh_ended_.wait_until(turn, deadline, [this] { return !is_refreshing_; });
    if (!is_mine || generation() != seen || steady_clock::now() - refreshed_ < refresh_every)
        return;
    is_refreshing_ = true;
    turn.unlock();
    read_from_any(deadline);
    turn.lock();
    is_refreshing_ = false;
    refreshed_ = steady_clock::now();
    turn.unlock();
    refresh_ended_.notify_all();
}

void Topology::read_from_any(Deadline deadline) {
    for (const auto& address : list_candidates()) {
        const auto until = std::min(deadline, steady_clock::now() + answer_max);
        if (read_from(*node_at(address), until)) break;
        if (steady_clock::now() >= deadline) break;
    }
}

/// Known masters first, each time from another on; then replicas and seeds.
std::vector<Address> Topology::list_candidates() {
    const std::lock_guard lock(mutex_);
    std::vector<Address> candidates;
    const auto add = [&](const Address& address) {
        const auto is_same = [&](const Address& other) {
            return other.host == address.host && other.port == address.port;
        };
        if (std::ranges::none_of(candidates, is_same)) candidates.push_back(address);
    };
    ++rotation_;
    for (std::size_t i = 0; i < masters_.size(); ++i)
        add(masters_[(i + rotation_) % masters_.size()]->address());
    for (const auto& address : replicas_) add(address);
    for (const auto& address : seeds_) add(address);
    return candidates;
}

bool Topology::read_from(NodePool& node, Deadline deadline) {
    auto wire = node.take(deadline);
    if (!wire) return false;
    const auto reply = (*wire)->ask({"CLUSTER", "SLOTS"}, deadline);
    if (!reply) {
        (*wire)->give_up();
        node.start_rest();
    }
    node.give_back(std::move(*wire));
    const auto ranges = reply ? parse_slot_ranges(*reply) : std::nullopt;
    if (!ranges || ranges->empty()) return false;
    install(*ranges, node.address());
    return true;
}

void Topology::install(const std::vector<SlotRange>& ranges, const Address& told_by) {
    const std::lock_guard lock(mutex_);
    masters_.clear();
    replicas_.clear();
    owners_.fill(no_owner);
    const auto known = std::exchange(nodes_, {});
    for (const auto& range : ranges) {
        const auto address = address_of(range.master, told_by);
        const Endpoint endpoint{address.host, address.port};
        if (const auto found = known.find(endpoint); found != known.end()) nodes_.insert(*found);
        const auto node = node_at_locked(address);
        const auto at = std::ranges::find(masters_, node) - masters_.begin();
        if (std::cmp_equal(at, masters_.size())) masters_.push_back(node);
        for (unsigned slot = range.first; slot <= range.last; ++slot)
            owners_[slot] = static_cast<std::uint16_t>(at);
        for (const auto& replica : range.replicas)
            replicas_.push_back(address_of(replica, told_by));
    }
    ++generation_;
    metrics_.slots_read.add();
}

}  // namespace stoa::redis
