// SPDX-License-Identifier: Apache-2.0
#include "http/limit.hpp"

#include "http/network.hpp"

namespace stoa::http {

std::string limit_key(const Request& request, std::string_view route_method, const Limit& limit) {
    std::string key(route_method);
    key += ' ';
    key += request.route;
    if (limit.per == Limit::Per::user && request.caller) {
        return key + " user:" + request.caller->user.str();
    }
    if (limit.per == Limit::Per::user && request.bearer) {
        return key + " user:" + request.bearer->user.str();
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
