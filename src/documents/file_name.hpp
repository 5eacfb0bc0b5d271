// SPDX-License-Identifier: Apache-2.0
// File names as they are shown; none is ever a path. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace stoa::documents {

/// What a file is called, for people: the last part of the name that was sent, at most 255 bytes,
/// without control characters; "document" if nothing is left of it.
std::string shown_name(std::string_view sent);

}  // namespace stoa::documents
