// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/edge.hpp"

namespace stoa::http {
namespace {

constexpr std::chrono::milliseconds accept_pause{100};
/// After the deadline everything is cut; this is how long what was cut may take to notice.
constexpr std::chrono::milliseconds cut_time{1000};

std::string endpoint_text(const ServerOptions& options) {
    return options.address + ':' + std::to_string(options.port);
}

tl::unexpected<Error> cannot_listen(const ServerOptions& options,
                                    const boost::system::error_code& error) {
    if (error == asio::error::address_in_use) {
        return fail(ErrorKind::unavailable, "address_in_use",
                    endpoint_text(options) +
                        " is in use by another program; stop it or choose another port.");
    }
    return fail(ErrorKind::unavailable, "address_unavailable",
                "Cannot listen on " + endpoint_text(options) + ": " + error.message() + ".");
}

/// Nothing if the peer is already gone.
std::optional<Address> address_of(const TcpSocket& socket) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error).address();
    if (error) return std::nullopt;
    if (peer.is_v4()) return parse_address(peer.to_string());
    return Address{peer.to_v6().to_bytes()};
}

}  // namespace

struct Server::State {
    State(ServerOptions options, const Routes& routes, Authenticator authenticate, WorkerPool& pool,
          WorkerPool& slow_pool, Metrics& metrics, Limiter limiter)
        : core(std::make_shared<Core>(std::move(options), routes, std::move(authenticate), pool,
                                      slow_pool, metrics, std::move(limiter))),
          acceptor(core->edges.front()->io()),
          pause(core->edges.front()->io()) {}

    Result<void> listen();
    void accept();
    void on_accepted(Edge& edge, TcpSocket socket);

    std::shared_ptr<Core> core;
    TcpAcceptor acceptor;
    Timer pause;
    std::size_t next_edge = 0;
    std::uint16_t port = 0;
    bool started = false;
};

Result<void> Server::State::listen() {
    const auto& options = core->options;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) return cannot_listen(options, error);
    const asio::ip::tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(options, error);
    port = acceptor.local_endpoint().port();
    if (!options.upload_dir.empty()) {
        std::error_code failed;
        std::filesystem::create_directories(options.upload_dir, failed);
        if (failed) {
            return fail(ErrorKind::unavailable, "upload_dir_unavailable",
                        "Cannot create " + options.upload_dir.string() + ": " + failed.message());
        }
    }
    return {};
}

/// Connections go round the edges; all are accepted on the first.
void Server::State::accept() {
    auto& edge = *core->edges[next_edge++ % core->edges.size()];
    acceptor.async_accept(edge.io(), [this, &edge](const boost::system::error_code& error,
                                                   TcpSocket socket) {
        if (core->stopping || error == asio::error::operation_aborted) return;
        if (!error) {
            on_accepted(edge, std::move(socket));
            return accept();
        }
        // Out of descriptors, most likely: to try at once would spin.
        log::warning("A connection could not be accepted.", {{"error.message", error.message()}});
        pause.expires_after(accept_pause);
        pause.async_wait([this](const boost::system::error_code& stopped) {
            if (!stopped) accept();
        });
    });
}

void Server::State::on_accepted(Edge& edge, TcpSocket socket) {
    const auto peer = address_of(socket);
    if (!peer) return;
    auto ticket = core->admit(*peer);
    std::optional<Refusal> refusal;
    if (!ticket) {
        auto seat = core->refusals.enter();
        if (!seat) return;
        refusal = std::move(ticket.error());
        ticket = ConnectionTicket{std::move(*seat), {}};
    }
    auto session = core->tls ? core->tls->make_session(socket.native_handle()) : nullptr;
    auto connection = std::make_shared<Connection>(
        core, edge, Transport(std::move(socket), std::move(session)), *peer, std::move(*ticket));
    edge.post([connection = std::move(connection), refusal = std::move(refusal)]() mutable {
        connection->start(std::move(refusal));
    });
}

Server::Server(ServerOptions options, const Routes& routes, Authenticator authenticate,
               WorkerPool& pool, WorkerPool& slow_pool, Metrics& metrics, Limiter limiter)
    : state_(std::make_unique<State>(std::move(options), routes, std::move(authenticate), pool,
                                     slow_pool, metrics, std::move(limiter))) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<void> Server::start() {
    auto& core = *state_->core;
    if (!core.options.tls_certificate_file.empty()) {
        auto tls = TlsContext::load(core.options.tls_certificate_file, core.options.tls_key_file);
        if (!tls) return fail(tls);
        core.tls = std::move(*tls);
    }
    if (auto listening = state_->listen(); !listening) return listening;
    state_->started = true;
    state_->accept();
    for (auto& edge : core.edges) edge->start();
    return {};
}

Result<void> Server::reload_certificate() {
    auto& core = *state_->core;
    auto tls = TlsContext::load(core.options.tls_certificate_file, core.options.tls_key_file);
    if (!tls) return fail(tls);
    core.edges.front()->post(
        [&core, tls = std::move(*tls)]() mutable { core.tls = std::move(tls); });
    return {};
}

void Server::drain() { state_->core->draining = true; }

std::uint16_t Server::port() const { return state_->port; }

void Server::stop(std::chrono::milliseconds deadline) {
    if (!std::exchange(state_->started, false)) return;
    auto& core = *state_->core;
    const auto until = SteadyClock::now() + deadline;
    core.draining = true;
    core.stopping = true;
    core.edges.front()->post([state = state_.get()] {
        boost::system::error_code ignored;
        state->acceptor.close(ignored);
        state->pause.cancel();
    });
    for (auto& edge : core.edges) {
        edge->post([&edge = *edge] {
            edge.for_each_member([](EdgeMember& member) { member.wind_up(); });
        });
    }
    if (!core.connections.wait_empty(until)) {
        for (auto& edge : core.edges) {
            edge->post([&edge = *edge] {
                edge.for_each_member([](EdgeMember& member) { member.abort(); });
            });
        }
    }
    const auto cut_until = std::max(until, SteadyClock::now() + cut_time);
    core.connections.wait_empty(cut_until);
    core.sockets.wait_empty(cut_until);
    for (auto& edge : core.edges) edge->end();
}

}  // namespace stoa::http
