// SPDX-License-Identifier: Apache-2.0
// The pages served at `/`: index, API documentation, error codes, openapi.json; compiled into the
// program from web/ and docs/openapi.yaml by tools/embed_web.py. Read-only; any thread.
#pragma once

#include "http/routes.hpp"

#include <string_view>
#include <vector>

namespace stoa::app {

struct WebPage {
    std::string_view name;  ///< "/index.html"
    std::string_view content_type;
    std::string_view content;
    std::string_view gzip;         ///< the same, compressed when the program was built
    std::string_view content_tag;  ///< ETag, by the content's hash, without quotes
};

const std::vector<WebPage>& web_pages();

/// Serves the page with that name, compressed to who takes gzip and asks for the whole of it; a bug
/// (throws) if there is none.
http::Handler page(std::string_view name);

}  // namespace stoa::app
