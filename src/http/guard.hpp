// SPDX-License-Identifier: Apache-2.0
// Where exceptions of features end. Called on the worker pool; any thread.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace stoa::http {

/// What `function` returns; `internal_error` if it throws. Exceptions are bugs: what they say is
/// for the log, which `problem` writes.
template <class F>
auto guard(F function) -> Result<decltype(function())> {
    std::string what;
    try {
        return function();
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "not a std::exception";
    }
    return fail(ErrorKind::internal, "internal_error", "A handler threw: " + what);
}

/// For handlers whose caller gets no problem document.
inline void log_thrown(const Error& error, std::string_view request_id) {
    log::error(error.message, {{"error.code", std::string(error.code)},
                               {"http.request.id", std::string(request_id)}});
}

}  // namespace stoa::http
