// SPDX-License-Identifier: Apache-2.0
#include "documents/tus.hpp"

#include "base/number.hpp"
#include "http/answer.hpp"
#include "http/status.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace stoa::documents::tus {

std::optional<http::Response> refuse_version(const http::Request& request) {
    const auto wanted = request.find_header("tus-resumable");
    if (!wanted || *wanted == version) return std::nullopt;
    auto response =
        marked(http::problem_of({412, "tus_version_unsupported",
                                 "This server speaks tus 1.0.0: Tus-Resumable should say so."},
                                request.request_id));
    response.headers.emplace_back("Tus-Version", version);
    return response;
}

Result<std::int64_t> read_bytes(const http::Request& request, std::string_view lower_case_name) {
    const auto header = request.find_header(lower_case_name);
    const auto bytes = header ? parse_number<std::int64_t>(*header, 0, INT64_MAX) : std::nullopt;
    if (bytes) return *bytes;
    return tl::unexpected<Error>(Error{
        ErrorKind::invalid,
        "validation_failed",
        "The header " + std::string(lower_case_name) + " has a wrong value, or there is none.",
        {{{"header", std::string(lower_case_name)}, "Input should be a number of bytes", "int"}},
        {}});
}

http::Response marked(http::Response response) {
    response.headers.emplace_back("Tus-Resumable", version);
    return response;
}

http::Response refusal(const Error& error, std::string_view request_id) {
    return marked(http::problem(error, request_id));
}

void add_state(http::Headers& headers, const UploadSession& session) {
    headers.emplace_back("Upload-Offset", std::to_string(session.offset_bytes));
    headers.emplace_back("Upload-Length", std::to_string(session.length_bytes));
    headers.emplace_back(
        "Upload-Expires",
        http::to_http_date(std::chrono::system_clock::to_time_t(session.expires_at)));
}

}  // namespace stoa::documents::tus
