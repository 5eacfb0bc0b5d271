// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include "base/log.hpp"
#include "base/number.hpp"
#include "http/status.hpp"

#include <algorithm>
#include <array>

namespace stoa::http {
namespace {

struct Reason {
    int status;
    std::string_view phrase;
};

constexpr std::array reasons{
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{206, "Partial Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{426, "Upgrade Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
};

std::optional<std::string_view> find_in(const Headers& pairs, std::string_view name) {
    for (const auto& [key, value] : pairs) {
        if (key == name) return value;
    }
    return std::nullopt;
}

json::Value number_or_text(const std::string& text) {
    if (const auto whole = parse_number<std::int64_t>(text)) return *whole;
    if (const auto real = parse_number<double>(text)) return *real;
    return json::Value(text);
}

json::Value boolean_or_text(const std::string& text) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return json::Value(text);
}

void append_field(std::string& out, std::string_view separator, std::string_view name,
                  std::string_view value) {
    out += separator;
    json::append_string(out, name);
    out += ':';
    json::append_string(out, value);
}

}  // namespace

std::string_view reason_of(int status) {
    const auto found = std::ranges::find(reasons, status, &Reason::status);
    return found == reasons.end() ? "Unknown" : found->phrase;
}

std::string_view method_name(Method method) {
    static constexpr std::array<std::string_view, 7> names{"GET",   "HEAD",   "POST",   "PUT",
                                                           "PATCH", "DELETE", "OPTIONS"};
    return names[static_cast<std::size_t>(method)];
}

std::optional<std::string_view> Request::find_header(std::string_view lower_case_name) const {
    return find_in(headers, lower_case_name);
}

std::optional<std::string_view> Request::find_query(std::string_view name) const {
    return find_in(query, name);
}

std::string_view Request::path_parameter(std::string_view name) const {
    return find_in(path_parameters, name).value_or(std::string_view());
}

Result<json::Value> Request::query_object(const std::vector<std::string_view>& numbers,
                                          const std::vector<std::string_view>& booleans) const {
    boost::json::object object;
    const auto is_one_of = [](const auto& names, std::string_view name) {
        return std::ranges::find(names, name) != names.end();
    };
    for (const auto& [name, value] : query) {
        if (object.contains(name)) {
            Error error{ErrorKind::invalid, "validation_failed", "The query names a value twice."};
            error.fields.push_back({{"query", name}, "Value should be given once", "duplicate"});
            return tl::unexpected<Error>(std::move(error));
        }
        if (is_one_of(numbers, name)) {
            object.emplace(name, number_or_text(value));
        } else if (is_one_of(booleans, name)) {
            object.emplace(name, boolean_or_text(value));
        } else {
            object.emplace(name, value);
        }
    }
    return json::Value(std::move(object));
}

Response Response::json_text(int status, std::string text) {
    return {status, {{"Content-Type", "application/json"}}, std::move(text)};
}

Response Response::text(int status, std::string content_type, std::string body) {
    return {status, {{"Content-Type", std::move(content_type)}}, std::move(body)};
}

Response Response::no_content() { return {204, {}, std::string()}; }

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::malformed:
            return 400;
        case ErrorKind::unauthenticated:
            return 401;
        case ErrorKind::forbidden:
            return 403;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::conflict:
            return 409;
        case ErrorKind::too_large:
            return 413;
        case ErrorKind::unsupported_type:
            return 415;
        case ErrorKind::invalid:
            return 422;
        case ErrorKind::limited:
            return 429;
        case ErrorKind::unavailable:
            return 503;
        case ErrorKind::internal:
            return 500;
    }
    return 500;
}

Response problem_of(const Refusal& refusal, std::string_view request_id,
                    const std::vector<FieldError>& fields, std::string_view extensions_json) {
    std::string text;
    text.reserve(256);
    append_field(text, "{", "type", "/docs/errors#" + std::string(refusal.code));
    append_field(text, ",", "title", reason_of(refusal.status));
    text += R"(,"status":)";
    json::append_number(text, static_cast<std::int64_t>(refusal.status));
    append_field(text, ",", "detail", refusal.detail);
    append_field(text, ",", "code", refusal.code);
    append_field(text, ",", "request_id", request_id);
    if (!fields.empty()) {
        text += R"(,"errors":[)";
        for (const auto& field : fields) {
            if (&field != &fields.front()) text += ',';
            text += R"({"loc":)";
            json::write(text, field.loc);
            append_field(text, ",", "msg", field.msg);
            append_field(text, ",", "type", field.type);
            text += '}';
        }
        text += ']';
    }
    if (extensions_json.size() > 2) {  // more than "{}"
        text += ',';
        text += extensions_json.substr(1, extensions_json.size() - 2);
    }
    text += '}';
    return Response::text(refusal.status, "application/problem+json", std::move(text));
}

Response problem(const Error& error, std::string_view request_id) {
    const int status = status_of(error.kind);
    const bool hidden = error.kind == ErrorKind::internal;
    if (hidden) {
        log::error("A request failed inside.", {{"error.code", std::string(error.code)},
                                                {"error.message", error.message},
                                                {"http.request.id", std::string(request_id)}});
    }
    auto response =
        problem_of({status, error.code,
                    hidden ? "Something went wrong on our side; the request id names it in our log."
                           : error.message},
                   request_id, error.fields, error.extensions_json);
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (error.retry_after) {
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
    }
    return response;
}

}  // namespace stoa::http
