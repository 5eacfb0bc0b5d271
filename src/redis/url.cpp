// SPDX-License-Identifier: Apache-2.0
#include "redis/url.hpp"

#include "base/number.hpp"

#include <charconv>
#include <optional>

namespace stoa::redis {

namespace {

tl::unexpected<Error> wrong(std::string_view what) {
    return fail(ErrorKind::invalid, "redis_url",
                "The address of Redis has " + std::string(what) +
                    "; write redis://user:password@host:6379/0, unix:///path?db=0 or "
                    "redis-cluster://user:password@host:6379,host:6379, and rediss for redis "
                    "with TLS.");
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto end = digits.data() + digits.size();
        if (digits.size() != 2 || std::from_chars(digits.data(), end, byte, 16).ptr != end)
            return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

/// The part before the last `separator`, which `rest` then lacks; nothing if there is none.
std::optional<std::string_view> take_before(std::string_view& rest, char separator) {
    const auto at = rest.rfind(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const auto before = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return before;
}

Result<void> read_credentials(std::string_view text, Address& address) {
    const auto colon = text.find(':');
    const bool has_password = colon != std::string_view::npos;
    const auto user = percent_decoded(text.substr(0, colon));
    const auto password = percent_decoded(has_password ? text.substr(colon + 1) : "");
    if (!user || !password) return wrong("a user or password that is not percent-encoded");
    address.user = *user;
    address.password = *password;
    return {};
}

Result<void> read_socket(std::string_view rest, Address& address) {
    const auto question = rest.find('?');
    const auto path = percent_decoded(rest.substr(0, question));
    if (!path || !path->starts_with('/')) return wrong("no absolute path to the socket");
    address.path = *path;
    rest.remove_prefix(question == std::string_view::npos ? rest.size() : question + 1);
    while (!rest.empty()) {
        const auto ampersand = rest.find('&');
        const auto pair = rest.substr(0, ampersand);
        rest.remove_prefix(ampersand == std::string_view::npos ? rest.size() : ampersand + 1);
        const auto equals = pair.find('=');
        const auto key = pair.substr(0, equals);
        const auto value =
            percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        if (!value) return wrong("a setting that is not percent-encoded");
        if (key == "user") {
            address.user = *value;
        } else if (key == "password") {
            address.password = *value;
        } else if (const auto number = parse_number(*value, 0, 1 << 20); key == "db" && number) {
            address.database = *number;
        } else {
            return wrong("a setting other than db, user and password, or a wrong db");
        }
    }
    return {};
}

Result<void> read_host(std::string_view rest, Address& address) {
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        const auto database = rest.substr(slash + 1);
        const auto number = database.empty() ? 0 : parse_number(database, 0, 1 << 20);
        if (!number) return wrong("a database that is no number");
        address.database = *number;
        rest = rest.substr(0, slash);
    }
    std::string_view port;
    if (rest.starts_with('[')) {  // an IPv6 address
        const auto end = rest.find(']');
        if (end == std::string_view::npos) return wrong("a [ without ]");
        address.host = rest.substr(1, end - 1);
        port = rest.substr(end + 1);
    } else {
        const auto colon = rest.find(':');
        address.host = rest.substr(0, colon);
        port = colon == std::string_view::npos ? "" : rest.substr(colon);
    }
    if (address.host.empty()) return wrong("no host");
    if (rest.find(',') != std::string_view::npos)
        return wrong("several hosts, which only redis-cluster:// takes");
    if (port.empty()) return {};
    const auto number = parse_number(port.substr(1), 0, 65'535);
    if (!port.starts_with(':') || !number || *number == 0) return wrong("a wrong port");
    address.port = *number;
    return {};
}

/// Takes `?ca=/path` off, the only setting with TLS.
Result<void> read_trust(std::string_view& rest, Address& address) {
    address.is_tls = true;
    const auto question = rest.find('?');
    if (question == std::string_view::npos) return {};
    const auto setting = rest.substr(question + 1);
    rest = rest.substr(0, question);
    const auto path = percent_decoded(setting.substr(setting.find('=') + 1));
    if (!setting.starts_with("ca=") || !path || !path->starts_with('/'))
        return wrong("a setting other than ca, or no absolute path in it");
    address.ca_file = *path;
    return {};
}

Result<Location> read_cluster(std::string_view hosts, const Address& credentials) {
    constexpr std::size_t nodes_max = 64;
    if (hosts.ends_with('/')) hosts.remove_suffix(1);
    Location location{true, {}};
    for (bool is_more = true; is_more;) {
        const auto comma = hosts.find(',');
        is_more = comma != std::string_view::npos;
        location.addresses.push_back(credentials);
        const auto host = hosts.substr(0, comma);
        if (host.find('/') != std::string_view::npos)
            return wrong("a database, and a cluster has only the one");
        if (auto read = read_host(host, location.addresses.back()); !read) return fail(read);
        if (location.addresses.size() > nodes_max) return wrong("more than 64 nodes");
        if (is_more) hosts.remove_prefix(comma + 1);
    }
    return location;
}

}  // namespace

Result<Location> parse_url(std::string_view url) {
    const auto scheme_end = url.find("://");
    const auto scheme = url.substr(0, scheme_end);
    if (scheme_end == std::string_view::npos ||
        (scheme != "redis" && scheme != "rediss" && scheme != "unix" && scheme != "redis-cluster" &&
         scheme != "rediss-cluster"))
        return wrong("another scheme than redis, rediss, unix, redis-cluster and rediss-cluster");
    auto rest = url.substr(scheme_end + 3);
    Address address;
    if (const auto credentials = take_before(rest, '@'))
        if (auto read = read_credentials(*credentials, address); !read) return fail(read);
    if (scheme.starts_with("rediss"))
        if (auto read = read_trust(rest, address); !read) return fail(read);
    if (scheme.ends_with("-cluster")) return read_cluster(rest, address);
    auto read = scheme == "unix" ? read_socket(rest, address) : read_host(rest, address);
    if (!read) return fail(read);
    return Location{false, {std::move(address)}};
}

}  // namespace stoa::redis
