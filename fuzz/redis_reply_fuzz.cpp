// SPDX-License-Identifier: Apache-2.0
// Whatever a Redis answers, the map of slots and the redirects read from it stay in their bounds,
// and bytes that come in two parts read as those that come at once.
#include "redis/reply_reader.hpp"
#include "redis/slots.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using stoa::redis::Reply;

/// hiredis makes room for as many items as a list says it has.
bool announces_much(std::string_view bytes) {
    for (auto at = bytes.find('*'); at != bytes.npos; at = bytes.find('*', at + 1)) {
        std::size_t digits = 0;
        while (at + 1 + digits < bytes.size() && bytes[at + 1 + digits] != '\r') ++digits;
        if (digits > 4) return true;
    }
    return false;
}

std::vector<Reply> read(std::string_view first, std::string_view rest) {
    stoa::redis::ReplyReader reader;
    std::vector<Reply> replies;
    for (const auto part : {first, rest}) {
        if (!part.empty() && !reader.feed(part)) return replies;
        for (std::optional<Reply> reply; reader.next(reply) && reply;)
            replies.push_back(std::move(*reply));
    }
    return replies;
}

void check(const stoa::redis::Endpoint& endpoint) {
    if (endpoint.port < 1 || endpoint.port > 65'535) std::abort();
}

void check(const Reply& reply) {
    if (const auto ranges = stoa::redis::parse_slot_ranges(reply))
        for (const auto& range : *ranges) {
            if (range.first > range.last || range.last >= stoa::redis::slot_count) std::abort();
            check(range.master);
            for (const auto& replica : range.replicas) check(replica);
        }
    if (const auto redirect = stoa::redis::parse_redirect(reply.text)) {
        if (redirect->slot >= stoa::redis::slot_count) std::abort();
        check(redirect->target);
    }
    if (stoa::redis::slot_of_key(reply.text) >= stoa::redis::slot_count) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (announces_much(bytes)) return 0;
    const auto whole = read(bytes, {});
    for (const auto& reply : whole) check(reply);
    const auto parts = read(bytes.substr(0, size / 2), bytes.substr(size / 2));
    if (whole.size() != parts.size()) std::abort();
    for (std::size_t i = 0; i < whole.size(); ++i)
        if (whole[i].kind != parts[i].kind || whole[i].text != parts[i].text) std::abort();
    return 0;
}
