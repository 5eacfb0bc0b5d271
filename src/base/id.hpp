// SPDX-License-Identifier: Apache-2.0
// Ids are types: a RoomId cannot be passed where a UserId is meant. All are UUIDv7 (RFC 9562, 5.7),
// made by the server: their order is the order of their making, within one process also for those
// of one millisecond. Values; any thread.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stoa {

using Uuid = std::array<std::uint8_t, 16>;

/// A new UUIDv7: 48 bits of Unix milliseconds, 12 bits of their fraction, greater than those of all
/// before it (RFC 9562, 6.2, method 3), then 62 random bits of the system's generator.
Uuid make_uuid();
/// The 36-character form, any case; nothing else is taken.
std::optional<Uuid> parse_uuid(std::string_view text);
std::string to_string(const Uuid& uuid);
void append_uuid(std::string& out, const Uuid& uuid);
inline constexpr std::size_t uuid_text_size = 36;
/// Writes `uuid_text_size` characters.
void write_uuid(char* to, const Uuid& uuid);
/// What a UUIDv7 says of when it was made.
std::chrono::sys_time<std::chrono::milliseconds> made_at(const Uuid& uuid);

template <class Tag>
struct Id {
    Uuid uuid{};

    static Id make() { return Id{make_uuid()}; }
    static std::optional<Id> parse(std::string_view text) {
        const auto uuid = parse_uuid(text);
        return uuid ? std::optional<Id>(Id{*uuid}) : std::nullopt;
    }
    [[nodiscard]] std::string str() const { return to_string(uuid); }
    friend auto operator<=>(const Id&, const Id&) = default;
};

using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using RoomId = Id<struct RoomTag>;
using MessageId = Id<struct MessageTag>;
using DocumentId = Id<struct DocumentTag>;
using ChunkId = Id<struct ChunkTag>;
using HighlightId = Id<struct HighlightTag>;
using ConversationId = Id<struct ConversationTag>;
using JobId = Id<struct JobTag>;
using RequestId = Id<struct RequestTag>;
/// For rows that only one statement touches.
using RowId = Id<struct RowTag>;

}  // namespace stoa

template <class Tag>
struct std::hash<stoa::Id<Tag>> {
    std::size_t operator()(const stoa::Id<Tag>& id) const noexcept {
        return std::hash<std::string_view>()(
            {reinterpret_cast<const char*>(id.uuid.data()), id.uuid.size()});
    }
};
