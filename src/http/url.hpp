// SPDX-License-Identifier: Apache-2.0
// The request target (RFC 9112, 3.2) and percent-encoding (RFC 3986, 2.1). Foreign bytes come in,
// decoded and valid UTF-8 comes out. Pure functions; any thread.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

struct Target {
    std::string path;  ///< decoded; starts with '/'
    Headers query;     ///< decoded pairs in the order sent
};

inline constexpr std::size_t query_pairs_max = 64;

/// Origin form, or absolute form with http(s), whose authority is dropped. `malformed_target` (400)
/// for anything else: a bad escape, NUL, invalid UTF-8, a fragment, more than 64 query pairs.
Result<Target> parse_target(std::string_view target);

/// Nothing if an escape is broken. `+` stays `+` unless `plus_is_space`.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// A bearer token out of an Authorization header's value (RFC 6750, 2.1); nothing if it has none.
std::optional<std::string_view> find_bearer(std::string_view authorization);

bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string_view trim_blanks(std::string_view text);
/// Whether a comma-separated header value has `token`, in any case.
bool has_token(std::string_view list, std::string_view token);

}  // namespace stoa::http
