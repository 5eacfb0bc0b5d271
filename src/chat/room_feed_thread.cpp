// SPDX-License-Identifier: Apache-2.0
// The part of RoomFeed that runs on its own thread: reading what Redis did not bring.
#include "base/log.hpp"
#include "chat/room_state.hpp"
#include "chat/sql.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace stoa::chat {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds poll_every{1'000};
constexpr std::chrono::milliseconds check_sessions_every{500};
constexpr std::chrono::milliseconds look_again_after{100};
constexpr std::size_t rooms_a_poll_max = 1'000;

}  // namespace

void RoomFeed::catch_up_soon(const RoomId& id, std::chrono::milliseconds delay) {
    const auto at = SteadyClock::now() + delay;
    const std::lock_guard lock(wake_mutex_);
    const auto [entry, is_new] = due_.try_emplace(id, at);
    if (!is_new && entry->second <= at) return;
    entry->second = at;
    wake_.notify_one();
}

void RoomFeed::run(const std::stop_token& stop) {
    auto next_poll = SteadyClock::now() + poll_every;
    auto next_sessions = SteadyClock::now() + check_sessions_every;
    while (!stop.stop_requested()) {
        std::vector<RoomId> due;
        {
            std::unique_lock lock(wake_mutex_);
            auto until = std::min(next_poll, next_sessions);
            for (const auto& [id, at] : due_) until = std::min(until, at);
            const auto known = due_;
            wake_.wait_until(lock, stop, until, [&] { return is_poll_due_ || due_ != known; });
            const auto now = SteadyClock::now();
            std::erase_if(due_, [&](const auto& entry) {
                if (entry.second > now) return false;
                due.push_back(entry.first);
                return true;
            });
            if (std::exchange(is_poll_due_, false)) next_poll = now;
        }
        for (const auto& id : due) {
            const RoomPointer room = find(id);
            if (room && !catch_up(*room)) catch_up_soon(id, poll_every);
        }
        if (SteadyClock::now() >= next_poll) {
            poll_positions();
            next_poll = SteadyClock::now() + poll_every;
        }
        if (SteadyClock::now() >= next_sessions) {
            close_dead_sessions();
            detach_gone();
            next_sessions = SteadyClock::now() + check_sessions_every;
        }
    }
}

/// Reads and delivers all events after the room's position.
Result<void> RoomFeed::catch_up(Room& room) {
    constexpr std::int64_t batch = 200;
    for (;;) {
        std::int64_t after = 0;
        {
            const std::lock_guard lock(room.mutex);
            if (!room.order.is_started()) return {};
            after = room.order.delivered();
        }
        const auto events = events_.list_after(room.id, after, batch);
        if (!events) return fail(events);
        const std::lock_guard lock(room.mutex);
        for (const auto& event : *events) {
            room.order.offer(event.seq, event.type, event.json,
                             [&](std::int64_t seq, std::string_view type, std::string_view json) {
                                 deliver(room, seq, type, json);
                             });
        }
        if (std::cmp_equal(events->size(), batch)) continue;
        if (room.order.has_gap()) {
            // Committed since we read, or never: either way the database tells next time.
            room.order.drop_waiting();
            catch_up_soon(room.id, look_again_after);
        }
        return {};
    }
}

void RoomFeed::poll_positions() {
    const auto all = list_rooms();
    for (std::size_t begin = 0; begin < all.size(); begin += rooms_a_poll_max) {
        std::vector<RoomId> ids;
        std::unordered_map<RoomId, RoomPointer> by_id;
        for (std::size_t i = begin; i < std::min(all.size(), begin + rooms_a_poll_max); ++i) {
            ids.push_back(all[i]->id);
            by_id.emplace(all[i]->id, all[i]);
        }
        const auto positions = events_.last_seqs(ids);
        if (!positions) return;  // next time
        for (const auto& [id, last_seq] : *positions) {
            Room& room = *by_id.at(id);
            {
                const std::lock_guard lock(room.mutex);
                if (!room.order.is_started() || last_seq <= room.order.delivered()) continue;
            }
            metrics_.count("stoa_room_feed_missed_total",
                           "Times a room's events had to be found by asking the database.");
            if (!catch_up(room)) return;
        }
    }
}

void RoomFeed::close_dead_sessions() {
    std::unordered_set<SessionId> sessions;
    const auto all = list_rooms();
    for (const auto& room : all) {
        const std::lock_guard lock(room->mutex);
        for (const auto& [subscriber, seated] : room->seats) {
            sessions.insert(seated.seat.caller.session);
        }
    }
    if (sessions.empty()) return;
    const std::vector<SessionId> asked(sessions.begin(), sessions.end());
    const auto dead = database_.list<SessionId>(sql::list_dead_sessions, asked);
    if (!dead || dead->empty()) return;
    const std::unordered_set<SessionId> ended(dead->begin(), dead->end());
    for (const auto& room : all) {
        const std::lock_guard lock(room->mutex);
        revoke(
            *room, [&](const Seat& seat) { return ended.contains(seat.caller.session); },
            "session_revoked");
    }
}

/// Event streams do not tell their end.
void RoomFeed::detach_gone() {
    std::vector<std::pair<RoomId, std::shared_ptr<http::Subscriber>>> gone;
    for (const auto& room : list_rooms()) {
        const std::lock_guard lock(room->mutex);
        for (const auto& [subscriber, seated] : room->seats) {
            if (subscriber->is_gone()) gone.emplace_back(room->id, seated.seat.subscriber);
        }
    }
    for (const auto& [room, subscriber] : gone) detach(room, subscriber);
}

}  // namespace stoa::chat
