// SPDX-License-Identifier: Apache-2.0
// Addresses of peers, and which of them are proxies whose word about the client counts. An IPv4
// address is held as its IPv4-mapped IPv6 one (RFC 4291, 2.5.5.2), so that both spellings are the
// same. Plain values; any thread.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::http {

struct Address {
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool is_v4() const;
    /// IPv4 in dotted form, IPv6 as RFC 5952 writes it.
    [[nodiscard]] std::string text() const;
    bool operator==(const Address&) const = default;
};

/// "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1"; no zone, port or brackets.
std::optional<Address> parse_address(std::string_view text);
/// Who is counted as one: an IPv4 address, or the /64 of an IPv6 one, which is what one household
/// has. What is no address stays as it is.
std::string network_of(std::string_view address);

/// The networks of the proxies in front of this server.
class TrustedProxies {
  public:
    /// X-Forwarded-For is read back over at most so many addresses.
    static constexpr std::size_t hops_max = 32;

    /// Addresses and networks in CIDR notation. `settings_invalid` names the first that is neither,
    /// or that has bits behind its prefix.
    static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

    [[nodiscard]] bool contains(const Address& address) const;
    /// Who the request comes from when `peer`, one of these proxies, brought it: the rightmost
    /// address in X-Forwarded-For that is none of them, since everything left of it may be made up.
    /// Reading ends at what is no address; then it is the last proxy known.
    [[nodiscard]] Address client_of(const Headers& headers, Address peer) const;

  private:
    struct Network {
        Address address;
        unsigned prefix_bits = 0;
    };
    std::vector<Network> networks_;
};

}  // namespace stoa::http
