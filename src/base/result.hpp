// SPDX-License-Identifier: Apache-2.0
// Expected outcomes are values: `Result<T>` holds what a caller asked for or an `Error` that may be
// shown to the person who asked. Exceptions mean bugs or exhausted resources and are caught once
// per request or job. `code` is API: it never changes meaning. Immutable values; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace stoa {

/// What kind of failure it is; `http::status_of` maps it to a status, nothing else does.
enum class ErrorKind {
    malformed,         ///< 400: not parseable
    unauthenticated,   ///< 401
    forbidden,         ///< 403
    not_found,         ///< 404: absent, or not to be known of
    conflict,          ///< 409
    too_large,         ///< 413
    unsupported_type,  ///< 415
    invalid,           ///< 422: parseable, but a value is not allowed
    limited,           ///< 429
    unavailable,       ///< 503: a part is away; try again after `retry_after`
    internal           ///< 500: the message is for the log only
};

/// One wrong field, in FastAPI's form: where, what, and the kind of mistake.
struct FieldError {
    std::vector<std::string> loc;
    std::string msg;
    std::string type;
};

struct Error {
    ErrorKind kind;
    std::string_view code;  ///< a literal such as "room_full"
    std::string
        message;  ///< a sentence for the person who asked: what is wrong, what would be right
    std::vector<FieldError> fields{};
    std::optional<std::chrono::seconds> retry_after{};
    /// A JSON object whose members the problem document gets beside its own (RFC 9457, 3.2).
    std::string extensions_json{};
};

template <class T = void>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::conflict, "room_full", "…");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string_view code,
                                                std::string message) {
    return tl::unexpected<Error>(Error{kind, code, std::move(message)});
}

/// Passes the error of one Result on as that of another: `if (!row) return fail(row);`
template <class T>
[[nodiscard]] tl::unexpected<Error> fail(const tl::expected<T, Error>& failed) {
    return tl::unexpected<Error>(failed.error());
}

/// 503 with Retry-After: a part we need (PostgreSQL, Redis, a model) is away or full.
[[nodiscard]] inline tl::unexpected<Error> unavailable(
    std::string_view code, std::string message,
    std::chrono::seconds after = std::chrono::seconds(1)) {
    return tl::unexpected<Error>(
        Error{ErrorKind::unavailable, code, std::move(message), {}, after});
}

}  // namespace stoa
