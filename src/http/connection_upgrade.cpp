// SPDX-License-Identifier: Apache-2.0
#include "http/access_log.hpp"
#include "http/connection.hpp"
#include "http/guard.hpp"
#include "http/socket_connection.hpp"
#include "http/url.hpp"

namespace stoa::http {
namespace {

constexpr std::string_view protocol = "stoa.v1";

std::string_view header_or_empty(const Request& request, std::string_view name) {
    return request.find_header(name).value_or(std::string_view());
}

std::string make_handshake(const Request& request, std::string_view accept) {
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    head.append(accept).append("\r\nX-Request-Id: ").append(request.request_id).append("\r\n");
    if (has_token(header_or_empty(request, "sec-websocket-protocol"), protocol)) {
        head.append("Sec-WebSocket-Protocol: ").append(protocol).append("\r\n");
    }
    return head.append("\r\n");
}

}  // namespace

/// RFC 6455, 4.2: what the request has to say; then a worker asks the route's factory.
void Connection::begin_upgrade() {
    auto& exchange = *exchange_;
    const auto& request = exchange.request;
    if (!exchange.wants_upgrade || request.method != Method::get ||
        !has_token(header_or_empty(request, "upgrade"), "websocket")) {
        return refuse({426, "upgrade_required", "This path speaks WebSocket only."},
                      {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}});
    }
    if (header_or_empty(request, "sec-websocket-version") != "13") {
        return refuse({426, "upgrade_required", "The WebSocket version should be 13."},
                      {{"Sec-WebSocket-Version", "13"}});
    }
    if (!accept_key(header_or_empty(request, "sec-websocket-key"))) {
        return refuse(
            {400, "malformed_request", "The Sec-WebSocket-Key should be the Base64 of 16 bytes."});
    }
    const auto origin = request.find_header("origin");
    if (origin && exchange.allowed_origin.empty() &&
        !is_own_origin(*origin, header_or_empty(request, "host"))) {
        return refuse({403, "origin_refused", "Pages of this origin may not open sockets here."});
    }
    if (exchange.body.state() != BodyReader::State::done) {
        return refuse({400, "malformed_request", "An upgrade request should have no body."});
    }
    auto token = find_bearer(header_or_empty(request, "authorization"));
    if (!token) token = find_protocol_bearer(header_or_empty(request, "sec-websocket-protocol"));
    exchange.token = token.value_or(std::string_view());
    phase_ = Phase::handling;
    submit_or_refuse(core_->pool, &Connection::open_socket_on_worker);
}

void Connection::open_socket_on_worker() {
    auto& exchange = *exchange_;
    auto& request = exchange.request;
    const log::TraceScope trace(request.trace_id);
    auto seat = core_->sockets.enter();
    if (!seat) {
        return send_answer(problem(Error{ErrorKind::unavailable,
                                         "overloaded",
                                         "There are too many sockets.",
                                         {},
                                         std::chrono::seconds(5)},
                                   request.request_id));
    }
    auto socket =
        std::make_shared<SocketConnection>(core_, edge_, request.trace_id, std::move(*seat));
    auto handler = guard([&]() -> Result<std::unique_ptr<SocketHandler>> {
        // A browser cannot read a refused upgrade: who brings a bad token is the factory's to
        // refuse.
        auto known = authenticate();
        if (!known && known.error().kind != ErrorKind::unauthenticated) return fail(known);
        return exchange.route->socket(request, socket);
    });
    if (!handler) return send_answer(problem(handler.error(), request.request_id));
    if (!*handler) return send_answer(problem(handler->error(), request.request_id));
    edge_.post([self = shared_from_this(), socket = std::move(socket),
                opened = std::move(**handler)]() mutable {
        self->upgrade(std::move(socket), std::move(opened));
    });
}

void Connection::upgrade(std::shared_ptr<SocketConnection> socket,
                         std::unique_ptr<SocketHandler> handler) {
    const auto& request = exchange_->request;
    const auto accept = accept_key(header_or_empty(request, "sec-websocket-key"));
    const auto taken = SteadyClock::now() - exchange_->started;
    edge_.meters().count(exchange_->route, method_name(request.method), 101,
                         std::chrono::duration<double>(taken).count());
    if (core_->options.access_log) log_access(*exchange_, {101}, taken);
    socket->open(std::move(transport_), std::move(ticket_), std::move(handler),
                 make_handshake(request, *accept), in_.view());
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    edge_.remove(*this);
}

}  // namespace stoa::http
