// SPDX-License-Identifier: Apache-2.0
#include "app/rate_limits.hpp"

#include "base/number.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <string>

namespace stoa::app {
namespace {

constexpr std::uint32_t requests_max = 1'000'000;

}  // namespace

Result<RateLimits> RateLimits::parse(std::string_view text) {
    RateLimits limits;
    const auto wrong = [&limits](const std::string& item) {
        std::string names;
        for (const auto& limit : limits.limits_) {
            names += (names.empty() ? "" : ", ") + std::string(limit.name);
        }
        return fail(ErrorKind::invalid, "settings_invalid",
                    "rate_limits: \"" + item + "\" should be a name and requests a minute (1 to " +
                        std::to_string(requests_max) + "), such as uploads=10; the names are " +
                        names + ".");
    };
    for (const auto& item : split_commas(text)) {
        const auto equals = std::min(item.find('='), item.size());
        const auto found =
            std::ranges::find(limits.limits_, item.substr(0, equals), &http::Limit::name);
        const auto number = parse_number(
            std::string_view(item).substr(std::min(equals + 1, item.size())), 1U, requests_max);
        if (found == limits.limits_.end() || !number) return wrong(item);
        found->requests = *number;
    }
    return limits;
}

http::Limit RateLimits::find(const http::Limit& limit) const {
    const auto found = std::ranges::find(limits_, limit.name, &http::Limit::name);
    return found == limits_.end() ? limit : *found;
}

}  // namespace stoa::app
