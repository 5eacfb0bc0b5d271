// SPDX-License-Identifier: Apache-2.0
// How Redis Cluster divides the keys: 16 384 slots by CRC16 (XMODEM), or by the part in braces
// where a key has one; and what nodes say about who has which. Pure; any thread. Private.
#pragma once

#include "base/result.hpp"
#include "redis/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::redis {

constexpr std::uint16_t slot_count = 16'384;

/// Where a node of the cluster listens. An empty host: the one that told so.
struct Endpoint {
    std::string host;
    int port = 0;
    auto operator<=>(const Endpoint&) const = default;
};

struct SlotRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    Endpoint master;
    std::vector<Endpoint> replicas;
};

struct Redirect {
    enum class Kind { moved, ask };
    Kind kind = Kind::moved;
    std::uint16_t slot = 0;
    Endpoint target;
};

/// CRC16 of the key, or of what its first pair of braces holds unless that is empty.
std::uint16_t slot_of_key(std::string_view key);

/// The one slot of a command's keys; nothing if it has no key. `redis_cross_slot` (internal) if its
/// keys lie in several: such keys need a common part in braces. The place of a command's keys
/// follows from its name; one that is not known here has its key first.
Result<std::optional<std::uint16_t>> slot_of_command(const Command& command);

/// Does it change nothing, or may it be done twice without harm (PUBLISH)?
bool is_repeatable(const Command& command);

/// The answer to CLUSTER SLOTS; nothing if it is none.
std::optional<std::vector<SlotRange>> parse_slot_ranges(const Reply& reply);

/// "MOVED 3999 127.0.0.1:6381" or "ASK …"; nothing for every other error.
std::optional<Redirect> parse_redirect(std::string_view error);

}  // namespace stoa::redis
