// SPDX-License-Identifier: Apache-2.0
#include "http/limit.hpp"

#include "http/asio.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

std::string network_of(const std::string& text) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (error || address.is_v4()) return text;
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
    }
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return asio::ip::make_address_v6(bytes).to_string() + "/64";
}

}  // namespace

std::string limit_key(const Request& request, std::string_view route_method, const Limit& limit) {
    std::string key(route_method);
    key += ' ';
    key += request.route;
    if (limit.per == Limit::Per::user && request.caller) {
        return key + " user:" + request.caller->user.str();
    }
    return key + " address:" + network_of(request.remote_address);
}

Error rate_limited(const Allowance& allowance) {
    return {ErrorKind::limited,
            "rate_limited",
            "These are too many requests: " + std::to_string(allowance.limit) +
                " are allowed in this time. Wait for Retry-After.",
            {},
            allowance.reset};
}

}  // namespace stoa::http
