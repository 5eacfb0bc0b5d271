// SPDX-License-Identifier: Apache-2.0
#include "app/probes.hpp"

#include "app/operations.hpp"

#include <chrono>

namespace stoa::app {
namespace {

http::Routes probe_routes(Services& services) {
    http::Routes routes;
    add_probes(routes, services);
    return routes;
}

http::ServerOptions probe_options(const Settings& settings) {
    http::ServerOptions options;
    options.address = settings.http_address;
    options.port = static_cast<std::uint16_t>(settings.work_http_port);
    options.connections_max = 100;
    return options;
}

Result<http::Caller> nobody(std::string_view) {
    return fail(ErrorKind::unauthenticated, "unauthenticated", "Nobody signs in here.");
}

}  // namespace

Probes::Probes(Services& services)
    : routes_(probe_routes(services)),
      pool_(1, 100),
      server_(probe_options(services.settings), routes_, nobody, pool_, pool_, services.metrics) {}

Probes::~Probes() { server_.stop(std::chrono::seconds(1)); }

Result<void> Probes::start() { return server_.start(); }

}  // namespace stoa::app
