// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.hpp"

#include "http/header_parameters.hpp"
#include "http/url.hpp"

#include <algorithm>

namespace stoa::http {
namespace {

constexpr std::size_t boundary_bytes_max = 70;
constexpr std::size_t padding_bytes_max = 128;

tl::unexpected<Error> malformed(std::string message) {
    return fail(ErrorKind::malformed, "malformed_multipart", std::move(message));
}

bool is_boundary(std::string_view boundary) {
    return !boundary.empty() && boundary.size() <= boundary_bytes_max && boundary.back() != ' ' &&
           std::ranges::all_of(boundary, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
           });
}

/// The longest end of `bytes` that may be the start of `delimiter`.
std::size_t partial_delimiter(std::string_view bytes, std::string_view delimiter) {
    for (auto n = std::min(bytes.size(), delimiter.size() - 1); n > 0; --n) {
        if (bytes.ends_with(delimiter.substr(0, n))) return n;
    }
    return 0;
}

Result<PartHead> parse_part_head(std::string_view lines) {
    std::string_view disposition;
    std::string_view content_type;
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find("\r\n"));
        lines.remove_prefix(std::min(lines.size(), line.size() + 2));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || line.find_first_of("\r\n", 0) < line.size() ||
            line.find('\0') != std::string_view::npos) {
            return malformed("A part has a malformed header.");
        }
        const auto name = line.substr(0, colon);
        const auto value = trim_blanks(line.substr(colon + 1));
        if (equals_ignoring_case(name, "content-disposition")) disposition = value;
        if (equals_ignoring_case(name, "content-type")) content_type = value;
    }
    auto head = parse_disposition(disposition);
    if (head) head->content_type = clean_text(content_type.substr(0, 255));
    return head;
}

}  // namespace

Result<std::string> find_boundary(std::string_view content_type) {
    const auto type = trim_blanks(content_type.substr(0, content_type.find(';')));
    if (!equals_ignoring_case(type, "multipart/form-data")) {
        return fail(ErrorKind::unsupported_type, "unsupported_media_type",
                    "The Content-Type should be multipart/form-data.");
    }
    const auto parameters = parse_parameters(content_type);
    const auto* boundary = parameters ? find_parameter(*parameters, "boundary") : nullptr;
    if (boundary == nullptr || !is_boundary(*boundary)) {
        return malformed("The Content-Type should name a boundary of 1 to 70 characters.");
    }
    return *boundary;
}

Result<PartHead> parse_disposition(std::string_view value) {
    const auto type = trim_blanks(value.substr(0, value.find(';')));
    const auto parameters = parse_parameters(value);
    if (!parameters || !equals_ignoring_case(type, "form-data")) {
        return malformed("Each part should have a Content-Disposition of form-data.");
    }
    PartHead head;
    const auto* name = find_parameter(*parameters, "name");
    if (name == nullptr || name->size() > 255) {
        return malformed("Each part should have a name of at most 255 bytes.");
    }
    head.name = clean_text(*name);
    if (const auto* file_name = find_parameter(*parameters, "filename")) {
        head.is_file = true;
        head.file_name = clean_file_name(decode_browser_escapes(*file_name));
    }
    if (const auto* extended = find_parameter(*parameters, "filename*")) {
        head.is_file = true;
        if (auto decoded = decode_extended_value(*extended)) {
            head.file_name = clean_file_name(*decoded);
        }
    }
    return head;
}

MultipartParser::MultipartParser(std::string_view boundary, PartSink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), sink_(sink) {}

Result<void> MultipartParser::feed(std::string_view bytes) {
    std::string joined;
    if (!carry_.empty()) {
        joined.swap(carry_);
        joined.append(bytes);
        bytes = joined;
    }
    for (;;) {
        const auto stepped = step(bytes);
        if (!stepped) return fail(stepped);
        if (*stepped == Step::more) break;
    }
    carry_.assign(bytes);
    return {};
}

Result<void> MultipartParser::finish() const {
    if (state_ == State::epilogue) return {};
    return malformed("The body ends before its last boundary.");
}

Result<MultipartParser::Step> MultipartParser::step(std::string_view& bytes) {
    switch (state_) {
        case State::preamble:
        case State::part_body:
            return read_to_delimiter(bytes);
        case State::delimiter_end:
            return read_delimiter_end(bytes);
        case State::part_head:
            return read_part_head(bytes);
        case State::epilogue:
            bytes = {};
            return Step::more;
    }
    return Step::more;
}

Result<MultipartParser::Step> MultipartParser::read_to_delimiter(std::string_view& bytes) {
    const auto at = bytes.find(delimiter_);
    const bool found = at != std::string_view::npos;
    const auto content = found ? at : bytes.size() - partial_delimiter(bytes, delimiter_);
    if (state_ == State::part_body && content > 0) {
        if (auto written = sink_.write_part(bytes.substr(0, content)); !written) {
            return fail(written);
        }
    }
    bytes.remove_prefix(content);
    if (!found) return Step::more;
    bytes.remove_prefix(delimiter_.size());
    if (state_ == State::part_body) {
        if (auto ended = sink_.end_part(); !ended) return fail(ended);
    }
    state_ = State::delimiter_end;
    return Step::on;
}

Result<MultipartParser::Step> MultipartParser::read_delimiter_end(std::string_view& bytes) {
    if (bytes.starts_with("--")) {
        bytes = {};
        state_ = State::epilogue;
        return Step::on;
    }
    const auto padding = std::min(bytes.find_first_not_of(" \t"), bytes.size());
    const auto end = bytes.substr(padding);
    if (padding > padding_bytes_max) return malformed("A boundary should end its line.");
    if (end.starts_with("\r\n")) {
        // The line's end stays: it lets a head without a line end where a head with lines ends.
        bytes = end;
        state_ = State::part_head;
        return Step::on;
    }
    const bool may_heal = end.empty() || end == "\r" || (padding == 0 && end == "-");
    if (may_heal) return Step::more;
    return malformed("A boundary should end its line.");
}

Result<MultipartParser::Step> MultipartParser::read_part_head(std::string_view& bytes) {
    const auto end = bytes.substr(0, part_head_bytes_max + 4).find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() < part_head_bytes_max + 4) return Step::more;
        return malformed("The headers of a part should have at most 8 KiB.");
    }
    if (++parts_ > parts_max) {
        return fail(ErrorKind::too_large, "too_many_parts", "The body has more than 32 parts.");
    }
    auto head = parse_part_head(bytes.substr(2, std::max<std::size_t>(end, 2) - 2));
    if (!head) return fail(head);
    bytes.remove_prefix(end + 4);
    if (auto begun = sink_.begin_part(std::move(*head)); !begun) return fail(begun);
    state_ = State::part_body;
    return Step::on;
}

}  // namespace stoa::http
