// SPDX-License-Identifier: Apache-2.0
// What a request says about the representation it wants: content codings (RFC 9110, 12.5.3) and
// the entity tags it has already (13.1.2). Pure functions; any thread.
#pragma once

#include <string_view>

namespace stoa::http {

/// Does an Accept-Encoding take `coding` (lower case)? By its own quality, else that of `*`; an
/// empty or absent header takes none, and so does a malformed quality.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

/// Is `etag` (with its quotes) in an If-None-Match list? Compared weakly; `*` is any.
bool has_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace stoa::http
