// SPDX-License-Identifier: Apache-2.0
#include "rooms/events.hpp"

#include "base/log.hpp"
#include "rooms/sql.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <mutex>

namespace stoa::rooms {

struct StoredEvent {
    std::int64_t seq = 0;
    std::string type;
    std::optional<json::Raw> payload;
    std::optional<postgres::Bytes> sealed_payload;
    std::optional<UserId> sealed_by;
};
BOOST_DESCRIBE_STRUCT(StoredEvent, (), (seq, type, payload, sealed_payload, sealed_by))

namespace {

std::string sealed_place(const RoomId& room, std::int64_t seq) {
    return "room_events.sealed_payload " + room.str() + ' ' + std::to_string(seq);
}

std::int64_t steady_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

tl::unexpected<Error> no_such_room() {
    return fail(ErrorKind::not_found, "room_not_found", "There is no such room.");
}

}  // namespace

std::string event_json(const RoomId& room, std::string_view type, std::optional<std::int64_t> seq,
                       std::string_view data_json) {
    std::string out;
    out.reserve(data_json.size() + type.size() + 96);
    out += R"({"type":)";
    json::append_string(out, type);
    out += R"(,"room_id":")";
    out += room.str();
    out += '"';
    if (seq) {
        out += R"(,"seq":)";
        json::append_number(out, *seq);
    }
    out += R"(,"data":)";
    out += data_json;
    out += '}';
    return out;
}

Result<Event> append_event(postgres::Session& session, const RoomId& room, std::string_view type,
                           const std::string& data_json) {
    auto seq = session.find<std::int64_t>(sql::append_event, room, type, json::Raw{data_json});
    if (!seq) return fail(seq);
    if (!*seq) return no_such_room();
    return Event{room, **seq, std::string(type), event_json(room, type, *seq, data_json)};
}

Result<Event> append_event(postgres::Session& session, const RoomId& room, std::string_view type,
                           const std::string& data_json, const Sealing& sealing) {
    const auto seq = next_seq(session, room);
    if (!seq) return fail(seq);
    session.defer(sql::insert_sealed_event, room, *seq, type,
                  sealing.key.seal(data_json, sealed_place(room, *seq)), sealing.user,
                  sealing.subject);
    return Event{room, *seq, std::string(type), event_json(room, type, *seq, data_json)};
}

Result<std::int64_t> next_seq(postgres::Session& session, const RoomId& room) {
    auto seq = session.find<std::int64_t>(sql::next_seq, room);
    if (!seq) return fail(seq);
    if (!*seq) return no_such_room();
    return **seq;
}

Event record_event(postgres::Session& session, const RoomId& room, std::int64_t seq,
                   std::string_view type, const std::string& data_json) {
    session.defer(sql::insert_event, room, seq, type, json::Raw{data_json});
    return Event{room, seq, std::string(type), event_json(room, type, seq, data_json)};
}

Result<void> redact_events(postgres::Session& session, const RoomId& room, std::int64_t from_seq,
                           const std::string& subject_id, const std::string& data_json) {
    auto done = session.run(sql::redact_events, room, from_seq, subject_id, json::Raw{data_json});
    if (!done) return fail(done);
    return {};
}

RoomEvents::RoomEvents(postgres::Database& database, redis::Client& redis,
                       accounts::SubjectKeys& keys)
    : database_(database), redis_(redis), keys_(keys) {}

void RoomEvents::publish(const Event& event) {
    tell_listener(event.room, event.seq, event.type, event.json);
    carry(channel_of(event.room, event.type), event.json);
}

void RoomEvents::publish_passing(const RoomId& room, std::string_view type,
                                 const std::string& data_json) {
    const std::string json = event_json(room, type, std::nullopt, data_json);
    if (!carry(channel_of(room, type), json)) tell_listener(room, std::nullopt, type, json);
}

bool RoomEvents::carry(const std::string& channel, std::string_view json) {
    constexpr std::int64_t rest_ms = 1'000;
    if (steady_ms() < redis_away_until_ms_.load(std::memory_order_relaxed)) return false;
    const auto sent = redis_.publish(channel, json);
    if (sent) return true;
    redis_away_until_ms_.store(steady_ms() + rest_ms, std::memory_order_relaxed);
    log::warning("Redis did not take a room event; nodes read it from PostgreSQL",
                 {{"error.code", std::string(sent.error().code)}});
    return false;
}

void RoomEvents::tell_listener(const RoomId& room, std::optional<std::int64_t> seq,
                               std::string_view type, std::string_view json) {
    const std::shared_lock lock(listener_mutex_);
    if (listener_) listener_(room, seq, type, json);
}

void RoomEvents::set_listener(Listener listener) {
    const std::unique_lock lock(listener_mutex_);
    listener_ = std::move(listener);
}

Result<std::vector<Event>> RoomEvents::list_after(const RoomId& room, std::int64_t after,
                                                  std::int64_t limit) {
    return list_between(room, after, std::numeric_limits<std::int64_t>::max(), limit);
}

Result<std::vector<Event>> RoomEvents::list_between(const RoomId& room, std::int64_t after,
                                                    std::int64_t up_to, std::int64_t limit) {
    auto stored = database_.list<StoredEvent>(sql::list_events, room, after, up_to, limit);
    if (!stored) return fail(stored);
    std::vector<Event> events;
    events.reserve(stored->size());
    for (auto& event : *stored) {
        const auto data = open(room, event);
        if (!data) return fail(data);
        std::string json = event_json(room, event.type, event.seq, *data);
        events.push_back({room, event.seq, std::move(event.type), std::move(json)});
    }
    return events;
}

Result<std::string> RoomEvents::open(const RoomId& room, const StoredEvent& event) {
    if (event.payload) return event.payload->text;
    const auto key = keys_.key_of(*event.sealed_by);
    if (key) return key->open(*event.sealed_payload, sealed_place(room, event.seq));
    if (key.error().code == std::string_view("subject_erased")) return R"({"is_deleted":true})";
    return fail(key);
}

Result<std::int64_t> RoomEvents::last_seq(const RoomId& room) {
    auto seq = database_.find<std::int64_t>(sql::find_last_seq, room);
    if (!seq) return fail(seq);
    if (!*seq) return no_such_room();
    return **seq;
}

Result<std::vector<RoomPosition>> RoomEvents::last_seqs(const std::vector<RoomId>& rooms) {
    return database_.list<RoomPosition>(sql::list_last_seqs, rooms);
}

std::string channel_of(const RoomId& room, std::string_view type) {
    static constexpr std::array<std::string_view, 6> presence = {
        "user_joined",         "user_left",    "typing_status",
        "participant_updated", "room_updated", "room_closed"};
    const auto among = [&](const auto& types) {
        return std::find(types.begin(), types.end(), type) != types.end();
    };
    const bool about_documents = type.starts_with("document_") || type.starts_with("highlight");
    const std::string_view suffix = among(presence)   ? ":presence"
                                    : about_documents ? ":documents"
                                                      : ":messages";
    return "room:" + room.str() + std::string(suffix);
}

}  // namespace stoa::rooms
