// SPDX-License-Identifier: Apache-2.0
// What comes out of a request target or of header parameters is valid UTF-8 within its bounds.
#include "base/text.hpp"
#include "http/exchange.hpp"
#include "http/header_parameters.hpp"
#include "http/negotiation.hpp"
#include "http/url.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

enum class Kind { first, second };
BOOST_DESCRIBE_ENUM(Kind, first, second)
/// One of each type that a route's query may have.
struct Filter {
    std::optional<stoa::Int<1, 100>> limit;
    std::optional<bool> mine;
    std::optional<stoa::RoomId> room;
    std::optional<stoa::Time> since;
    std::optional<stoa::Text<1, 50>> q;
    std::optional<Kind> kind;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (limit, mine, room, since, q, kind))

void check_text(std::string_view text) {
    if (!stoa::is_utf8(text) || text.find('\0') != std::string_view::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace http = stoa::http;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (http::accepts_coding(text, "gzip") && text.empty()) std::abort();
    if (http::has_etag(text, "\"a\"") && text.empty()) std::abort();
    if (const auto target = http::parse_target(text)) {
        if (!target->path.starts_with('/')) std::abort();
        if (target->query.size() > http::query_pairs_max) std::abort();
        check_text(target->path);
        for (const auto& [name, value] : target->query) {
            check_text(name);
            check_text(value);
        }
        http::Request request;
        request.query = target->query;
        const auto filter = request.query_as<Filter>();
        if (filter && filter->limit && (filter->limit->value < 1 || filter->limit->value > 100))
            std::abort();
    }
    check_text(http::clean_file_name(text));
    (void)http::parse_parameters(text);
    (void)http::decode_extended_value(text);
    (void)http::parse_traceparent(text);
    (void)http::find_protocol_bearer(text);
    return 0;
}
