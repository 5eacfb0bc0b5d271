// SPDX-License-Identifier: Apache-2.0
#include "jobs/celery_envelope.hpp"

#include "base/id.hpp"
#include "base/json.hpp"
#include "crypto/base64.hpp"

#include <utility>

#include <boost/json.hpp>

namespace stoa::jobs {

using boost::json::object;

tl::unexpected<Error> malformed_message(std::string_view what) {
    return fail(ErrorKind::malformed, "malformed_message",
                "Not a message of Celery's protocol 2: " + std::string(what) + ".");
}

std::string list_of(std::string_view queue, int priority) {
    std::string list(queue);
    if (const int step = priority / 3 * 3; step > 0) list += "\x06\x16" + std::to_string(step);
    return list;
}

namespace {

auto* find_object(auto& from, std::string_view name) {
    auto* value = from.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

}  // namespace

const object* object_in(const object& from, std::string_view name) {
    return find_object(from, name);
}

object* object_in(object& from, std::string_view name) { return find_object(from, name); }

std::string_view text_in(const object& from, std::string_view name) {
    const auto* value = from.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return value->get_string();
}

Result<Envelope> read_envelope(std::string_view text) {
    if (text.size() > message_bytes_max) return malformed_message("it is too long");
    auto parsed = json::parse(text);
    if (!parsed) return malformed_message("it is not JSON");
    auto* envelope = parsed->if_object();
    if (envelope == nullptr) return malformed_message("it is no object");
    auto* headers = object_in(*envelope, "headers");
    auto* properties = object_in(*envelope, "properties");
    if (headers == nullptr || properties == nullptr)
        return malformed_message("headers or properties lack");
    if (text_in(*envelope, "content-type") != "application/json" ||
        text_in(*envelope, "content-encoding") != "utf-8" ||
        text_in(*properties, "body_encoding") != "base64")
        return malformed_message("the body is not JSON in UTF-8 in Base64");
    return Envelope{std::move(*headers), std::move(*properties),
                    std::string(text_in(*envelope, "body"))};
}

Result<boost::json::value> read_body(const Envelope& envelope) {
    const auto bytes = crypto::from_base64(envelope.body);
    if (!bytes) return malformed_message("body is not Base64");
    auto body = json::parse(*bytes);
    if (!body) return malformed_message("body is not JSON");
    return std::move(*body);
}

std::string write_envelope(std::string_view body_json, const object& headers, const Destination& to,
                           const object& extra) {
    object properties = extra;
    properties["delivery_mode"] = to.is_durable ? 2 : 1;
    properties["delivery_info"] = {{"exchange", to.exchange}, {"routing_key", to.routing_key}};
    properties["priority"] = to.priority;
    properties["body_encoding"] = "base64";
    properties["delivery_tag"] = to_string(make_uuid());
    return boost::json::serialize(object{
        {"body", crypto::to_base64(body_json)},
        {"content-encoding", "utf-8"},
        {"content-type", "application/json"},
        {"headers", headers},
        {"properties", properties},
    });
}

}  // namespace stoa::jobs
