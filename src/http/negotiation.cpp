// SPDX-License-Identifier: Apache-2.0
#include "http/negotiation.hpp"

#include "http/url.hpp"

#include <algorithm>
#include <optional>

namespace stoa::http {
namespace {

/// The next item of a comma-separated list, which loses it.
std::string_view take_item(std::string_view& list) {
    const auto comma = std::min(list.find(','), list.size());
    const auto item = trim_blanks(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return item;
}

/// `;q=0.5`'s worth: more than nothing? RFC 9110, 12.4.2: 0 to 1 with at most three decimals.
bool is_wanted(std::string_view parameters) {
    if (parameters.empty()) return true;
    parameters = trim_blanks(parameters);
    if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) return false;
    const auto quality = parameters.substr(2);
    if (quality.empty() || quality.size() > 5 || (quality[0] != '0' && quality[0] != '1')) {
        return false;
    }
    if (quality.size() > 1 && quality[1] != '.') return false;
    const auto decimals = quality.substr(std::min<std::size_t>(2, quality.size()));
    if (decimals.find_first_not_of("0123456789") != std::string_view::npos) return false;
    const bool is_fraction = decimals.find_first_not_of('0') != std::string_view::npos;
    return quality[0] == '1' ? !is_fraction : is_fraction;
}

}  // namespace

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
    std::optional<bool> any;
    while (!accept_encoding.empty()) {
        const auto item = take_item(accept_encoding);
        const auto semicolon = std::min(item.find(';'), item.size());
        const auto name = trim_blanks(item.substr(0, semicolon));
        const auto parameters = item.substr(std::min(semicolon + 1, item.size()));
        if (equals_ignoring_case(name, coding)) return is_wanted(parameters);
        if (name == "*") any = is_wanted(parameters);
    }
    return any.value_or(false);
}

bool has_etag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        auto item = take_item(if_none_match);
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == "*" || item == etag) return true;
    }
    return false;
}

}  // namespace stoa::http
