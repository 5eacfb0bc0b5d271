// SPDX-License-Identifier: Apache-2.0
#include "chat/envelope.hpp"

#include <charconv>

namespace stoa::chat {
namespace {

bool skip(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

}  // namespace

std::optional<Envelope> parse_envelope(std::string_view json) {
    constexpr std::size_t uuid_chars = 36;
    Envelope envelope;
    if (!skip(json, R"({"type":")")) return std::nullopt;
    const std::size_t type_chars = json.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
    if (type_chars == 0 || type_chars == std::string_view::npos) return std::nullopt;
    envelope.type = json.substr(0, type_chars);
    json.remove_prefix(type_chars);
    if (!skip(json, R"(","room_id":")")) return std::nullopt;
    const auto room = RoomId::parse(json.substr(0, uuid_chars));
    if (!room) return std::nullopt;
    envelope.room = *room;
    json.remove_prefix(uuid_chars);
    if (!skip(json, R"(")")) return std::nullopt;
    if (skip(json, R"(,"seq":)")) {
        std::int64_t seq = 0;
        const auto parsed = std::from_chars(json.data(), json.data() + json.size(), seq);
        if (parsed.ec != std::errc() || seq <= 0) return std::nullopt;
        json.remove_prefix(static_cast<std::size_t>(parsed.ptr - json.data()));
        envelope.seq = seq;
    }
    if (!skip(json, R"(,"data":{)") || !json.ends_with("}}")) return std::nullopt;
    envelope.data = {json.data() - 1, json.size()};
    return envelope;
}

}  // namespace stoa::chat
