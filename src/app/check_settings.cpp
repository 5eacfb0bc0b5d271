// SPDX-License-Identifier: Apache-2.0
#include "app/check_settings.hpp"

#include "app/master_key.hpp"
#include "app/rate_limits.hpp"
#include "app/serve.hpp"
#include "base/text.hpp"
#include "http/network.hpp"
#include "postgres/conninfo.hpp"
#include "redis/url.hpp"

#include <string>

namespace stoa::app {
namespace {

tl::unexpected<Error> wrong(std::string text) {
    return fail(ErrorKind::invalid, "settings_invalid", std::move(text));
}

Result<void> check_address(const std::string& address) {
    if (http::parse_address(address.substr(0, address.find('%')))) return {};
    return wrong("http_address: \"" + address +
                 "\" should be an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::.");
}

/// As browsers send it: scheme, host and port, and nothing behind.
Result<void> check_origins(const std::string& origins) {
    for (const auto& origin : split_commas(origins)) {
        const auto scheme = origin.find("://");
        const auto name = origin.substr(0, scheme);
        const auto host = scheme == std::string::npos ? "" : origin.substr(scheme + 3);
        if ((name == "http" || name == "https") && !host.empty() &&
            host.find_first_of("/?#@*") == std::string::npos)
            continue;
        const bool may_name_password = origin.find('@') != std::string::npos;
        return wrong(
            "allowed_origins: " + (may_name_password ? "what has an @" : '"' + origin + '"') +
            " should be an origin such as https://app.example, without a path.");
    }
    return {};
}

Result<void> check_tls(const Settings& settings) {
    if (settings.tls_certificate_file.empty() == settings.tls_key_file.empty()) return {};
    return wrong("tls_certificate_file and tls_key_file: give both, or none of them.");
}

}  // namespace

Result<void> check_settings(const Settings& settings) {
    std::string mistakes;
    const auto check = [&mistakes](const auto& result) {
        if (result) return;
        mistakes += (mistakes.empty() ? "" : "\n") + result.error().message;
    };
    check(postgres::check_conninfo(settings.database_url));
    check(redis::parse_url(settings.redis_url));
    check(check_master_keys(settings));
    check(server_options(settings));
    check(check_address(settings.http_address));
    check(check_origins(settings.allowed_origins));
    check(check_tls(settings));
    check(RateLimits::parse(settings.rate_limits));
    if (mistakes.empty()) return {};
    return fail(ErrorKind::invalid, "settings_invalid", std::move(mistakes));
}

}  // namespace stoa::app
