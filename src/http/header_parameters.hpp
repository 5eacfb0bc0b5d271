// SPDX-License-Identifier: Apache-2.0
// Parameters of header values, `form-data; name="a"; filename*=UTF-8''%e2%82%ac` (RFC 9110, 5.6.6;
// RFC 8187), and file names made safe to show. Pure functions; any thread.
#pragma once

#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

/// What follows the first ';': names in lower case, values unquoted, at most 16 of them; nothing if
/// it is malformed.
std::optional<Headers> parse_parameters(std::string_view header_value);
const std::string* find_parameter(const Headers& parameters, std::string_view lower_case_name);

/// `UTF-8'en'%c3%a4` (or ISO-8859-1) decoded to UTF-8; nothing if it is no such value.
std::optional<std::string> decode_extended_value(std::string_view value);
/// What browsers escape in a quoted file name, and no more: %22, %0D and %0A.
std::string decode_browser_escapes(std::string_view text);
/// Valid UTF-8 (what is not is taken as ISO-8859-1) without control characters, also without those
/// that turn the direction of writing.
std::string clean_text(std::string_view text);
/// The last path component of either kind, cleaned, cut to 255 bytes; "." and ".." become empty.
std::string clean_file_name(std::string_view name);

}  // namespace stoa::http
