// SPDX-License-Identifier: Apache-2.0
#include "jobs/celery_message.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>

namespace stoa::jobs {

namespace {

using boost::json::object;

constexpr int retries_max = 1'000;
constexpr double limit_seconds_max = 24 * 3600;
constexpr int priority_max = 9;
constexpr std::size_t id_bytes_max = 200;
constexpr std::size_t answered_bytes_max = 8 * 1024 * 1024;

bool is_task_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, is_allowed);
}

/// The member if it is there and not null.
const boost::json::value* given(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Result<void> read_time(const object& headers, std::string_view name, std::optional<Time>& to) {
    if (given(headers, name) == nullptr) return {};
    const auto text = text_in(headers, name);
    to = parse_rfc3339(text);
    if (!to) to = parse_rfc3339(std::string(text) + "Z");  // without an offset it is UTC
    if (!to) return malformed_message("headers." + std::string(name) + " is no time");
    return {};
}

Result<void> read_limit(const boost::json::value& from, std::optional<int>& to) {
    if (from.is_null()) return {};
    const double seconds = from.is_number() ? from.to_number<double>() : -1;
    if (!(seconds > 0 && seconds <= limit_seconds_max))
        return malformed_message("headers.timelimit is no time of at most a day");
    to = static_cast<int>(std::ceil(seconds));
    return {};
}

Result<void> read_limits(const object& headers, CeleryMessage& message) {
    const auto* limits = given(headers, "timelimit");
    if (limits == nullptr) return {};
    if (!limits->is_array() || limits->get_array().size() != 2)
        return malformed_message("headers.timelimit is not [hard, soft]");
    if (auto read = read_limit(limits->at(0), message.hard_limit_seconds); !read) return read;
    return read_limit(limits->at(1), message.soft_limit_seconds);
}

/// "00-<32 hex digits>-<16>-<2>"; anything else is no trace, which is no error.
std::string read_trace(std::string_view text) {
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-') return {};
    const auto id = text.substr(3, 32);
    return std::ranges::all_of(id, is_hex) ? std::string(id) : std::string();
}

Result<void> read_headers(const object& headers, CeleryMessage& message) {
    const auto id = JobId::parse(text_in(headers, "id"));
    if (!id) return malformed_message("headers.id is no UUID");
    message.id = *id;
    message.task = text_in(headers, "task");
    if (!is_task_name(message.task)) return malformed_message("headers.task is no task's name");
    if (const auto* retries = given(headers, "retries"); retries != nullptr) {
        const auto* count = retries->if_int64();
        if (count == nullptr || *count < 0 || *count > retries_max)
            return malformed_message("headers.retries is no small number");
        message.retries = static_cast<int>(*count);
    }
    if (auto read = read_time(headers, "eta", message.eta); !read) return read;
    if (auto read = read_time(headers, "expires", message.expires); !read) return read;
    if (auto read = read_limits(headers, message); !read) return read;
    const auto* is_ignored = given(headers, "ignore_result");
    message.wants_result = is_ignored == nullptr || *is_ignored != true;
    message.trace_id = read_trace(text_in(headers, "traceparent"));
    return {};
}

bool is_filled(const object& embed, std::string_view name) {
    const auto* value = given(embed, name);
    return value != nullptr && !(value->is_array() && value->get_array().empty());
}

Result<void> read_parts(const boost::json::value& body, CeleryMessage& message) {
    const auto* parts = body.if_array();
    if (parts == nullptr || parts->size() != 3 || !parts->at(0).is_array() ||
        !parts->at(1).is_object() || !parts->at(2).is_object())
        return malformed_message("body is not [args, kwargs, embed]");
    message.args_json = boost::json::serialize(parts->at(0));
    message.kwargs_json = boost::json::serialize(parts->at(1));
    // A number past the range of double is read as infinity, which JSON cannot say.
    if (!json::parse(message.args_json) || !json::parse(message.kwargs_json))
        return malformed_message("an argument is out of range");
    const auto& embed = parts->at(2).get_object();
    for (const std::string_view name : {"callbacks", "errbacks", "chain", "chord"})
        if (is_filled(embed, name)) message.has_followers = true;
    return {};
}

boost::json::value time_or_null(const std::optional<Time>& time) {
    return time ? boost::json::value(to_python_time(*time)) : nullptr;
}

boost::json::value number_or_null(const std::optional<int>& number) {
    return number ? boost::json::value(*number) : nullptr;
}

object write_headers(const CeleryMessage& message) {
    const auto id = message.id.str();
    // The arguments are in the body; what tools print of them stays short.
    object headers{
        {"lang", "cpp"},
        {"task", message.task},
        {"id", id},
        {"shadow", nullptr},
        {"eta", time_or_null(message.eta)},
        {"expires", time_or_null(message.expires)},
        {"group", nullptr},
        {"group_index", nullptr},
        {"retries", message.retries},
        {"timelimit",
         {number_or_null(message.hard_limit_seconds), number_or_null(message.soft_limit_seconds)}},
        {"root_id", id},
        {"parent_id", nullptr},
        {"argsrepr", message.args_json == "[]" ? "()" : "(...)"},
        {"kwargsrepr", message.kwargs_json == "{}" ? "{}" : "{...}"},
        {"origin", "stoa"},
        {"ignore_result", !message.wants_result},
        {"replaced_task_nesting", 0},
        {"stamped_headers", nullptr},
        {"stamps", object()},
    };
    if (!message.trace_id.empty()) headers["traceparent"] = make_traceparent(message.trace_id);
    return headers;
}

}  // namespace

bool is_hint(const Envelope& envelope) { return text_in(envelope.headers, "origin") == "stoa"; }

Result<CeleryMessage> read_message(const Envelope& envelope) {
    const auto body = read_body(envelope);
    if (!body) return fail(body);
    CeleryMessage message;
    if (auto read = read_headers(envelope.headers, message); !read) return fail(read);
    if (auto read = read_parts(*body, message); !read) return fail(read);
    if (const auto* priority = given(envelope.properties, "priority"); priority != nullptr) {
        const auto* number = priority->if_int64();
        if (number == nullptr) return malformed_message("properties.priority is no number");
        message.priority = static_cast<int>(std::clamp<std::int64_t>(*number, 0, priority_max));
    }
    return message;
}

Result<CeleryMessage> read_message(std::string_view text) {
    const auto envelope = read_envelope(text);
    if (!envelope) return fail(envelope);
    return read_message(*envelope);
}

std::string read_message_id(std::string_view text) {
    if (text.size() > answered_bytes_max) return {};
    const auto parsed = json::parse(text);
    const auto* envelope = parsed ? parsed->if_object() : nullptr;
    const auto* headers = envelope == nullptr ? nullptr : object_in(*envelope, "headers");
    if (headers == nullptr) return {};
    const auto id = text_in(*headers, "id");
    return id.size() > id_bytes_max ? std::string() : std::string(id);
}

std::string write_message(const CeleryMessage& message, std::string_view queue) {
    const std::string body = "[" + message.args_json + "," + message.kwargs_json +
                             R"(,{"callbacks":null,"errbacks":null,"chain":null,"chord":null}])";
    const object extra{{"correlation_id", message.id.str()}, {"reply_to", ""}};
    return write_envelope(body, write_headers(message),
                          {.exchange = "", .routing_key = queue, .priority = message.priority},
                          extra);
}

std::string to_python_time(Time time) {
    auto text = to_rfc3339(time);
    text.replace(text.size() - 1, 1, "+00:00");
    return text;
}

std::string make_traceparent(std::string_view trace_id) {
    if (trace_id.empty()) return {};
    auto span = to_string(make_uuid());
    std::erase(span, '-');
    return "00-" + std::string(trace_id) + "-" + span.substr(16) + "-01";
}

}  // namespace stoa::jobs
