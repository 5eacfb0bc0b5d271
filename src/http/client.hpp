// SPDX-License-Identifier: Apache-2.0
// Outbound HTTP/1.1 and 2 (libcurl): deadlines, size limits, streaming, retries within a budget, a
// circuit breaker for each origin, and a guard that resolves the name first, refuses addresses that
// are not public and connects to what it checked, at every hop, unless the target was configured by
// the operator. Passes the thread's trace on (traceparent). Blocking; any thread.
#pragma once

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

struct sockaddr;

namespace stoa::http {

enum class Repeat {
    by_method,  ///< GET, HEAD, PUT, DELETE and OPTIONS (RFC 9110, 9.2.2)
    always,     ///< the caller knows that doing it twice does no harm
    never
};

struct Outbound {
    Method method = Method::get;
    std::string url;  ///< http or https
    Headers headers;
    std::string body;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds stall_timeout{30'000};   ///< without a single byte
    std::chrono::milliseconds total_timeout{120'000};  ///< redirects, retries and their pauses too
    std::size_t answer_bytes_max = 8 * 1024 * 1024;
    bool allow_private_addresses = false;  ///< true only for URLs of the operator's settings
    Repeat repeat = Repeat::by_method;
    int tries_max = 3;
    bool is_probe = false;  ///< asks once, whatever is known of the origin: no retry, no breaker
    std::string upstream = "other";  ///< what is asked, for metrics: one of few names, never input
    std::stop_token stop{};  ///< asked for: the request is broken off, within about a second
};

struct Inbound {
    int status = 0;
    Headers headers;                                    ///< names in lower case
    std::string body;                                   ///< empty if the answer was streamed
    std::optional<std::chrono::seconds> retry_after{};  ///< Retry-After, at most a day
};

/// Copies share their idle connections and what is known of each origin.
class Client {
  public:
    struct Options {
        std::string ca_file;         ///< PEM; empty trusts the system's authorities
        Metrics* metrics = nullptr;  ///< must live as long as the client
    };

    Client() : Client(Options()) {}
    explicit Client(Options options);

    /// A status of 4xx/5xx is a value, not an error. Tried again: what could not be reached or was
    /// cut off, and 408, 429, 500, 502, 503, 504, 529 (overloaded); if it may be repeated, the
    /// origin's budget has room, and Retry-After and the deadline allow. GET and HEAD follow three
    /// redirects, to another origin without the caller's headers and guarded. Errors:
    /// `upstream_unreachable`, `upstream_timeout`, `upstream_too_large`, `upstream_unavailable`
    /// (the breaker is open; with retry_after; all of kind unavailable), `address_refused`,
    /// `url_refused` (forbidden), `upstream_stopped` (conflict: by the request's stop token).
    Result<Inbound> send(const Outbound& request) const;
    /// As `send`, but a 2xx body goes to `on_bytes` as it comes; returning false ends the transfer.
    /// Once a byte was given nothing is tried again.
    Result<Inbound> stream(const Outbound& request,
                           const std::function<bool(std::string_view)>& on_bytes) const;

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

/// Whether an IPv4 or IPv6 address is globally reachable (IANA's special-purpose registries), also
/// inside IPv4-mapped, NAT64 and 6to4 addresses.
bool is_public_address(const sockaddr* address);

}  // namespace stoa::http
