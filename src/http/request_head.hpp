// SPDX-License-Identifier: Apache-2.0
// The head of a request: where it ends, and what it says. `HeadScan` finds the end in bytes that
// come in pieces and refuses early what no later byte can heal (bare LF, obs-fold, sizes); then
// Beast's parser reads the whole head, and this module adds the rules it leaves open (RFC 9112).
// Pure; one thread at a time.
#pragma once

#include "http/message.hpp"
#include "http/status.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace stoa::http {

struct HeadLimits {
    std::size_t bytes_max = 16 * 1024;
    std::size_t fields_max = 100;
    std::size_t line_bytes_max = 8 * 1024;  ///< of the request line
};

class HeadScan {
  public:
    explicit HeadScan(const HeadLimits& limits) : limits_(limits) {}
    /// `bytes` is all there is since the head's first byte. The length of the head with its empty
    /// line, 0 if more is needed; 400, 414 or 431.
    tl::expected<std::size_t, Refusal> find_end(std::string_view bytes);

  private:
    HeadLimits limits_;
    std::size_t scanned_ = 0;
    std::size_t lines_ = 0;
};

struct RequestHead {
    Method method = Method::get;
    bool method_known = true;  ///< else `method` says nothing
    std::string target;
    Headers headers;  ///< names in lower case
    bool http11 = true;
    bool keep_alive = true;
    bool upgrade = false;
    bool chunked = false;
    bool expects_continue = false;
    std::uint64_t content_length = 0;
};

/// `bytes` is a whole head as found by HeadScan. 400 `malformed_request`, 417,
/// 501 for what it says of its body. A method that is none of ours is left to the router.
tl::expected<RequestHead, Refusal> parse_request_head(std::string_view bytes);

}  // namespace stoa::http
