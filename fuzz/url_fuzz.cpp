// SPDX-License-Identifier: Apache-2.0
// What comes out of a request target, a head, or header parameters is valid UTF-8 within its
// bounds.
#include "base/text.hpp"
#include "http/exchange.hpp"
#include "http/header_parameters.hpp"
#include "http/request_head.hpp"
#include "http/url.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void check_text(std::string_view text) {
    if (!stoa::is_utf8(text) || text.find('\0') != std::string_view::npos) std::abort();
}

void check_head(std::string_view bytes) {
    stoa::http::HeadScan scan({});
    const auto whole = scan.find_end(bytes);
    stoa::http::HeadScan stepwise({});
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        const auto end = stepwise.find_end(bytes.substr(0, size));
        if (end && *end == 0) continue;
        if (whole.has_value() != end.has_value()) std::abort();
        if (end && *end != *whole) std::abort();
        break;
    }
    if (!whole || *whole == 0) return;
    const auto head = stoa::http::parse_request_head(bytes.substr(0, *whole));
    if (!head) return;
    if (head->chunked && head->content_length > 0) std::abort();
    for (const auto& [name, value] : head->headers) {
        if (name.empty() || value.find_first_of("\r\n") != std::string::npos) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace http = stoa::http;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto target = http::parse_target(text)) {
        if (!target->path.starts_with('/')) std::abort();
        if (target->query.size() > http::query_pairs_max) std::abort();
        check_text(target->path);
        for (const auto& [name, value] : target->query) {
            check_text(name);
            check_text(value);
        }
    }
    check_head(text);
    check_text(http::clean_file_name(text));
    (void)http::parse_parameters(text);
    (void)http::decode_extended_value(text);
    (void)http::parse_traceparent(text);
    (void)http::find_protocol_bearer(text);
    return 0;
}
