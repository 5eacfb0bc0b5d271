// SPDX-License-Identifier: Apache-2.0
// How often a route may be called, and the question that a server asks before it runs a handler.
// Who counts, and where, is the composition root's choice: this module knows no Redis. Plain
// values; any thread.
#pragma once

#include "http/message.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stoa::http {

/// `requests` in each `window`, for each user or address and for each route by itself.
struct Limit {
    enum class Per { user, address };
    Per per;
    std::uint32_t requests;
    std::chrono::seconds window;
    std::string_view name{};  ///< by which a setting may change `requests`; a literal
};

/// A request without a user counts for its address.
constexpr Limit per_user(std::uint32_t requests, std::chrono::seconds window) {
    return {Limit::Per::user, requests, window};
}
constexpr Limit per_address(std::uint32_t requests, std::chrono::seconds window) {
    return {Limit::Per::address, requests, window};
}

/// What became of one request; told in RateLimit-Limit, -Remaining and -Reset.
struct Allowance {
    bool allowed = true;
    std::uint32_t limit = 0;       ///< of the window, as it holds here
    std::uint32_t remaining = 0;   ///< after this request
    std::chrono::seconds reset{};  ///< allowed: until the window ends; else: until one is allowed
};

/// Counts one request for `key` and says whether it is allowed. Called on the worker pool, from
/// many threads; it always has an answer.
using Limiter = std::function<Allowance(const std::string& key, const Limit& limit)>;

/// Who is counted: "<METHOD> <route> user:<id>" or "… address:<address>". An IPv6 address counts
/// as its /64, which is what one household has; one that maps an IPv4 address, as that.
std::string limit_key(const Request& request, std::string_view route_method, const Limit& limit);

/// `rate_limited` (429, with Retry-After).
Error rate_limited(const Allowance& allowance);

}  // namespace stoa::http
