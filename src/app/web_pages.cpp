// SPDX-License-Identifier: Apache-2.0
#include "app/web_pages.hpp"

#include "http/negotiation.hpp"

#include <algorithm>
#include <stdexcept>

namespace stoa::app {

http::Handler page(std::string_view name) {
    const auto found = std::ranges::find(web_pages(), name, &WebPage::name);
    if (found == web_pages().end()) throw std::logic_error("no page " + std::string(name));
    return [&web_page = *found](http::Request& request) {
        const bool is_gzip =
            http::accepts_coding(request.find_header("accept-encoding").value_or(""), "gzip");
        const auto etag = '"' + std::string(web_page.content_tag) + (is_gzip ? "-gzip\"" : "\"");
        const bool is_known =
            http::has_etag(request.find_header("if-none-match").value_or(""), etag);
        auto response = is_known ? http::Response::no_content()
                                 : http::Response::text(
                                       200, std::string(web_page.content_type),
                                       std::string(is_gzip ? web_page.gzip : web_page.content));
        if (is_known) response.status = 304;
        if (is_gzip && !is_known) response.headers.emplace_back("content-encoding", "gzip");
        response.headers.emplace_back("etag", etag);
        response.headers.emplace_back("vary", "Accept-Encoding");
        response.headers.emplace_back("cache-control", "no-cache");
        response.headers.emplace_back(
            "content-security-policy",
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'");
        return response;
    };
}

}  // namespace stoa::app
