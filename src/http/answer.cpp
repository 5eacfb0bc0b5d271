// SPDX-License-Identifier: Apache-2.0
#include "http/answer.hpp"

#include "base/log.hpp"
#include "http/chunk_stream.hpp"
#include "http/status.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace stoa::http {
namespace {

constexpr std::string_view exposed_headers =
    "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, ETag, "
    "Content-Range, Accept-Ranges, Content-Disposition, Idempotent-Replayed, Location, "
    "Tus-Resumable, Tus-Version, Upload-Offset, Upload-Length, Upload-Expires";

/// The Date line, made once a second on each thread.
const std::string& date_line() {
    thread_local std::time_t made_at = 0;
    thread_local std::string line;
    const auto now = std::time(nullptr);
    if (now != made_at) {
        made_at = now;
        line = "Date: " + to_http_date(now) + "\r\n";
    }
    return line;
}

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits;
    out.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
}

bool is_sendable(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_status_line(std::string& head, int status) {
    head += "HTTP/1.1 ";
    append_number(head, static_cast<std::uint64_t>(status));
    head += ' ';
    head += reason_of(status);
    head += "\r\n";
}

/// The response's own headers; what they do not say gets this server's default.
void append_headers(std::string& head, const Response& response, const Request& request) {
    bool has_cache_control = false;
    bool has_referrer_policy = false;
    bool is_json = false;
    for (const auto& [name, value] : response.headers) {
        if (!is_sendable(name) || !is_sendable(value)) {
            log::error("A response header has a line break and was left out.",
                       {{"http.request.id", request.request_id}});
            continue;
        }
        append_header(head, name, value);
        has_cache_control |= equals_ignoring_case(name, "cache-control");
        has_referrer_policy |= equals_ignoring_case(name, "referrer-policy");
        is_json |= equals_ignoring_case(name, "content-type") &&
                   (value.starts_with("application/json") ||
                    value.starts_with("application/problem+json"));
    }
    head += "X-Content-Type-Options: nosniff\r\n";
    if (!has_referrer_policy) head += "Referrer-Policy: no-referrer\r\n";
    if (is_json && !has_cache_control) head += "Cache-Control: no-store\r\n";
}

void append_allowance(std::string& head, const Allowance& allowance) {
    head += "RateLimit-Limit: ";
    append_number(head, allowance.limit);
    head += "\r\nRateLimit-Remaining: ";
    append_number(head, allowance.remaining);
    head += "\r\nRateLimit-Reset: ";
    append_number(head, static_cast<std::uint64_t>(allowance.reset.count()));
    head += "\r\n";
}

bool has_body(int status) { return status != 204 && status != 304; }

}  // namespace

std::string to_http_date(std::time_t time) {
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 40> text;
    // The "C" locale's names: the process never calls setlocale.
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
    std::tm parts{};
    const std::string copy(text);
    const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return timegm(&parts);
}

Answer make_answer(Response response, const AnswerFor& to) {
    Answer answer;
    answer.close = to.close;
    const bool is_head = to.request.method == Method::head;
    if (std::holds_alternative<FileBody>(response.body)) {
        answer.file = slice_file_body(response, to.request);
    }
    answer.status = response.status;
    std::uint64_t length = answer.file.left;
    if (auto* text = std::get_if<std::string>(&response.body)) {
        answer.body = std::move(*text);
        length = answer.body.size();
    } else if (auto* stream = std::get_if<StreamBody>(&response.body)) {
        if (!is_head) answer.stream = std::move(*stream);
    } else if (auto* live = std::get_if<LiveBody>(&response.body)) {
        if (is_head) live->stream->end(true);
        if (!is_head) answer.live = std::move(*live);
    }
    const bool is_stream = std::holds_alternative<StreamBody>(response.body) ||
                           std::holds_alternative<LiveBody>(response.body);
    answer.chunked = is_stream && to.http11;
    answer.close |= is_stream && !to.http11;

    auto& head = answer.head;
    head.reserve(512);
    append_status_line(head, answer.status);
    head += date_line();
    append_header(head, "X-Request-Id", to.request.request_id);
    append_headers(head, response, to.request);
    if (to.allowance != nullptr) append_allowance(head, *to.allowance);
    if (!to.allowed_origin.empty()) {
        append_header(head, "Access-Control-Allow-Origin", to.allowed_origin);
        append_header(head, "Access-Control-Expose-Headers", exposed_headers);
    }
    if (to.varies_by_origin) head += "Vary: Origin\r\n";
    if (to.strict_transport) head += "Strict-Transport-Security: max-age=31536000\r\n";
    if (is_stream) {
        if (answer.chunked) head += "Transfer-Encoding: chunked\r\n";
    } else if (has_body(answer.status)) {
        head += "Content-Length: ";
        append_number(head, length);
        head += "\r\n";
    }
    if (answer.close) {
        head += "Connection: close\r\n";
    } else if (!to.http11) {
        head += "Connection: keep-alive\r\n";
    }
    head += "\r\n";
    if (is_head || !has_body(answer.status)) {
        answer.body.clear();
        answer.file.left = 0;
    }
    return answer;
}

}  // namespace stoa::http
