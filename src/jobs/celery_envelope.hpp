// SPDX-License-Identifier: Apache-2.0
// What kombu wraps around everything that it sends over Redis: headers, properties and a JSON body
// in Base64. Task messages, events, remote control and its replies all travel in it. Whoever can
// write to Redis can send one, so the reader is strict and bounded. Pure; any thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace stoa::jobs {

constexpr std::size_t message_bytes_max = 256 * 1024;

struct Envelope {
    boost::json::object headers;
    boost::json::object properties;
    std::string body;  ///< Base64 of JSON
};

/// `malformed_message` says what is not as kombu writes it.
Result<Envelope> read_envelope(std::string_view text);
/// `malformed_message` if it is not Base64 of JSON.
Result<boost::json::value> read_body(const Envelope& envelope);

/// Where an envelope goes, as kombu names it.
struct Destination {
    std::string_view exchange;
    std::string_view routing_key;
    int priority = 0;        ///< 0 is the most urgent
    bool is_durable = true;  ///< events are not
};
/// `extra` adds to the properties.
std::string write_envelope(std::string_view body_json, const boost::json::object& headers,
                           const Destination& to, const boost::json::object& extra = {});

/// The name of the list that holds a queue's messages of one priority; kombu has steps of 3.
std::string list_of(std::string_view queue, int priority);

/// `malformed_message` with "Not a message of Celery's protocol 2: <what>."
tl::unexpected<Error> malformed_message(std::string_view what);

/// The member `name` if it is an object, or a string; nothing otherwise.
const boost::json::object* object_in(const boost::json::object& from, std::string_view name);
boost::json::object* object_in(boost::json::object& from, std::string_view name);
std::string_view text_in(const boost::json::object& from, std::string_view name);

}  // namespace stoa::jobs
