// SPDX-License-Identifier: Apache-2.0
#include "app/rate_limiter.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <chrono>

namespace stoa::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds redis_pause{1'000};

/// `take` of rate_window.hpp, by Redis' clock. Its windows are forgotten when they no longer count.
constexpr std::string_view script_text = R"(
local limit, length = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local start, before, count = now, 0, 0
local kept = redis.call('GET', KEYS[1])
if kept then
  local s, b, c = string.match(kept, '^(%d+) (%d+) (%d+)$')
  start, before, count = tonumber(s), tonumber(b), tonumber(c)
end
local elapsed = math.max(0, now - start)
if elapsed >= 2 * length then
  start, before, count, elapsed = now, 0, 0, 0
elseif elapsed >= length then
  start, before, count, elapsed = start + length, count, 0, elapsed - length
end
local left = limit - count - math.floor(before * (length - elapsed) / length)
if left > 0 then
  local window = string.format('%.0f %.0f %.0f', start, before, count + 1)
  redis.call('SET', KEYS[1], window, 'PX', 2 * length)
  return {1, left - 1, length - elapsed}
end
local from, free, wait = before, limit - count, -elapsed
if free <= 0 then
  from, free, wait = count, limit, length - elapsed
end
return {0, 0, wait + math.floor(length * (from - free) / from) + 1}
)";

std::int64_t steady_now() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
}

}  // namespace

RateLimiter::RateLimiter(redis::Options options, std::int64_t percent, Metrics& metrics)
    : redis_(std::move(options), metrics),
      percent_(percent),
      script_(script_text),
      held_here_(metrics.counter("stoa_rate_limit_local_requests_total",
                                 "Limited requests counted here, since Redis did not answer.")) {}

http::Allowance RateLimiter::take(const std::string& key, const http::Limit& limit) {
    const std::int64_t scaled = std::int64_t{limit.requests} * percent_ / 100;
    const auto requests = std::clamp<std::int64_t>(scaled, 1, INT32_MAX);
    const auto length = milliseconds(limit.window).count();
    std::optional<RateVerdict> verdict;
    if (may_ask_redis()) verdict = ask_redis(key, requests, length);
    if (!verdict) {
        held_here_.add();
        verdict = local_.take(key, requests, length, steady_now());
    }
    return {.allowed = verdict->allowed,
            .limit = static_cast<std::uint32_t>(requests),
            .remaining = static_cast<std::uint32_t>(verdict->remaining),
            .reset = std::chrono::ceil<std::chrono::seconds>(milliseconds(verdict->reset))};
}

/// While Redis is away one request in each pause tries it; the others do not wait for it.
bool RateLimiter::may_ask_redis() {
    auto at = ask_again_at_.load();
    if (at == 0) return true;
    const auto now = steady_now();
    return now >= at && ask_again_at_.compare_exchange_strong(at, now + redis_pause.count());
}

std::optional<RateVerdict> RateLimiter::ask_redis(const std::string& key, std::int64_t limit,
                                                  std::int64_t length) {
    const auto reply = redis_.run_script(script_, {"limit:" + key},
                                         {std::to_string(limit), std::to_string(length)});
    if (!reply || reply->items.size() != 3) {
        const bool answered = ask_again_at_.exchange(steady_now() + redis_pause.count()) == 0;
        if (answered) log::warning("Each node holds the rate limits by itself.");
        return std::nullopt;
    }
    if (ask_again_at_.exchange(0) != 0) log::info("The nodes share the rate limits again.");
    const auto& items = reply->items;
    return RateVerdict{items[0].integer == 1, items[1].integer, items[2].integer};
}

}  // namespace stoa::app
