// SPDX-License-Identifier: Apache-2.0
#include "app/web_pages.hpp"

#include "http/negotiation.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace stoa::app {
namespace {

class EmbeddedText final : public http::ByteSource {
  public:
    explicit EmbeddedText(std::string_view text) : text_(text) {}
    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
    [[nodiscard]] Result<std::string> read(std::uint64_t offset) override {
        return std::string(text_.substr(offset, 64UL * 1024));
    }

  private:
    std::string_view text_;
};

/// A range is meant of the page as it is read, not as it is packed.
bool goes_packed(const http::Request& request) {
    const bool ranged = request.method == http::Method::get && request.find_header("range");
    return !ranged &&
           http::accepts_coding(request.find_header("accept-encoding").value_or(""), "gzip");
}

}  // namespace

http::Handler page(std::string_view name) {
    const auto found = std::ranges::find(web_pages(), name, &WebPage::name);
    if (found == web_pages().end()) throw std::logic_error("no page " + std::string(name));
    return [&web_page = *found](http::Request& request) {
        const bool is_gzip = goes_packed(request);
        const auto etag = '"' + std::string(web_page.content_tag) + (is_gzip ? "-gzip\"" : "\"");
        http::Response response;
        response.headers = {{"content-type", std::string(web_page.content_type)},
                            {"vary", "Accept-Encoding"},
                            {"cache-control", "no-cache"},
                            {"content-security-policy",
                             "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"}};
        if (is_gzip) response.headers.emplace_back("content-encoding", "gzip");
        response.body = http::FileBody{
            std::make_shared<EmbeddedText>(is_gzip ? web_page.gzip : web_page.content), etag};
        return response;
    };
}

}  // namespace stoa::app
