// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Decoded, valid UTF-8 and without NUL.
std::optional<std::string> decode_text(std::string_view text, bool plus_is_space) {
    auto decoded = percent_decode(text, plus_is_space);
    if (!decoded || decoded->find('\0') != std::string::npos || !is_utf8(*decoded)) {
        return std::nullopt;
    }
    return decoded;
}

tl::unexpected<Error> malformed(std::string message) {
    return fail(ErrorKind::malformed, "malformed_target", std::move(message));
}

Result<Headers> parse_query(std::string_view text) {
    Headers pairs;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        if (pairs.size() == query_pairs_max) {
            return malformed("The query has more than 64 parameters.");
        }
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decode_text(pair.substr(0, equals), true);
        auto value = decode_text(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) {
            return malformed("The query is not percent-encoded UTF-8 text without U+0000.");
        }
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return pairs;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto item = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), item.size() + 1));
        if (equals_ignoring_case(trim_blanks(item), token)) return true;
    }
    return false;
}

std::optional<std::string_view> find_bearer(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() ||
        !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    const auto token = trim_blanks(authorization.substr(scheme.size()));
    return token.empty() ? std::nullopt : std::optional(token);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = nibble(text[i + 1]);
            const int low = nibble(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            decoded.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return decoded;
}

Result<Target> parse_target(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        if (slash == std::string_view::npos) return malformed("The request target has no path.");
        target.remove_prefix(slash);
        break;
    }
    if (!target.starts_with('/')) {
        return malformed("The request target should be a path that starts with '/'.");
    }
    if (target.find('#') != std::string_view::npos) {
        return malformed("The request target should not have a fragment ('#').");
    }
    const auto question = std::min(target.find('?'), target.size());
    auto path = decode_text(target.substr(0, question), false);
    if (!path) return malformed("The path is not percent-encoded UTF-8 text without U+0000.");
    auto query = parse_query(target.substr(std::min(question + 1, target.size())));
    if (!query) return fail(query);
    return Target{std::move(*path), std::move(*query)};
}

}  // namespace stoa::http
