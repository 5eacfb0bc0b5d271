// SPDX-License-Identifier: Apache-2.0
#include "redis/slots.hpp"

#include "base/number.hpp"
#include "redis/command_names.hpp"

#include <array>

namespace stoa::redis {

namespace {

constexpr std::array<std::uint16_t, 256> make_crc16_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8U;
        for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

std::uint16_t crc16(std::string_view bytes) {
    static constexpr auto table = make_crc16_table();
    unsigned crc = 0;
    for (const char c : bytes)
        crc = (crc << 8U) ^ table[((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xffU];
    return static_cast<std::uint16_t>(crc);
}

/// The places of a command's keys: [first, end).
struct KeyRange {
    std::size_t first = 0;
    std::size_t end = 0;
};

KeyRange keys_of(const Command& command) {
    const auto size = command.size();
    switch (find_command(command.front()).keys) {
        case Keys::none:
            return {};
        case Keys::first:
            return {1, std::min<std::size_t>(2, size)};
        case Keys::all:
            return {1, size};
        case Keys::all_but_last:
            return {1, size - 1};
        case Keys::first_two:
            return {1, std::min<std::size_t>(3, size)};
        case Keys::counted:
            break;
    }
    const auto count = size > 2 ? parse_number(command[2], 0, INT32_MAX) : std::nullopt;
    if (!count) return {};
    return {3, std::min<std::size_t>(3 + static_cast<std::size_t>(*count), size)};
}

std::optional<Endpoint> parse_endpoint(const Reply& reply) {
    if (reply.items.size() < 2 || reply.items[1].kind != Reply::Kind::integer) return std::nullopt;
    const auto port = reply.items[1].integer;
    if (port < 1 || port > 65'535) return std::nullopt;
    // No host (nil), or "?" where Redis is told to show names and has none: the one we asked.
    const auto& host = reply.items[0].text;
    return Endpoint{host == "?" ? "" : host, static_cast<int>(port)};
}

std::optional<SlotRange> parse_slot_range(const Reply& reply) {
    const auto& items = reply.items;
    if (items.size() < 3) return std::nullopt;
    for (const auto& bound : {items[0], items[1]})
        if (bound.kind != Reply::Kind::integer || bound.integer < 0 || bound.integer >= slot_count)
            return std::nullopt;
    SlotRange range;
    range.first = static_cast<std::uint16_t>(items[0].integer);
    range.last = static_cast<std::uint16_t>(items[1].integer);
    if (range.first > range.last) return std::nullopt;
    for (std::size_t i = 2; i < items.size(); ++i) {
        auto endpoint = parse_endpoint(items[i]);
        if (!endpoint) return std::nullopt;
        if (i == 2)
            range.master = std::move(*endpoint);
        else
            range.replicas.push_back(std::move(*endpoint));
    }
    return range;
}

}  // namespace

std::uint16_t slot_of_key(std::string_view key) {
    if (const auto open = key.find('{'); open != std::string_view::npos) {
        const auto close = key.find('}', open + 1);
        if (close != std::string_view::npos && close > open + 1)
            key = key.substr(open + 1, close - open - 1);
    }
    return crc16(key) % slot_count;
}

Result<std::optional<std::uint16_t>> slot_of_command(const Command& command) {
    std::optional<std::uint16_t> slot;
    const auto range = keys_of(command);
    for (std::size_t i = range.first; i < range.end; ++i) {
        const auto its = slot_of_key(command[i]);
        if (slot && *slot != its)
            return fail(ErrorKind::internal, "redis_cross_slot",
                        "The keys of one Redis command lie in several slots of the cluster; give "
                        "them a common part in braces.");
        slot = its;
    }
    return slot;
}

bool is_repeatable(const Command& command) { return find_command(command.front()).is_repeatable; }

std::optional<std::vector<SlotRange>> parse_slot_ranges(const Reply& reply) {
    if (reply.kind != Reply::Kind::list || reply.items.size() > slot_count) return std::nullopt;
    std::vector<SlotRange> ranges;
    for (const auto& item : reply.items) {
        auto range = parse_slot_range(item);
        if (!range) return std::nullopt;
        ranges.push_back(std::move(*range));
    }
    return ranges;
}

std::optional<Redirect> parse_redirect(std::string_view error) {
    Redirect redirect;
    if (error.starts_with("MOVED "))
        error.remove_prefix(6);
    else if (error.starts_with("ASK "))
        redirect.kind = Redirect::Kind::ask, error.remove_prefix(4);
    else
        return std::nullopt;
    const auto space = error.find(' ');
    const auto colon = error.rfind(':');
    if (space == std::string_view::npos || colon == std::string_view::npos || colon < space)
        return std::nullopt;
    const auto slot = parse_number(error.substr(0, space), 0, slot_count - 1);
    const auto port = parse_number(error.substr(colon + 1), 1, 65'535);
    if (!slot || !port) return std::nullopt;
    redirect.slot = static_cast<std::uint16_t>(*slot);
    redirect.target = {std::string(error.substr(space + 1, colon - space - 1)), *port};
    return redirect;
}

}  // namespace stoa::redis
