// SPDX-License-Identifier: Apache-2.0
// Private to the outbound client, and the only user of libcurl: one request and its answer, without
// redirects and retries. Keeps idle handles with their connections, guarded and unguarded apart,
// since a connection that is taken again is not checked again. Any thread; a handle per call.
#pragma once

#include "http/client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

using OnBytes = std::function<bool(std::string_view)>;

/// One hop of a request.
struct Hop {
    std::string url;
    Headers headers;
    bool guarded = true;
    std::chrono::milliseconds time_left{0};
};

struct Transferred {
    Result<Inbound> answer;
    std::string redirect;    ///< the absolute URL of a 3xx answer's Location, if it has one
    bool has_begun = false;  ///< bytes were given to the caller
};

class ClientTransfers {
  public:
    explicit ClientTransfers(std::string ca_file);
    ~ClientTransfers();
    ClientTransfers(const ClientTransfers&) = delete;
    ClientTransfers& operator=(const ClientTransfers&) = delete;

    /// `on_bytes` may be null.
    Transferred run(const Outbound& request, const Hop& hop, const OnBytes* on_bytes);

  private:
    struct Handles;
    const std::string ca_file_;
    std::unique_ptr<Handles> handles_;
};

/// "https://host:port" in lower case, of an http or https URL; nothing of any other.
std::optional<std::string> origin_of(const std::string& url);

/// Delay-seconds or an HTTP date (RFC 9110, 10.2.3), as seconds from now: from 0 to a day.
std::optional<std::chrono::seconds> parse_retry_after(const std::string& value);

}  // namespace stoa::http
