// SPDX-License-Identifier: Apache-2.0
// A task message of the Celery protocol, version 2, as kombu puts it on a Redis list: JSON with
// headers, properties and a Base64 body of [args, kwargs, embed]. Whoever can write to Redis can
// send one, so the reader is strict and bounded. Pure; any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::jobs {

constexpr std::size_t message_bytes_max = 256 * 1024;

struct CeleryMessage {
    JobId id;
    std::string task;                ///< 1–200 letters, digits, `.`, `_`, `-`
    std::string args_json = "[]";    ///< a JSON array
    std::string kwargs_json = "{}";  ///< a JSON object
    int retries = 0;                 ///< attempts before this one
    std::optional<Time> eta = {};    ///< not before
};

/// `malformed_message` says what is not as the protocol has it.
Result<CeleryMessage> read_message(std::string_view text);
/// For the list `queue`.
std::string write_message(const CeleryMessage& message, std::string_view queue);

}  // namespace stoa::jobs
