// SPDX-License-Identifier: Apache-2.0
// Reads the head of a room event as `rooms::event_json` writes it, without parsing its data: the
// bytes that came from Redis go on to the sockets as they are. Pure; any thread.
#pragma once

#include "base/id.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace stoa::chat {

/// Views into the text it was read from.
struct Envelope {
    std::string_view type;
    RoomId room;
    std::optional<std::int64_t> seq;  ///< none: a passing event
    std::string_view data;
};

/// Nothing, if the text does not begin as our events do or its seq is not positive.
std::optional<Envelope> parse_envelope(std::string_view json);

}  // namespace stoa::chat
