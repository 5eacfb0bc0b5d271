// SPDX-License-Identifier: Apache-2.0
// A task message of the Celery protocol, version 2: an envelope whose headers say what to run and
// whose body is [args, kwargs, embed]. The reader is strict and bounded. Pure; any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "jobs/celery_envelope.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace stoa::jobs {

struct CeleryMessage {
    JobId id;
    std::string task;                ///< 1–200 letters, digits, `.`, `_`, `-`
    std::string args_json = "[]";    ///< a JSON array
    std::string kwargs_json = "{}";  ///< a JSON object
    int retries = 0;                 ///< attempts before this one
    std::optional<Time> eta = {};    ///< not before
    std::optional<Time> expires = {};
    std::optional<int> soft_limit_seconds = {};  ///< 1 to a day, rounded up
    std::optional<int> hard_limit_seconds = {};
    int priority = 0;  ///< 0 is the most urgent, 9 the least
    bool wants_result = true;
    bool has_followers = false;  ///< a link, an errback, a chain or a chord hangs on it
    std::string trace_id = {};   ///< of the header `traceparent`; empty without one
};

/// Written by Stoa: a hint that a row is due, to be read no further.
bool is_hint(const Envelope& envelope);
/// `malformed_message` says what is not as the protocol has it.
Result<CeleryMessage> read_message(const Envelope& envelope);
Result<CeleryMessage> read_message(std::string_view text);
/// What a message of at most 8 MiB that is wrong otherwise names as its id, to answer who sent it;
/// empty if it names none of at most 200 bytes.
std::string read_message_id(std::string_view text);
/// For the list `queue`. Followers are not written.
std::string write_message(const CeleryMessage& message, std::string_view queue);

/// RFC 3339 as Python writes it, with `+00:00`: its older readers refuse `Z`.
std::string to_python_time(Time time);
/// W3C Trace Context; a new parent for the same trace. Empty without a trace.
std::string make_traceparent(std::string_view trace_id);

}  // namespace stoa::jobs
