// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 and WebSocket server: an asynchronous edge (Boost.Beast, one or two threads) that
// parses, limits and times out, in front of the worker pool where handlers run. Every answer
// carries `X-Request-Id`. Owner: the composition root; `start` and `stop` from its thread.
#pragma once

#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "http/limit.hpp"
#include "http/network.hpp"
#include "http/routes.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace stoa::http {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    std::size_t threads = 1;
    std::size_t connections_max = 10'000;
    /// Of one address (an IPv6 /64); a trusted proxy has as many as it likes.
    std::size_t connections_per_address_max = 1'000;
    TrustedProxies trusted_proxies;              ///< whose X-Forwarded-For is believed
    std::filesystem::path tls_certificate_file;  ///< PEM with its chain; empty is plain HTTP
    std::filesystem::path tls_key_file;
    bool strict_transport = false;  ///< tells browsers to come by TLS only (HSTS), over TLS
    bool access_log = false;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t headers_max = 100;
    std::uint64_t json_bytes_max = 1024 * 1024;
    std::uint64_t upload_bytes_max = 200ULL * 1024 * 1024;
    std::uint64_t socket_message_bytes_max = 64 * 1024;
    std::chrono::seconds header_timeout{10};
    std::chrono::seconds body_timeout{30};   ///< without a single byte
    std::chrono::seconds write_timeout{30};  ///< a peer that takes not one byte
    /// At least so much a peer has to send, or to take, in each such time that it is waited for;
    /// else a byte now and then would hold a connection, and a stream's worker, for ever.
    std::uint64_t bytes_per_second_min = 256;
    std::size_t uploads_per_user_max = 32;  ///< of one person, under way at a time
    std::size_t slow_per_user_max = 16;     ///< requests to slow routes, likewise
    /// From a request's head to its body's last byte, and again for its answer unless it streams.
    std::chrono::seconds request_timeout{3600};
    std::chrono::seconds idle_timeout{60};
    std::chrono::seconds ping_interval{30};    ///< of WebSockets
    std::chrono::seconds pong_timeout{60};     ///< without a single byte of the peer
    std::filesystem::path upload_dir;          ///< where parts of uploads are spooled
    std::vector<std::string> allowed_origins;  ///< for WebSocket and CORS; own origin always
};

/// Checks bearer tokens; called on the worker pool. `verify` leaves out the token's session and
/// serves the routes with Access::bearer; without it there is no such route.
class Authenticator {
  public:
    using Authenticate = std::function<Result<Caller>(std::string_view token)>;
    using Verify = std::function<Result<Bearer>(std::string_view token)>;

    template <std::convertible_to<Authenticate> F>
    Authenticator(F authenticate, Verify verify_only = {})  // NOLINT: a check alone is one
        : verify(std::move(verify_only)), authenticate_(std::move(authenticate)) {}
    Result<Caller> operator()(std::string_view token) const { return authenticate_(token); }

    Verify verify;

  private:
    Authenticate authenticate_;
};

/// Routes, pools and metrics have to outlive the server and the pools' last task. Without a limiter
/// nothing is limited.
class Server {
  public:
    Server(ServerOptions options, const Routes& routes, Authenticator authenticate,
           WorkerPool& pool, WorkerPool& slow_pool, Metrics& metrics, Limiter limiter = {});
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and listens. `address_in_use` or `address_unavailable` (unavailable), naming the
    /// address; `tls_files_unusable`, naming the file.
    Result<void> start();
    [[nodiscard]] std::uint16_t port() const;  ///< the bound one, if `port` was 0
    /// Reads the TLS files again, for the connections to come. `tls_files_unusable`: then the old
    /// ones stay.
    Result<void> reload_certificate();
    /// Every answer from now on ends its connection, so that a proxy in front moves on; new
    /// connections are still served.
    void drain();
    /// No new connections; requests under way finish (at most `deadline`); sockets get 1012.
    void stop(std::chrono::milliseconds deadline);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stoa::http
