// SPDX-License-Identifier: Apache-2.0
// Brings the events of rooms to this node's sockets and event streams: every durable event once, in
// order of seq and without gaps, whether it came from this process, over Redis, or had to be read
// from PostgreSQL. Redis is only the fast way: once a second the feed compares its position in
// every room that has sockets here with the database's, so all nodes get the same sequence even
// with Redis dead. Owner: the composition root. Any thread; database reads for missed events run on
// its own thread.
#pragma once

#include "base/id.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "http/socket.hpp"
#include "postgres/database.hpp"
#include "redis/subscriber.hpp"
#include "rooms/events.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace stoa::chat {

/// Who sits behind a subscriber.
struct Seat {
    std::shared_ptr<http::Subscriber> subscriber;
    http::Caller caller;
};

class RoomFeed {
  public:
    RoomFeed(rooms::RoomEvents& events, postgres::Database& database, const redis::Options& redis,
             http::Hub& hub, Metrics& metrics);
    ~RoomFeed();
    RoomFeed(const RoomFeed&) = delete;
    RoomFeed& operator=(const RoomFeed&) = delete;

    static constexpr std::int64_t missed_events_max = 1'000;

    /// Called once, before the first event, when nothing that happens in the room can be missed any
    /// more: with the position after which live events come, and whether the missed ones are sent
    /// before them (if not though asked for, a `reset` follows). Its failure gives the seat up.
    using Announce = std::function<Result<void>(std::int64_t seq, bool is_resumed)>;

    /// Seats the socket: after `announce` it is sent exactly the events after `since`, then the
    /// live ones. More than `missed_events_max` missed (or too many bytes), or a `since` from the
    /// future: `reset {seq}` and only live ones. `announce` must check the caller's access: whoever
    /// is put out later is put out here too. On any failure the socket is not seated.
    Result<void> attach(const RoomId& room, const Seat& seat, std::optional<std::int64_t> since,
                        const Announce& announce);
    void detach(const RoomId& room, const std::shared_ptr<http::Subscriber>& subscriber);

  private:
    struct Room;
    using RoomPointer = std::shared_ptr<Room>;
    using Instant = std::chrono::steady_clock::time_point;

    Result<void> seat_after(Room& room, const Seat& seat, std::optional<std::int64_t> since,
                            const Announce& announce);
    RoomPointer reserve(const RoomId& room, const Seat& seat);
    Result<std::int64_t> stand(Room& room, std::optional<std::int64_t> since);
    void go_live(Room& room, const std::shared_ptr<http::Subscriber>& subscriber,
                 std::int64_t after);

    void on_payload(std::string_view payload);
    void offer(const RoomId& id, std::optional<std::int64_t> seq, std::string_view type,
               std::string_view json);
    void deliver(Room& room, std::int64_t seq, std::string_view type, std::string_view json);
    void spread(Room& room, std::int64_t seq, std::string_view json);
    void revoke(Room& room, const std::function<bool(const Seat&)>& is_meant,
                std::string_view reason);

    RoomPointer find(const RoomId& id);
    std::vector<RoomPointer> list_rooms();
    void catch_up_soon(const RoomId& id, std::chrono::milliseconds delay);
    Result<void> catch_up(Room& room);
    void run(const std::stop_token& stop);
    void poll_positions();
    void close_dead_sessions();
    void detach_gone();

    rooms::RoomEvents& events_;
    postgres::Database& database_;
    http::Hub& hub_;
    Metrics& metrics_;

    std::mutex rooms_mutex_;  ///< taken before a room's own
    std::unordered_map<RoomId, RoomPointer> rooms_;

    std::mutex wake_mutex_;
    std::condition_variable_any wake_;
    std::map<RoomId, Instant> due_;
    bool is_poll_due_ = false;

    std::unique_ptr<redis::Subscriber> subscriber_;
    std::jthread thread_;
};

}  // namespace stoa::chat
