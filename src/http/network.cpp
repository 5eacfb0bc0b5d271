// SPDX-License-Identifier: Apache-2.0
#include "http/network.hpp"

#include "base/number.hpp"
#include "http/url.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace stoa::http {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned address_bits = 128;
constexpr unsigned v4_prefix_bits = 96;

/// The address with all bits behind the first `bits` cleared.
Address masked(Address address, unsigned bits) {
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        const auto before = static_cast<unsigned>(i) * 8;
        const auto kept = std::clamp(bits, before, before + 8) - before;
        address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
    }
    return address;
}

/// One element of X-Forwarded-For; some proxies add the port, and brackets to an IPv6 address.
std::optional<Address> parse_hop(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
        return parse_address(text.substr(1, end - 1));
    }
    if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
    return parse_address(text);
}

}  // namespace

bool Address::is_v4() const { return std::ranges::equal(v4_prefix, std::span(bytes).first<12>()); }

std::optional<Address> parse_address(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size()) return std::nullopt;
    std::ranges::copy(text, terminated.begin());
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    Address address;
    if (inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1) return address;
    std::ranges::copy(v4_prefix, address.bytes.begin());
    if (inet_pton(AF_INET, terminated.data(), address.bytes.data() + v4_prefix.size()) == 1) {
        return address;
    }
    return std::nullopt;
}

std::string Address::text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_v4()) {
        inet_ntop(AF_INET, bytes.data() + v4_prefix.size(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    }
    return text.data();
}

std::string network_of(std::string_view text) {
    constexpr unsigned household_bits = 64;
    const auto address = parse_address(text);
    if (!address) return std::string(text);
    if (address->is_v4()) return address->text();
    return masked(*address, household_bits).text() + "/64";
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies proxies;
    for (const std::string_view text : networks) {
        const auto slash = text.find('/');
        const auto address_text = text.substr(0, slash);
        const auto address = parse_address(address_text);
        // An IPv4 address in IPv6 spelling counts its prefix in IPv6 bits.
        const bool dotted = address_text.find(':') == std::string_view::npos;
        const unsigned skipped = dotted ? v4_prefix_bits : 0;
        const auto bits = slash == std::string_view::npos
                              ? address_bits - skipped
                              : parse_number(text.substr(slash + 1), 0U, address_bits - skipped);
        if (!address || !bits || masked(*address, *bits + skipped) != *address) {
            return fail(ErrorKind::invalid, "settings_invalid",
                        "http_trusted_proxies: \"" + std::string(text) +
                            "\" should be an address or a network like 10.0.0.0/8 or fd00::/8.");
        }
        proxies.networks_.push_back({*address, *bits + skipped});
    }
    return proxies;
}

bool TrustedProxies::contains(const Address& address) const {
    return std::ranges::any_of(networks_, [&](const Network& network) {
        return masked(address, network.prefix_bits) == network.address;
    });
}

Address TrustedProxies::client_of(const Headers& headers, Address peer) const {
    std::size_t hops = 0;
    for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
        if (header->first != "x-forwarded-for") continue;
        std::string_view rest = header->second;
        while (!rest.empty()) {
            const auto comma = rest.rfind(',');
            const auto begin = comma == std::string_view::npos ? 0 : comma + 1;
            const auto hop = trim_blanks(rest.substr(begin));
            rest = rest.substr(0, begin == 0 ? 0 : comma);
            if (++hops > hops_max) return peer;
            if (hop.empty()) continue;
            const auto address = parse_hop(hop);
            if (!address) return peer;
            peer = *address;
            if (!contains(peer)) return peer;
        }
    }
    return peer;
}

}  // namespace stoa::http
