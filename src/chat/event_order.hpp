// SPDX-License-Identifier: Apache-2.0
// Puts the events of one room in order: each seq comes out once, none is left out. What comes too
// early waits (bounded) until the gap before it is filled. Pure; the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace stoa::chat {

class EventOrder {
  public:
    struct Event {
        std::string type;
        std::string json;
    };

    /// Nothing comes out before `start` has said where the room stands.
    [[nodiscard]] bool is_started() const { return delivered_ >= 0; }
    [[nodiscard]] std::int64_t delivered() const { return delivered_; }
    /// Something waits behind a gap.
    [[nodiscard]] bool has_gap() const { return is_started() && !waiting_.empty(); }
    /// Gives up what waits; whoever calls this reads it again from the truth.
    void drop_waiting() {
        waiting_.clear();
        waiting_bytes_ = 0;
    }

    /// Events up to `seq` are past. A second start is ignored.
    template <class Deliver>
    void start(std::int64_t seq, Deliver deliver) {
        if (is_started()) return;
        delivered_ = seq;
        drain(deliver);
    }

    /// Calls `deliver(seq, type, json)` for this event and those it makes possible, in order.
    template <class Deliver>
    void offer(std::int64_t seq, std::string_view type, std::string_view json, Deliver deliver) {
        if (seq <= delivered_) return;
        if (!is_started() || seq != delivered_ + 1) return keep(seq, type, json);
        delivered_ = seq;
        deliver(seq, type, json);
        if (!waiting_.empty()) drain(deliver);
    }

  private:
    static constexpr std::size_t waiting_max = 256;
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;

    void keep(std::int64_t seq, std::string_view type, std::string_view json) {
        if (waiting_.size() >= waiting_max || waiting_bytes_ + json.size() > waiting_bytes_max)
            return;
        const bool is_new =
            waiting_.try_emplace(seq, Event{std::string(type), std::string(json)}).second;
        if (is_new) waiting_bytes_ += json.size();
    }

    template <class Deliver>
    void drain(Deliver deliver) {
        while (!waiting_.empty() && waiting_.begin()->first <= delivered_ + 1) {
            auto node = waiting_.extract(waiting_.begin());
            waiting_bytes_ -= node.mapped().json.size();
            if (node.key() <= delivered_) continue;
            delivered_ = node.key();
            deliver(node.key(), node.mapped().type, node.mapped().json);
        }
    }

    std::int64_t delivered_ = -1;
    std::map<std::int64_t, Event> waiting_;
    std::size_t waiting_bytes_ = 0;
};

}  // namespace stoa::chat
