// SPDX-License-Identifier: Apache-2.0
#include "http/request_head.hpp"

#include "http/asio.hpp"
#include "http/url.hpp"

#include <algorithm>

#include <boost/beast/http/basic_parser.hpp>

namespace stoa::http {
namespace {

namespace beast = boost::beast;

tl::unexpected<Refusal> refuse(int status, std::string_view code, std::string detail) {
    return tl::unexpected<Refusal>(Refusal{status, code, std::move(detail)});
}

tl::unexpected<Refusal> malformed(std::string detail) {
    return refuse(400, "malformed_request", std::move(detail));
}

std::optional<Method> method_of(beast::http::verb verb) {
    switch (verb) {
        case beast::http::verb::get:
            return Method::get;
        case beast::http::verb::head:
            return Method::head;
        case beast::http::verb::post:
            return Method::post;
        case beast::http::verb::put:
            return Method::put;
        case beast::http::verb::patch:
            return Method::patch;
        case beast::http::verb::delete_:
            return Method::delete_;
        case beast::http::verb::options:
            return Method::options;
        default:
            return std::nullopt;
    }
}

/// Beast's parser writing straight into a RequestHead. It never sees a body: `skip` ends it there.
class HeadParser final : public beast::http::basic_parser<true> {
  public:
    RequestHead head;
    std::size_t hosts = 0;
    std::size_t content_lengths = 0;
    std::size_t transfer_encodings = 0;
    std::string_view transfer_encoding;
    std::string_view expect;

    HeadParser() { skip(true); }

  private:
    using error_code = beast::error_code;
    using string_view = beast::string_view;
    using field = beast::http::field;

    void on_request_impl(beast::http::verb verb, string_view, string_view target, int version,
                         error_code&) override {
        const auto method = method_of(verb);
        head.method_known = method.has_value();
        head.method = method.value_or(Method::get);
        head.target.assign(target.data(), target.size());
        head.http11 = version == 11;
    }

    void on_field_impl(field name, string_view text, string_view value, error_code&) override {
        auto& [key, copy] = head.headers.emplace_back(std::string(text.data(), text.size()),
                                                      std::string(value.data(), value.size()));
        for (auto& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        const std::string_view seen(value.data(), value.size());
        if (name == field::host) {
            ++hosts;
        } else if (name == field::content_length) {
            content_lengths += seen.find(',') == std::string_view::npos ? 1U : 2U;
        } else if (name == field::transfer_encoding) {
            ++transfer_encodings;
            transfer_encoding = seen;
        } else if (name == field::expect) {
            expect = seen;
        }
    }

    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}
};

bool is_host(std::string_view host) {
    return std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~:[]%!$&'()*+,;=").find(c) != std::string_view::npos;
    });
}

/// What RFC 9112 (3.2, 6.1, 6.3) and RFC 9110 (10.1.1) ask of a server beyond the grammar.
std::optional<Refusal> check_rules(const HeadParser& parser) {
    const auto bad = [](std::string detail) {
        return Refusal{400, "malformed_request", std::move(detail)};
    };
    const auto& head = parser.head;
    if (parser.hosts > 1 || (head.http11 && parser.hosts == 0)) {
        return bad("The request should have exactly one Host header.");
    }
    for (const auto& [name, value] : head.headers) {
        if (name == "host" && !is_host(value)) return bad("The Host header is not a host.");
    }
    if (parser.content_lengths > 1) return bad("The request has more than one Content-Length.");
    if (parser.transfer_encodings > 1) {
        return bad("The request has more than one Transfer-Encoding.");
    }
    if (parser.transfer_encodings == 1) {
        if (!head.http11) return bad("HTTP/1.0 has no Transfer-Encoding.");
        if (!equals_ignoring_case(parser.transfer_encoding, "chunked")) {
            return Refusal{501, "transfer_encoding_unsupported",
                           "The only Transfer-Encoding taken is chunked."};
        }
    }
    if (!parser.expect.empty() && !equals_ignoring_case(parser.expect, "100-continue")) {
        return Refusal{417, "expectation_failed", "The only expectation taken is 100-continue."};
    }
    return std::nullopt;
}

}  // namespace

tl::expected<std::size_t, Refusal> HeadScan::find_end(std::string_view bytes) {
    for (auto lf = bytes.find('\n', scanned_); lf != std::string_view::npos;
         lf = bytes.find('\n', lf + 1)) {
        if (lf + 1 > limits_.bytes_max) break;
        if (lines_ == 0 && lf > limits_.line_bytes_max) break;
        if (lf == 0 || bytes[lf - 1] != '\r') return malformed("Lines should end with CR LF.");
        if (lf >= 3 && bytes[lf - 2] == '\n') return lf + 1;
        if (++lines_ > limits_.fields_max + 1) {
            return refuse(431, "too_many_headers", "The request has too many header fields.");
        }
        // The byte after the line decides on obs-fold; wait for it.
        if (lf + 1 == bytes.size()) {
            --lines_;
            scanned_ = lf;
            return 0;
        }
        if (bytes[lf + 1] == ' ' || bytes[lf + 1] == '\t') {
            return malformed("Header lines should not be folded.");
        }
        scanned_ = lf + 1;
    }
    if (lines_ == 0 && bytes.size() > limits_.line_bytes_max) {
        return refuse(414, "target_too_long",
                      "The request line should have at most " +
                          std::to_string(limits_.line_bytes_max) + " bytes.");
    }
    if (bytes.size() > limits_.bytes_max) {
        return refuse(431, "headers_too_large",
                      "The request's head should have at most " +
                          std::to_string(limits_.bytes_max) + " bytes.");
    }
    return 0;
}

tl::expected<RequestHead, Refusal> parse_request_head(std::string_view bytes) {
    HeadParser parser;
    parser.header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
    parser.head.headers.reserve(
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(std::ranges::count(bytes, '\n') - 2, 0)));
    beast::error_code error;
    parser.put(asio::const_buffer(bytes.data(), bytes.size()), error);
    if (error) return malformed("The request's head is malformed: " + error.message() + ".");
    if (!parser.is_header_done()) return malformed("The request's head is malformed.");
    if (auto refusal = check_rules(parser)) return tl::unexpected<Refusal>(std::move(*refusal));
    auto head = std::move(parser.head);
    head.keep_alive = parser.keep_alive();
    head.upgrade = parser.upgrade();
    head.chunked = parser.chunked();
    head.content_length = parser.content_length().value_or(0);
    head.expects_continue = head.http11 && !parser.expect.empty();
    return head;
}

}  // namespace stoa::http
