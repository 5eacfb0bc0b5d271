// SPDX-License-Identifier: Apache-2.0
// Outbound HTTP/1.1 and 2 (libcurl): deadlines, size limits, streaming, and a guard that resolves
// the name first and refuses private, loopback and link-local addresses at every hop unless the
// target was configured by the operator. Blocking; any thread, a handle per call; idle ones are
// kept with their connections.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct sockaddr;

namespace stoa::http {

struct Outbound {
    Method method = Method::get;
    std::string url;
    Headers headers;
    std::string body;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds stall_timeout{30'000};  ///< without a single byte
    std::chrono::milliseconds total_timeout{120'000};
    std::size_t answer_bytes_max = 8 * 1024 * 1024;
    bool allow_private_addresses = false;  ///< true only for URLs of the operator's settings
};

struct Inbound {
    int status = 0;
    Headers headers;
    std::string body;  ///< empty if the answer was streamed
};

/// Copies share their idle connections.
class Client {
  public:
    Client();

    /// Errors: `upstream_unreachable`, `upstream_timeout` (unavailable), `upstream_too_large`,
    /// `address_refused` (forbidden). A status of 4xx/5xx is a value, not an error.
    Result<Inbound> send(const Outbound& request) const;
    /// As `send`, but a 2xx body goes to `on_bytes` as it comes; returning false ends the transfer.
    Result<Inbound> stream(const Outbound& request,
                           const std::function<bool(std::string_view)>& on_bytes) const;

  private:
    struct Handles;
    Result<Inbound> run(const Outbound& request,
                        const std::function<bool(std::string_view)>* on_bytes) const;

    std::shared_ptr<Handles> handles_;
};

/// Whether an IPv4 or IPv6 address is globally reachable (IANA's special-purpose registries), also
/// inside IPv4-mapped, NAT64 and 6to4 addresses.
bool is_public_address(const sockaddr* address);

}  // namespace stoa::http
