// SPDX-License-Identifier: Apache-2.0
// Private to this module: what requests and answers of tus 1.0.0 have in common. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "documents/upload_sessions.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace stoa::documents::tus {

inline constexpr std::string_view version = "1.0.0";

/// `tus_version_unsupported` (412) to a client that speaks another one; who says none is not asked.
std::optional<http::Response> refuse_version(const http::Request& request);
/// A header that is a number of bytes. `validation_failed` (422), naming it.
Result<std::int64_t> read_bytes(const http::Request& request, std::string_view lower_case_name);
/// Adds Tus-Resumable, which every answer has.
http::Response marked(http::Response response);
/// The same for an error.
http::Response refusal(const Error& error, std::string_view request_id);
/// Adds how far an upload is and how long it is kept.
void add_state(http::Headers& headers, const UploadSession& session);

}  // namespace stoa::documents::tus
