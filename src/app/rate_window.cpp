// SPDX-License-Identifier: Apache-2.0
#include "app/rate_window.hpp"

#include <algorithm>
#include <functional>
#include <span>

namespace stoa::app {

RateVerdict take(RateWindow& window, std::int64_t limit, std::int64_t length, std::int64_t now) {
    const bool empty = window.before == 0 && window.count == 0;
    auto elapsed = std::max<std::int64_t>(0, now - window.start);
    if (empty || elapsed >= 2 * length) {
        window = {now, 0, 0};
        elapsed = 0;
    } else if (elapsed >= length) {
        window = {window.start + length, window.count, 0};
        elapsed -= length;
    }
    const auto left = limit - window.count - window.before * (length - elapsed) / length;
    if (left > 0) {
        ++window.count;
        return {true, left - 1, length - elapsed};
    }
    // One is allowed as soon as the part of `from` that still counts is less than `free`.
    auto from = window.before;
    auto free = limit - window.count;
    auto wait = -elapsed;
    if (free <= 0) {
        from = window.count;
        free = limit;
        wait = length - elapsed;
    }
    return {false, 0, wait + length * (from - free) / from + 1};
}

RateVerdict LocalRates::take(std::string_view key, std::int64_t limit, std::int64_t length,
                             std::int64_t now) {
    const std::lock_guard lock(mutex_);
    if (slots_.empty()) slots_.resize(capacity);
    const auto row = std::hash<std::string_view>()(key) % (capacity / slots_per_hash);
    const auto slots = std::span(slots_).subspan(row * slots_per_hash, slots_per_hash);
    auto slot = std::ranges::find(slots, key, &Slot::key);
    if (slot == slots.end()) {
        slot = std::ranges::min_element(slots, {}, [](const Slot& s) { return s.window.start; });
        *slot = {std::string(key), {}};
    }
    return app::take(slot->window, limit, length, now);
}

}  // namespace stoa::app
