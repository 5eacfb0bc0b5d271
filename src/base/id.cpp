// SPDX-License-Identifier: Apache-2.0
#include "base/id.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include <sys/random.h>

namespace stoa {
namespace {

/// The two hexadecimal digits of each byte.
constexpr auto hex_pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
        pairs[byte] = {digits[byte >> 4], digits[byte & 15]};
    }
    return pairs;
}();

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_dash(std::size_t position) {
    return position == 8 || position == 13 || position == 18 || position == 23;
}

/// The time in 4,096ths of a millisecond, each value only once: a clock that stands still or was
/// set back does not bring a later id before an earlier one.
std::uint64_t next_tick() {
    using namespace std::chrono;
    static std::atomic<std::uint64_t> last{0};
    const auto now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch());
    const auto whole = duration_cast<milliseconds>(now);
    const auto fraction = static_cast<std::uint64_t>((now - whole).count()) * 4096 / 1'000'000;
    const auto tick = static_cast<std::uint64_t>(whole.count()) << 12 | fraction;
    auto before = last.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
        next = std::max(tick, before + 1);
    } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
    return next;
}

/// Random bytes for many ids at once: to ask the kernel costs more than all the rest of one.
Uuid random_uuid() {
    constexpr std::size_t uuids = 16;  // getrandom gives 256 bytes whole
    thread_local std::array<Uuid, uuids> fetched;
    thread_local std::size_t left = 0;
    if (left == 0) {
        if (getrandom(fetched.data(), sizeof(fetched), 0) != sizeof(fetched)) {
            throw std::runtime_error("getrandom failed");
        }
        left = uuids;
    }
    return fetched[--left];
}

}  // namespace

Uuid make_uuid() {
    auto uuid = random_uuid();
    const auto tick = next_tick();
    for (std::size_t i = 0; i < 6; ++i) {
        uuid[i] = static_cast<std::uint8_t>(tick >> (52 - 8 * i));
    }
    uuid[6] = static_cast<std::uint8_t>(0x70 | (tick >> 8 & 0x0F));
    uuid[7] = static_cast<std::uint8_t>(tick);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    return uuid;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != uuid_text_size) return std::nullopt;
    Uuid uuid;
    std::size_t digit = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int value = nibble(text[i]);
        if (value < 0) return std::nullopt;
        auto& byte = uuid[digit / 2];
        byte = static_cast<std::uint8_t>(digit % 2 == 0 ? value << 4 : byte | value);
        ++digit;
    }
    return uuid;
}

std::string to_string(const Uuid& uuid) {
    std::string text;
    append_uuid(text, uuid);
    return text;
}

void write_uuid(char* to, const Uuid& uuid) {
    std::size_t at = 0;
    for (const auto byte : uuid) {
        if (is_dash(at)) to[at++] = '-';
        to[at++] = hex_pairs[byte][0];
        to[at++] = hex_pairs[byte][1];
    }
}

void append_uuid(std::string& out, const Uuid& uuid) {
    std::array<char, uuid_text_size> text;
    write_uuid(text.data(), uuid);
    out.append(text.data(), text.size());
}

std::chrono::sys_time<std::chrono::milliseconds> made_at(const Uuid& uuid) {
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < 6; ++i) milliseconds = milliseconds << 8 | uuid[i];
    return std::chrono::sys_time<std::chrono::milliseconds>(
        std::chrono::milliseconds(milliseconds));
}

}  // namespace stoa
