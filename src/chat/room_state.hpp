// SPDX-License-Identifier: Apache-2.0
// What a RoomFeed holds of one room: where its sequence stands on this node and who sits in it.
// Each room has its own lock. Private to the feed.
#pragma once

#include "chat/event_order.hpp"
#include "chat/room_feed.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stoa::chat {

/// What was delivered while a socket still reads what it missed. Passing events have seq 0.
struct Backlog {
    static constexpr std::size_t bytes_max = 256 * 1024;

    std::vector<std::pair<std::int64_t, std::string>> events;
    std::size_t bytes = 0;
    bool is_overflown = false;

    void keep(std::int64_t seq, std::string_view json) {
        bytes += json.size();
        if (bytes > bytes_max)
            is_overflown = true;
        else
            events.emplace_back(seq, json);
    }
};

struct RoomFeed::Room {
    struct Seated {
        Seat seat;
        std::optional<Backlog> backlog;  ///< until the socket is live
        bool is_revoked = false;
    };

    explicit Room(const RoomId& room) : id(room) {}

    const RoomId id;
    std::mutex mutex;
    EventOrder order;
    std::unordered_map<http::Subscriber*, Seated> seats;
    std::size_t waiting_seats = 0;  ///< that have a backlog
};

}  // namespace stoa::chat
