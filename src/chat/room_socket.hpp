// SPDX-License-Identifier: Apache-2.0
// One person's WebSocket into one room: signs in, takes a seat in the room's feed, and does what
// the client's frames ask. Made by the factory for each connection; its calls come one at a time on
// the worker pool. Failures to enter are told as an error frame and a close code, which browsers
// can read.
#pragma once

#include "base/result.hpp"
#include "chat/frames.hpp"
#include "chat/messages.hpp"
#include "chat/room_feed.hpp"
#include "chat/socratic.hpp"
#include "documents/documents.hpp"
#include "documents/highlights.hpp"
#include "http/socket.hpp"
#include "rooms/rooms.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace stoa::chat {

/// How a socket's client proves who they are; each fails with `unauthenticated` errors.
struct SocketAuth {
    std::function<Result<http::Caller>(std::string_view token)> authenticate;
    std::function<Result<http::Caller>(std::string_view ticket)> redeem_ticket;
    std::function<Result<http::Caller>(std::string_view address, std::string_view signed_message,
                                       std::string_view signature)>
        verify_wallet;
};

/// Counts one frame of a person, or, of type `auth`, that they enter a room: `rate_limited`.
using FrameLimiter = std::function<Result<void>(const UserId&, FrameType)>;

/// What all room sockets share; everything referred to outlives the server.
struct RoomSocketParts {
    rooms::Rooms& rooms;
    Messages& messages;
    RoomFeed& feed;
    Socratic& socratic;
    documents::Documents& documents;
    documents::Highlights& highlights;
    SocketAuth auth;
    FrameLimiter limiter{};  ///< may be empty: without limits but the socket's own, below
    double frames_per_second = 20;
    double frames_burst = 40;
    std::chrono::milliseconds auth_timeout{10'000};
};

/// For `/ws/rooms/{room_id}` and its alias.
http::SocketFactory room_sockets(RoomSocketParts parts);

}  // namespace stoa::chat
