// SPDX-License-Identifier: Apache-2.0
// The whole API in one visible table. docs/openapi.yaml is held to it both ways by a test.
#pragma once

#include "app/services.hpp"
#include "http/routes.hpp"

#include <string>
#include <vector>

namespace stoa::app {

/// What needs the room feed, which only `serve` has.
struct LiveRooms {
    http::SocketFactory sockets;
    http::Handler event_stream;
};
http::Routes route_table(Services& services, const LiveRooms& live);
/// "GET /api/v1/rooms/list signed_in 600/60s/user", a line a route.
std::vector<std::string> describe(const http::Routes& routes);

}  // namespace stoa::app
