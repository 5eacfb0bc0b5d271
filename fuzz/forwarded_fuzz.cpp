// SPDX-License-Identifier: Apache-2.0
// Whatever X-Forwarded-For says, the client is one address that has one form, and it is the proxy
// or stands in the header.
#include "http/network.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace http = stoa::http;
    static const auto trusted = http::TrustedProxies::parse({"10.0.0.0/8", "fd00::/8"}).value();
    static const auto proxy = http::parse_address("10.0.0.1").value();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    http::Headers headers;
    for (auto rest = text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        headers.emplace_back("x-forwarded-for", line);
    }
    const auto client = trusted.client_of(headers, proxy);
    if (http::parse_address(client.text()) != client) std::abort();
    if (client != proxy && text.find_first_of(":.") == std::string_view::npos) std::abort();
    const auto network = http::TrustedProxies::parse({std::string(text)});
    const auto address = http::parse_address(text);
    if (address && !(network && network->contains(*address))) std::abort();
    return 0;
}
