// SPDX-License-Identifier: Apache-2.0
// Each room's one durable, gap-free sequence of events. `append_event` writes an event in the
// transaction of what it tells; after the commit `RoomEvents::publish` carries it over Redis to the
// nodes with people in that room. A lost publish loses nothing: readers see the gap in `seq`. Any
// thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::rooms {

/// An event exactly as clients get it: `json` is `{"type","room_id","seq","data":{…}}`.
struct Event {
    RoomId room;
    std::int64_t seq = 0;
    std::string type;
    std::string json;
};

/// `{"type","room_id","seq","data"}` of an event, or without `seq` of a passing one.
std::string event_json(const RoomId& room, std::string_view type, std::optional<std::int64_t> seq,
                       std::string_view data_json);

/// Takes the room's next `seq` (its row lock orders the room's writers until they commit) and
/// records the event; `data_json` is one JSON object. `room_not_found` if there is no such room.
Result<Event> append_event(postgres::Session& session, const RoomId& room, std::string_view type,
                           const std::string& data_json);
/// Whose key seals an event's data. The key is got before the transaction: `SubjectKeys::key_of`.
struct Sealing {
    UserId user;
    accounts::SubjectKey key;
    std::optional<RowId> subject{};  ///< what it is about: `redact_events` finds it by that
};
/// As above, for data that repeats what lies sealed elsewhere. It travels to the room's people as
/// any other; only what is stored is sealed.
Result<Event> append_event(postgres::Session& session, const RoomId& room, std::string_view type,
                           const std::string& data_json, const Sealing& sealing);
/// As the first, but `seq` was taken before with `next_seq` because the data carries it, and the
/// event travels with the COMMIT, whose error is its.
Result<std::int64_t> next_seq(postgres::Session& session, const RoomId& room);
Event record_event(postgres::Session& session, const RoomId& room, std::int64_t seq,
                   std::string_view type, const std::string& data_json);

/// Lays `data_json` over the data of every event from `from_seq` on whose data has this "id", and
/// in the place of what was sealed about it: what was deleted must not live on in the log.
Result<void> redact_events(postgres::Session& session, const RoomId& room, std::int64_t from_seq,
                           const std::string& subject_id, const std::string& data_json);

struct RoomPosition {
    RoomId room_id;
    std::int64_t last_seq = 0;
};
BOOST_DESCRIBE_STRUCT(RoomPosition, (), (room_id, last_seq))

struct StoredEvent;

class RoomEvents {
  public:
    /// Hears at once what this process publishes: a durable event with its `seq`; a passing one, if
    /// Redis would not carry it, with none.
    using Listener = std::function<void(const RoomId&, std::optional<std::int64_t> seq,
                                        std::string_view type, std::string_view json)>;

    RoomEvents(postgres::Database& database, redis::Client& redis, accounts::SubjectKeys& keys);
    /// To be called after the commit, in order of `seq`. Failure is logged; nodes catch up by
    /// themselves.
    void publish(const Event& event);
    /// A passing event (typing, answer deltas): no `seq`, carried by Redis only.
    void publish_passing(const RoomId& room, std::string_view type, const std::string& data_json);
    /// Events with seq in (after, …], oldest first, at most `limit`. Of one whose sealer's key was
    /// destroyed the data is `{"is_deleted":true}`.
    Result<std::vector<Event>> list_after(const RoomId& room, std::int64_t after,
                                          std::int64_t limit);
    /// As above with seq in (after, up_to].
    Result<std::vector<Event>> list_between(const RoomId& room, std::int64_t after,
                                            std::int64_t up_to, std::int64_t limit);
    Result<std::int64_t> last_seq(const RoomId& room);
    Result<std::vector<RoomPosition>> last_seqs(const std::vector<RoomId>& rooms);
    /// At most one listener, this node's feed; an empty one ends it (no call is then under way).
    void set_listener(Listener listener);

  private:
    Result<std::string> open(const RoomId& room, const StoredEvent& event);
    /// False if Redis is away (then it is left alone for a second, so that no request waits for
    /// it).
    bool carry(const std::string& channel, std::string_view json);
    void tell_listener(const RoomId& room, std::optional<std::int64_t> seq, std::string_view type,
                       std::string_view json);

    postgres::Database& database_;
    redis::Client& redis_;
    accounts::SubjectKeys& keys_;
    std::atomic<std::int64_t> redis_away_until_ms_{0};
    std::shared_mutex listener_mutex_;
    Listener listener_;
};

/// The channel an event type travels on: "room:{id}:messages", ":presence" or ":documents".
std::string channel_of(const RoomId& room, std::string_view type);

}  // namespace stoa::rooms
