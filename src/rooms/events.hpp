// SPDX-License-Identifier: Apache-2.0
// Each room's one durable, gap-free sequence of events. `append_event` writes an event in the
// transaction of what it tells; after the commit `RoomEvents::publish` carries it over Redis to the
// nodes with people in that room. A lost publish loses nothing: readers see the gap in `seq`. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"

namespace stoa::rooms {

/// An event exactly as clients get it: `json` is `{"type","room_id","seq","data":{…}}`.
struct Event {
    RoomId room;
    std::int64_t seq = 0;
    std::string type;
    std::string json;
};

/// Takes the room's next `seq` (its row lock orders the room's writers until they commit) and records
/// the event; `data_json` is one JSON object. `room_not_found` if there is no such room.
Result<Event> append_event(postgres::Session& session, const RoomId& room, std::string_view type,
                           const std::string& data_json);
/// As above, but `seq` was taken before with `next_seq` because the data carries it.
Result<std::int64_t> next_seq(postgres::Session& session, const RoomId& room);
Result<Event> record_event(postgres::Session& session, const RoomId& room, std::int64_t seq,
                           std::string_view type, const std::string& data_json);

class RoomEvents {
  public:
    RoomEvents(postgres::Database& database, redis::Client& redis);
    /// To be called after the commit, in order of `seq`. Failure is logged; nodes catch up by themselves.
    void publish(const Event& event);
    /// A passing event (typing, answer deltas): no `seq`, carried by Redis only.
    void publish_passing(const RoomId& room, std::string_view type, const std::string& data_json);
    /// Events with seq in (after, …], oldest first, at most `limit`.
    Result<std::vector<Event>> list_after(const RoomId& room, std::int64_t after, std::int64_t limit);
    Result<std::int64_t> last_seq(const RoomId& room);

  private:
    postgres::Database& database_;
    redis::Client& redis_;
};

/// The channel an event type travels on: "room:{id}:messages", ":presence" or ":documents".
std::string channel_of(const RoomId& room, std::string_view type);

}  // namespace stoa::rooms
