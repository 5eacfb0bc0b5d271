// SPDX-License-Identifier: Apache-2.0
// Base64 by RFC 4648: the standard alphabet with padding and the URL-safe one without. Reading is
// strict: no whitespace, no missing or extra padding, no stray bits, so every value has one text.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stoa::crypto {

std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);

/// The bytes, or nothing if `text` is not exactly what `to_base64` would have written.
std::optional<std::string> from_base64(std::string_view text);
/// The same for `to_base64url`.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace stoa::crypto
