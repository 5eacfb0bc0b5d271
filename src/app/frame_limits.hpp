// SPDX-License-Identifier: Apache-2.0
// The rows of the rate limits' table for what people do through sockets: the same as for the routes
// that do the same. Pure but for the limiter; any thread.
#pragma once

#include "app/rate_limits.hpp"
#include "chat/room_socket.hpp"
#include "http/limit.hpp"

namespace stoa::app {

/// Counts by `limiter`; empty, if that is. `auth` counts for entering a room.
chat::FrameLimiter limit_frames(http::Limiter limiter, const RateLimits& limits);

}  // namespace stoa::app
