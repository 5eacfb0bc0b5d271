// SPDX-License-Identifier: Apache-2.0
// A response made ready for the wire: its head as bytes, and what follows it. Made on the worker
// pool, written by the edge. Pure; any thread.
#pragma once

#include "http/limit.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stoa::http {

/// The part of a FileBody that is still to be sent.
struct FileSlice {
    std::shared_ptr<ByteSource> source;
    std::uint64_t offset = 0;
    std::uint64_t left = 0;
};

struct Answer {
    int status = 200;
    std::string head;
    std::string body;
    FileSlice file;
    StreamBody stream;
    LiveBody live;
    bool chunked = false;  ///< how the stream is framed; an HTTP/1.0 peer reads to the end
    bool close = false;    ///< the connection ends with it
};

/// What an answer must know of its request.
struct AnswerFor {
    const Request& request;
    bool http11 = true;
    bool close = false;
    std::string_view allowed_origin;       ///< of CORS; empty without
    bool varies_by_origin = false;         ///< another origin might get another answer
    bool strict_transport = false;         ///< HSTS (RFC 6797)
    const Allowance* allowance = nullptr;  ///< of a limited route; null without
};

/// Adds the headers every answer has (X-Request-Id, Date, security, CORS, framing). A header with a
/// line break or NUL is a bug in its feature: it is logged and left out.
Answer make_answer(Response response, const AnswerFor& to);

/// Applies Range, If-Range, If-None-Match and If-Modified-Since to a FileBody (RFC 9110, 13 and
/// 14): sets 200, 206, 304 or 416 and the headers.
FileSlice slice_file_body(Response& response, const Request& request);

/// "Sun, 06 Nov 1994 08:49:37 GMT" and back (RFC 9110, 5.6.7).
std::string to_http_date(std::time_t time);
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace stoa::http
