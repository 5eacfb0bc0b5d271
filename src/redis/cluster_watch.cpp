// SPDX-License-Identifier: Apache-2.0
#include "redis/cluster_watch.hpp"

#include "redis/topology.hpp"

#include <algorithm>
#include <set>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace stoa::redis {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto look_every = 1'000ms;
constexpr auto look_again_after = 200ms;
constexpr auto answer_max = 500ms;

Deadline soon() { return steady_clock::now() + answer_max; }

}  // namespace

ClusterWatch::ClusterWatch(std::vector<Address> seeds, std::function<void()> on_change)
    : seeds_(std::move(seeds)),
      on_change_(std::move(on_change)),
      wake_up_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

ClusterWatch::~ClusterWatch() {
    is_ending_ = true;
    (void)eventfd_write(wake_up_, 1);
    thread_.join();
    close(wake_up_);
}

std::vector<Address> ClusterWatch::list_masters() const {
    const std::lock_guard lock(mutex_);
    return masters_;
}

void ClusterWatch::run() {
    while (!is_ending_) {
        const bool is_whole = look();
        if (std::exchange(has_changed_, false)) {
            publish_masters();
            on_change_();
        }
        wait(is_whole ? look_every : look_again_after);
    }
}

/// Sleeps; less if a node hangs up, which is the only thing that it says unasked.
void ClusterWatch::wait(std::chrono::milliseconds at_most) {
    std::vector<pollfd> entries{{wake_up_, POLLIN, 0}};
    for (const auto& [endpoint, wire] : watched_) entries.push_back({wire->socket(), POLLIN, 0});
    poll(entries.data(), entries.size(), static_cast<int>(at_most.count()));
}

bool ClusterWatch::look() {
    drop_dead();
    const auto ranges = read_slots();
    if (!ranges) return false;
    const Address credentials = seeds_.front();
    std::set<Endpoint> masters;
    bool is_whole = true;
    for (const auto& range : *ranges) {
        const auto address = address_of(range.master, credentials);
        const Endpoint endpoint{address.host, address.port};
        if (!masters.insert(endpoint).second || watched_.contains(endpoint)) continue;
        is_whole &= open(address);
    }
    const auto erased =
        std::erase_if(watched_, [&](const auto& entry) { return !masters.contains(entry.first); });
    has_changed_ |= erased > 0;
    return is_whole;
}

void ClusterWatch::drop_dead() {
    const auto erased =
        std::erase_if(watched_, [](const auto& entry) { return entry.second->is_stale(); });
    has_changed_ |= erased > 0;
}

/// From a node that sees the cluster whole, if there is one. Asking all of them also shows who is
/// silent.
std::optional<std::vector<SlotRange>> ClusterWatch::read_slots() {
    for (std::size_t i = 0; watched_.empty() && i < seeds_.size() && !is_ending_; ++i)
        (void)open(seeds_[i]);
    std::optional<std::vector<SlotRange>> best;
    bool is_best_whole = false;
    std::vector<Endpoint> silent;
    for (const auto& [endpoint, wire] : watched_) {
        const auto info = wire->ask({"CLUSTER", "INFO"}, soon());
        if (wire->is_broken()) silent.push_back(endpoint);
        const bool is_whole = info && info->text.find("cluster_state:ok") != std::string::npos;
        if (!info || is_best_whole || (best && !is_whole)) continue;
        const auto reply = wire->ask({"CLUSTER", "SLOTS"}, soon());
        auto ranges = reply ? parse_slot_ranges(*reply) : std::nullopt;
        if (!ranges || ranges->empty()) continue;
        for (auto& range : *ranges)
            if (range.master.host.empty()) range.master.host = endpoint.host;
        best = std::move(ranges);
        is_best_whole = is_whole;
    }
    for (const auto& endpoint : silent) watched_.erase(endpoint);
    has_changed_ |= !silent.empty();
    return best;
}

bool ClusterWatch::open(const Address& address) {
    std::string why;  // the pools of the client log it
    auto wire = Wire::open(address, answer_max, why);
    if (!wire) return false;
    watched_[{address.host, address.port}] = std::move(*wire);
    has_changed_ = true;
    return true;
}

void ClusterWatch::publish_masters() {
    std::vector<Address> masters;
    for (const auto& [endpoint, wire] : watched_)
        masters.push_back(address_of(endpoint, seeds_.front()));
    const std::lock_guard lock(mutex_);
    masters_ = std::move(masters);
}

}  // namespace stoa::redis
