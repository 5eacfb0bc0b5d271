// SPDX-License-Identifier: Apache-2.0
// One request on its way through a connection, and the facts its answer needs. The edge owns it
// while it reads and writes; a worker while it decides, stores or handles; never both.
#pragma once

#include "base/worker_pool.hpp"
#include "http/answer.hpp"
#include "http/asio.hpp"
#include "http/body_reader.hpp"
#include "http/census.hpp"
#include "http/request_head.hpp"
#include "http/routes.hpp"
#include "http/server.hpp"
#include "http/upload.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::http {

struct Exchange {
    Request request;
    const Route* route = nullptr;
    bool method_known = false;  ///< the head could be read, and its method is one of ours
    bool http11 = true;
    bool keep_alive = false;
    bool wants_upgrade = false;
    bool expects_continue = false;
    bool accounted = false;  ///< counted, and in the access log
    bool decided = false;    ///< who asks is known, and that it is not too often
    bool varies_by_origin = false;
    bool strict_transport = false;  ///< it came by TLS, and all should
    std::string allowed_origin;
    std::string token;  ///< empty without
    std::optional<Allowance> allowance;
    BodyReader body = BodyReader::of_length(0);
    ShareCensus::Ticket share;  ///< of what its caller may have under way
    std::unique_ptr<Upload> upload;
    std::unique_ptr<BodySink> sink;   ///< from its first piece until it has answered
    WorkerPool* sink_pool = nullptr;  ///< where a sink is told that its body was cut
    std::string chunk;                ///< of the upload, on its way to disk
    SteadyClock::time_point started = SteadyClock::now();

    /// A request nothing is known of yet but its new id.
    Exchange();
    /// What the head says, less the target, which may be malformed.
    Exchange(RequestHead head, const std::vector<std::string>& allowed_origins);

    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Its body does not wait in memory for its end.
    [[nodiscard]] bool is_upload() const {
        return upload != nullptr || (route != nullptr && route->sink);
    }
    [[nodiscard]] AnswerFor answer_for(bool close) const {
        return {.request = request,
                .http11 = http11,
                .close = close,
                .allowed_origin = allowed_origin,
                .varies_by_origin = varies_by_origin,
                .strict_transport = strict_transport,
                .allowance = allowance ? &*allowance : nullptr};
    }
};

/// The trace id of a W3C traceparent header; nothing if it is malformed or all zero.
std::optional<std::string> parse_traceparent(std::string_view header);

/// Whether a page of `origin` may open a socket or read answers: this host's own, or an allowed
/// one.
bool is_own_origin(std::string_view origin, std::string_view host);
bool is_allowed_origin(std::string_view origin, const std::vector<std::string>& allowed);

/// The token a socket's client sends as a protocol, "stoa.v1, bearer.<token>"; else nothing.
std::optional<std::string_view> find_protocol_bearer(std::string_view protocols);

}  // namespace stoa::http
