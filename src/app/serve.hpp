// SPDX-License-Identifier: Apache-2.0
// `stoa serve`: the API. Adds to the services what only the edge needs (room feed, sockets, server)
// and runs until a signal. PostgreSQL and Redis may be away at the start: requests then get 503
// until they are back.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"
#include "http/server.hpp"

#include <string>
#include <vector>

namespace stoa::app {

/// Blocks until SIGINT or SIGTERM, then drains for at most 10 s. Errors: `address_in_use`, and what
/// `Services::make` says.
Result<void> serve(const Settings& settings);
/// What the settings mean to the server. `settings_invalid` if a proxy is no address or network.
Result<http::ServerOptions> server_options(const Settings& settings);
/// The route table as `describe` writes it.
Result<std::vector<std::string>> list_routes(const Settings& settings);

}  // namespace stoa::app
