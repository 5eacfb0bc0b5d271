// SPDX-License-Identifier: Apache-2.0
#include "chat/room_feed.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "chat/envelope.hpp"
#include "chat/event_order.hpp"
#include "chat/room_state.hpp"

#include <array>
#include <utility>
#include <vector>

namespace stoa::chat {
namespace {

constexpr std::size_t replayed_bytes_max = 768 * 1024;  // a socket's buffer holds 1 MiB
constexpr std::chrono::milliseconds gap_patience{20};

std::array<std::string, 3> channels_of(const RoomId& room) {
    return {rooms::channel_of(room, "new_message"), rooms::channel_of(room, "user_joined"),
            rooms::channel_of(room, "document_shared")};
}

std::string seq_frame(const RoomId& room, std::string_view type, std::int64_t seq) {
    return rooms::event_json(room, type, std::nullopt, R"({"seq":)" + std::to_string(seq) + "}");
}

/// Whom a `user_left` event is about, and why they left.
std::pair<std::optional<UserId>, std::string> read_left(std::string_view json) {
    const auto envelope = parse_envelope(json);
    if (!envelope) return {};
    const auto data = json::parse(envelope->data);
    if (!data || !data->is_object()) return {};
    const auto* reason = data->get_object().if_contains("reason");
    const auto* user = data->get_object().if_contains("user");
    if (user == nullptr || !user->is_object()) return {};
    const auto* id = user->get_object().if_contains("id");
    if (id == nullptr || !id->is_string()) return {};
    return {UserId::parse(std::string_view(id->get_string())),
            reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : "left"};
}

}  // namespace

RoomFeed::RoomFeed(rooms::RoomEvents& events, postgres::Database& database,
                   const redis::Options& redis, http::Hub& hub, Metrics& metrics)
    : events_(events), database_(database), hub_(hub), metrics_(metrics) {
    subscriber_ = std::make_unique<redis::Subscriber>(
        redis, redis::Subscriber::Handlers{
                   [this](std::string_view, std::string_view payload) { on_payload(payload); },
                   [this] {
                       const std::lock_guard lock(wake_mutex_);
                       is_poll_due_ = true;
                       wake_.notify_one();
                   }});
    events_.set_listener([this](const RoomId& room, std::optional<std::int64_t> seq,
                                std::string_view type,
                                std::string_view json) { offer(room, seq, type, json); });
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

RoomFeed::~RoomFeed() {
    events_.set_listener({});
    thread_.request_stop();
    thread_.join();  // it unsubscribes what nobody reads any more
    subscriber_.reset();
}

Result<void> RoomFeed::attach(const RoomId& id, const Seat& seat, std::optional<std::int64_t> since,
                              const Announce& announce) {
    const RoomPointer room = reserve(id, seat);
    auto seated = seat_after(*room, seat, since, announce);
    if (!seated) detach(id, seat.subscriber);
    return seated;
}

Result<void> RoomFeed::seat_after(Room& room, const Seat& seat, std::optional<std::int64_t> since,
                                  const Announce& announce) {
    const auto stand_seq = stand(room, since);
    if (!stand_seq) return fail(stand_seq);
    std::vector<rooms::Event> missed;
    bool is_resumed = since && *since <= *stand_seq && *stand_seq - *since <= missed_events_max;
    if (is_resumed) {
        auto read = events_.list_between(room.id, *since, *stand_seq, missed_events_max);
        if (!read) return fail(read);
        missed = std::move(*read);
        std::size_t bytes = 0;
        for (const auto& event : missed) bytes += event.json.size();
        is_resumed = bytes <= replayed_bytes_max;
    }
    if (auto announced = announce(*stand_seq, is_resumed); !announced) return announced;
    if (is_resumed) {
        for (const auto& event : missed) seat.subscriber->send(event.json);
    } else if (since) {
        seat.subscriber->send(seq_frame(room.id, "reset", *stand_seq));
    }
    go_live(room, seat.subscriber, *stand_seq);
    return {};
}

/// From here on what is delivered is kept for this socket.
RoomFeed::RoomPointer RoomFeed::reserve(const RoomId& id, const Seat& seat) {
    RoomPointer room;
    bool is_new = false;
    {
        const std::lock_guard lock(rooms_mutex_);
        auto& entry = rooms_[id];
        is_new = !entry;
        if (is_new) entry = std::make_shared<Room>(id);
        room = entry;
        const std::lock_guard room_lock(room->mutex);
        room->seats[seat.subscriber.get()] = {seat, Backlog{}, false};
        ++room->waiting_seats;
    }
    if (!is_new) return room;
    // Not with the lock: subscribing waits for Redis, whose thread may be waiting for the lock.
    for (const auto& channel : channels_of(id)) subscriber_->subscribe(channel);
    const std::lock_guard room_lock(room->mutex);
    if (room->order.is_started()) catch_up_soon(id, std::chrono::milliseconds(0));
    return room;
}

/// Where the room stands on this node, at least at `since` if the database is there already.
Result<std::int64_t> RoomFeed::stand(Room& room, std::optional<std::int64_t> since) {
    std::unique_lock lock(room.mutex);
    if (!room.order.is_started()) {
        lock.unlock();
        const auto last = events_.last_seq(room.id);
        if (!last) return fail(last);
        lock.lock();
        room.order.start(*last, [&](std::int64_t seq, std::string_view type,
                                    std::string_view json) { deliver(room, seq, type, json); });
    }
    if (since && *since > room.order.delivered()) {
        lock.unlock();
        if (auto done = catch_up(room); !done) return fail(done);
        lock.lock();
    }
    return room.order.delivered();
}

void RoomFeed::go_live(Room& room, const std::shared_ptr<http::Subscriber>& subscriber,
                       std::int64_t after) {
    const std::lock_guard lock(room.mutex);
    const auto found = room.seats.find(subscriber.get());
    if (found == room.seats.end() || found->second.is_revoked || !found->second.backlog) return;
    const Backlog backlog = std::move(*found->second.backlog);
    found->second.backlog.reset();
    --room.waiting_seats;
    if (backlog.is_overflown) {
        subscriber->send(seq_frame(room.id, "reset", room.order.delivered()));
    } else {
        for (const auto& [seq, json] : backlog.events) {
            if (seq == 0 || seq > after) subscriber->send(json);
        }
    }
    hub_.join(room.id, subscriber);
}

void RoomFeed::detach(const RoomId& id, const std::shared_ptr<http::Subscriber>& subscriber) {
    const std::lock_guard lock(rooms_mutex_);
    const auto found = rooms_.find(id);
    if (found == rooms_.end()) return;
    Room& room = *found->second;
    bool is_empty = false;
    {
        const std::lock_guard room_lock(room.mutex);
        const auto seat = room.seats.find(subscriber.get());
        if (seat == room.seats.end()) return;
        if (seat->second.backlog) --room.waiting_seats;
        hub_.leave(id, subscriber);
        room.seats.erase(seat);
        is_empty = room.seats.empty();
    }
    if (!is_empty) return;
    for (const auto& channel : channels_of(id)) subscriber_->unsubscribe(channel);
    rooms_.erase(found);
}

void RoomFeed::on_payload(std::string_view payload) {
    const auto envelope = parse_envelope(payload);
    if (envelope) return offer(envelope->room, envelope->seq, envelope->type, payload);
    metrics_.count("stoa_room_feed_foreign_payloads_total",
                   "Payloads on room channels that are no room events.");
}

void RoomFeed::offer(const RoomId& id, std::optional<std::int64_t> seq, std::string_view type,
                     std::string_view json) {
    const RoomPointer room = find(id);
    if (!room) return;
    bool has_gap = false;
    {
        const std::lock_guard lock(room->mutex);
        if (!seq) return spread(*room, 0, json);
        room->order.offer(
            *seq, type, json,
            [&](std::int64_t at, std::string_view its_type, std::string_view its_json) {
                deliver(*room, at, its_type, its_json);
            });
        has_gap = room->order.has_gap();
    }
    // Nodes publish side by side: most gaps fill themselves within milliseconds.
    if (has_gap) catch_up_soon(id, gap_patience);
}

/// With the room locked, in order of seq.
void RoomFeed::deliver(Room& room, std::int64_t seq, std::string_view type, std::string_view json) {
    spread(room, seq, json);
    if (type == "user_left") {
        const auto [who, reason] = read_left(json);
        if (!who) return;
        revoke(room, [left = *who](const Seat& seat) { return seat.caller.user == left; }, reason);
    } else if (type == "room_closed") {
        revoke(room, [](const Seat&) { return true; }, "room_closed");
    }
}

void RoomFeed::spread(Room& room, std::int64_t seq, std::string_view json) {
    hub_.publish(room.id, json);
    if (room.waiting_seats == 0) return;
    for (auto& [subscriber, seated] : room.seats) {
        if (seated.backlog) seated.backlog->keep(seq, json);
    }
}

/// With the room locked. The seats themselves go when their sockets have closed.
void RoomFeed::revoke(Room& room, const std::function<bool(const Seat&)>& is_meant,
                      std::string_view reason) {
    for (auto& [pointer, seated] : room.seats) {
        if (seated.is_revoked || !is_meant(seated.seat)) continue;
        seated.is_revoked = true;
        const auto& subscriber = seated.seat.subscriber;
        hub_.leave(room.id, subscriber);
        subscriber->send(rooms::event_json(room.id, "access_revoked", std::nullopt,
                                           R"({"reason":")" + std::string(reason) + R"("})"));
        subscriber->close(http::close_code::policy, reason);
    }
}

RoomFeed::RoomPointer RoomFeed::find(const RoomId& id) {
    const std::lock_guard lock(rooms_mutex_);
    const auto found = rooms_.find(id);
    return found == rooms_.end() ? nullptr : found->second;
}

std::vector<RoomFeed::RoomPointer> RoomFeed::list_rooms() {
    const std::lock_guard lock(rooms_mutex_);
    std::vector<RoomPointer> all;
    all.reserve(rooms_.size());
    for (const auto& [id, room] : rooms_) all.push_back(room);
    return all;
}

}  // namespace stoa::chat
