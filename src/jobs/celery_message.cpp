// SPDX-License-Identifier: Apache-2.0
#include "jobs/celery_message.hpp"

#include "base/json.hpp"
#include "crypto/base64.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace stoa::jobs {

namespace {

using boost::json::object;

constexpr int retries_max = 1'000;

tl::unexpected<Error> wrong(std::string_view what) {
    return fail(ErrorKind::malformed, "malformed_message",
                "Not a task message of Celery's protocol 2: " + std::string(what) + ".");
}

const object* object_in(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

std::optional<std::string_view> text_in(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string_view(value->get_string());
}

bool is_task_name(std::string_view name) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, is_allowed);
}

Result<void> read_headers(const object& headers, CeleryMessage& message) {
    const auto id = JobId::parse(text_in(headers, "id").value_or(""));
    if (!id) return wrong("headers.id is no UUID");
    message.id = *id;
    const auto task = text_in(headers, "task").value_or("");
    if (!is_task_name(task)) return wrong("headers.task is no task's name");
    message.task = task;
    if (const auto* retries = headers.if_contains("retries"); retries && !retries->is_null()) {
        const auto* count = retries->if_int64();
        if (count == nullptr || *count < 0 || *count > retries_max)
            return wrong("headers.retries is no small number");
        message.retries = static_cast<int>(*count);
    }
    if (const auto* eta = headers.if_contains("eta"); eta && !eta->is_null()) {
        message.eta = parse_rfc3339(text_in(headers, "eta").value_or(""));
        if (!message.eta) return wrong("headers.eta is no time");
    }
    return {};
}

Result<void> read_body(std::string_view encoded, CeleryMessage& message) {
    const auto bytes = crypto::from_base64(encoded);
    if (!bytes) return wrong("body is not Base64");
    const auto body = json::parse(*bytes);
    if (!body) return wrong("body is not JSON");
    const auto* parts = body->if_array();
    if (parts == nullptr || parts->size() != 3 || !parts->at(0).is_array() ||
        !parts->at(1).is_object() || !parts->at(2).is_object())
        return wrong("body is not [args, kwargs, embed]");
    message.args_json = boost::json::serialize(parts->at(0));
    message.kwargs_json = boost::json::serialize(parts->at(1));
    // A number past the range of double is read as infinity, which JSON cannot say.
    if (!json::parse(message.args_json) || !json::parse(message.kwargs_json))
        return wrong("an argument is out of range");
    return {};
}

}  // namespace

Result<CeleryMessage> read_message(std::string_view text) {
    if (text.size() > message_bytes_max) return wrong("it is too long");
    const auto parsed = json::parse(text);
    if (!parsed) return wrong("it is not JSON");
    const auto* envelope = parsed->if_object();
    if (envelope == nullptr) return wrong("it is no object");
    const auto* headers = object_in(*envelope, "headers");
    const auto* properties = object_in(*envelope, "properties");
    if (headers == nullptr || properties == nullptr) return wrong("headers or properties lack");
    if (text_in(*envelope, "content-type") != "application/json" ||
        text_in(*envelope, "content-encoding") != "utf-8" ||
        text_in(*properties, "body_encoding") != "base64")
        return wrong("the body is not JSON in UTF-8 in Base64");
    CeleryMessage message;
    if (auto read = read_headers(*headers, message); !read) return fail(read);
    if (auto read = read_body(text_in(*envelope, "body").value_or(""), message); !read)
        return fail(read);
    return message;
}

std::string write_message(const CeleryMessage& message, std::string_view queue) {
    const auto id = message.id.str();
    const std::string body = "[" + message.args_json + "," + message.kwargs_json +
                             R"(,{"callbacks":null,"errbacks":null,"chain":null,"chord":null}])";
    // The arguments are in the body; what tools print of them stays short.
    const object headers{
        {"lang", "cpp"},
        {"task", message.task},
        {"id", id},
        {"shadow", nullptr},
        {"eta", message.eta ? boost::json::value(to_rfc3339(*message.eta)) : nullptr},
        {"expires", nullptr},
        {"group", nullptr},
        {"group_index", nullptr},
        {"retries", message.retries},
        {"timelimit", {nullptr, nullptr}},
        {"root_id", id},
        {"parent_id", nullptr},
        {"argsrepr", message.args_json == "[]" ? "()" : "(...)"},
        {"kwargsrepr", message.kwargs_json == "{}" ? "{}" : "{...}"},
        {"origin", "stoa"},
        {"ignore_result", true},
        {"replaced_task_nesting", 0},
        {"stamped_headers", nullptr},
        {"stamps", object()},
    };
    const object properties{
        {"correlation_id", id},
        {"reply_to", ""},
        {"delivery_mode", 2},
        {"delivery_info", {{"exchange", ""}, {"routing_key", queue}}},
        {"priority", 0},
        {"body_encoding", "base64"},
        {"delivery_tag", to_string(make_uuid())},
    };
    return boost::json::serialize(object{
        {"body", crypto::to_base64(body)},
        {"content-encoding", "utf-8"},
        {"content-type", "application/json"},
        {"headers", headers},
        {"properties", properties},
    });
}

}  // namespace stoa::jobs
