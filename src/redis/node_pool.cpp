// SPDX-License-Identifier: Apache-2.0
#include "redis/node_pool.hpp"

#include "base/log.hpp"

namespace stoa::redis {

using std::chrono::steady_clock;

NodePool::NodePool(Address address, const Options& options, std::chrono::milliseconds rest,
                   CommandMetrics& metrics)
    : address_(std::move(address)), options_(options), rest_(rest), metrics_(metrics) {}

NodePool::~NodePool() { metrics_.idle.add(-static_cast<double>(idle_.size())); }

Result<std::unique_ptr<Wire>> NodePool::take(Deadline deadline) {
    deadline = std::min(deadline, steady_clock::now() + options_.wait_max);
    for (;;) {
        if (is_resting()) return tl::unexpected(redis_unavailable());
        std::unique_ptr<Wire> wire;
        {
            std::unique_lock lock(mutex_);
            const auto one_is_free = [&] { return used_ < options_.connections_max; };
            if (!freed_.wait_until(lock, deadline, one_is_free))
                return tl::unexpected(redis_unavailable());
            ++used_;
            metrics_.used.add(1);
            if (!idle_.empty()) {
                wire = std::move(idle_.back());
                idle_.pop_back();
                metrics_.idle.add(-1);
            }
        }
        if (!wire) return open();
        if (!wire->is_stale()) return wire;
        give_back(nullptr);
    }
}

void NodePool::give_back(std::unique_ptr<Wire> wire) {
    {
        const std::lock_guard lock(mutex_);
        --used_;
        metrics_.used.add(-1);
        if (wire && !wire->is_broken()) {
            idle_.push_back(std::move(wire));
            metrics_.idle.add(1);
        }
    }
    freed_.notify_one();
}

Result<std::unique_ptr<Wire>> NodePool::open() {
    std::string why;
    auto opened = Wire::open(address_, options_.command_timeout, why);
    const bool was_away = is_away_.exchange(!opened);
    if (opened) {
        metrics_.connections_opened.add();
        if (was_away) log::info("Redis answers again", {{"server.address", address_.host}});
        return opened;
    }
    metrics_.connections_failed.add();
    if (!was_away)
        log::error("Redis does not answer", {{"error.message", why},
                                             {"server.address", address_.host},
                                             {"server.port", address_.port}});
    start_rest();
    give_back(nullptr);
    return opened;
}

void NodePool::start_rest() { rests_until_ = steady_clock::now() + rest_; }

bool NodePool::is_resting() const { return steady_clock::now() < rests_until_.load(); }

}  // namespace stoa::redis
