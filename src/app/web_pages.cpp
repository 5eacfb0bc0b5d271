// SPDX-License-Identifier: Apache-2.0
#include "app/web_pages.hpp"

#include <algorithm>
#include <stdexcept>

namespace stoa::app {

http::Handler page(std::string_view name) {
    const auto found = std::ranges::find(web_pages(), name, &WebPage::name);
    if (found == web_pages().end()) throw std::logic_error("no page " + std::string(name));
    return [&web_page = *found](http::Request&) {
        auto response = http::Response::text(200, std::string(web_page.content_type),
                                             std::string(web_page.content));
        response.headers.emplace_back("cache-control", "no-cache");
        response.headers.emplace_back(
            "content-security-policy",
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
        return response;
    };
}

}  // namespace stoa::app
