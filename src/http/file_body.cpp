// SPDX-License-Identifier: Apache-2.0
#include "base/number.hpp"
#include "http/answer.hpp"
#include "http/negotiation.hpp"
#include "http/status.hpp"
#include "http/url.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};

enum class RangeKind { whole, part, unsatisfiable };

/// A single byte range (RFC 9110, 14.1.2). Several ranges and other units mean the whole file.
RangeKind parse_range(std::string_view header, std::uint64_t size, Range& range) {
    constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit) || header.find(',') != std::string_view::npos) {
        return RangeKind::whole;
    }
    const auto spec = trim_blanks(header.substr(unit.size()));
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return RangeKind::whole;
    const auto first = parse_number<std::uint64_t>(spec.substr(0, dash));
    const auto last = parse_number<std::uint64_t>(spec.substr(dash + 1));
    if ((!first && dash != 0) || (!last && dash + 1 != spec.size()) || (!first && !last)) {
        return RangeKind::whole;
    }
    if (!first) {
        if (*last == 0 || size == 0) return RangeKind::unsatisfiable;
        range.size = std::min(*last, size);
        range.begin = size - range.size;
        return RangeKind::part;
    }
    if (last && *last < *first) return RangeKind::whole;
    if (*first >= size) return RangeKind::unsatisfiable;
    range.begin = *first;
    range.size = std::min(last.value_or(size - 1), size - 1) - *first + 1;
    return RangeKind::part;
}

bool is_unchanged(const Request& request, const FileBody& file) {
    if (const auto list = request.find_header("if-none-match")) return has_etag(*list, file.etag);
    const auto header = request.find_header("if-modified-since");
    const auto since = header ? parse_http_date(*header) : std::nullopt;
    return since && file.modified != 0 && file.modified <= *since;
}

bool range_applies(const Request& request, const FileBody& file) {
    const auto condition = request.find_header("if-range");
    if (!condition || *condition == file.etag) return true;
    return file.modified != 0 && parse_http_date(*condition) == file.modified;
}

/// What is asked for of the file. A range is of GET alone (RFC 9110, 14.2).
RangeKind asked_range(const Request& request, const FileBody& file, Range& range) {
    const auto size = file.source->size();
    range = {0, size};
    const auto header = request.find_header("range");
    if (request.method != Method::get || !header || !range_applies(request, file)) {
        return RangeKind::whole;
    }
    return parse_range(*header, size, range);
}

}  // namespace

bool sends_whole_file(const FileBody& file, const Request& request) {
    if (request.method == Method::head) return false;
    if (is_unchanged(request, file)) return false;
    Range range;
    return asked_range(request, file, range) != RangeKind::unsatisfiable &&
           range.size == file.source->size();
}

FileSlice slice_file_body(Response& response, const Request& request) {
    const auto file = std::get<FileBody>(response.body);
    const auto size = std::to_string(file.source->size());
    response.headers.emplace_back("ETag", file.etag);
    if (file.modified != 0) {
        response.headers.emplace_back("Last-Modified", to_http_date(file.modified));
    }
    response.headers.emplace_back("Accept-Ranges", "bytes");
    if (is_unchanged(request, file)) {
        response.status = 304;
        return {};
    }
    Range range;
    switch (asked_range(request, file, range)) {
        case RangeKind::whole:
            break;
        case RangeKind::part:
            response.status = 206;
            response.headers.emplace_back(
                "Content-Range", "bytes " + std::to_string(range.begin) + '-' +
                                     std::to_string(range.begin + range.size - 1) + '/' + size);
            break;
        case RangeKind::unsatisfiable:
            response =
                problem_of({416, "range_not_satisfiable", "The file has " + size + " bytes."},
                           request.request_id);
            response.headers.emplace_back("Content-Range", "bytes */" + size);
            return {};
    }
    return {file.source, range.begin, range.size};
}

}  // namespace stoa::http
