// SPDX-License-Identifier: Apache-2.0
#include "tutor/tutor_routes.hpp"

#include "base/log.hpp"
#include "http/routes.hpp"

#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace stoa::tutor::routes {

namespace {

struct SourcesEvent {
    std::vector<Source> sources;
};
BOOST_DESCRIBE_STRUCT(SourcesEvent, (), (sources))

struct DeltaEvent {
    std::string_view delta;
};
BOOST_DESCRIBE_STRUCT(DeltaEvent, (), (delta))

/// What was told of the answer is void.
struct RestartEvent {
    std::string_view provider;  ///< who answers instead
};
BOOST_DESCRIBE_STRUCT(RestartEvent, (), (provider))

struct FollowUpsEvent {
    std::vector<std::string> follow_up_questions;
};
BOOST_DESCRIBE_STRUCT(FollowUpsEvent, (), (follow_up_questions))

struct ConversationQuery {
    std::optional<ConversationId> conversation_id;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(ConversationQuery, (), (conversation_id, limit, cursor))

bool wants_events(const http::Request& request) {
    const auto accept = request.find_header("accept");
    return accept && accept->find("text/event-stream") != std::string_view::npos;
}

bool send_event(http::Stream& stream, std::string_view type, const std::string& json_line) {
    return stream.write("event: " + std::string(type) + "\ndata: " + json_line + "\n\n");
}

void stream_answer(Tutor& tutor, const Prepared& prepared, const std::string& request_id,
                   http::Stream& stream) {
    Progress progress;
    progress.on_sources = [&](const std::vector<Source>& sources) {
        return send_event(stream, "sources", json::to_text(SourcesEvent{sources}));
    };
    progress.on_delta = [&](std::string_view delta) {
        return send_event(stream, "delta", json::to_text(DeltaEvent{delta}));
    };
    progress.on_restart = [&](std::string_view provider) {
        return send_event(stream, "restart", json::to_text(RestartEvent{provider}));
    };
    const auto answer = tutor.answer(prepared, progress);
    if (!answer) {
        const auto problem = http::problem(answer.error(), request_id);
        const auto* body = std::get_if<std::string>(&problem.body);
        (void)send_event(stream, "error", body == nullptr ? "{}" : *body);
        return;
    }
    const FollowUpsEvent follow_ups{answer->follow_up_questions};
    if (!send_event(stream, "follow_ups", json::to_text(follow_ups))) return;
    (void)send_event(stream, "done", json::to_text(*answer));
}

/// What can be refused is refused with a status; only then a stream begins.
Result<http::Response> respond(Tutor& tutor, const http::Request& request,
                               const documents::Scope& scope, const Question& question) {
    auto prepared = tutor.prepare(scope, question);
    if (!prepared) return fail(prepared);
    if (!wants_events(request)) {
        auto answer = tutor.answer(*prepared, Progress{});
        if (!answer) return fail(answer);
        return http::Response::json_text(200, json::to_text(*answer));
    }
    http::Response response;
    response.headers = {{"content-type", "text/event-stream; charset=utf-8"},
                        {"cache-control", "no-store"},
                        {"x-accel-buffering", "no"}};
    response.body = http::StreamBody(
        [&tutor, request_id = request.request_id,
         shared = std::make_shared<const Prepared>(std::move(*prepared))](http::Stream& stream) {
            stream_answer(tutor, *shared, request_id, stream);
        });
    return response;
}

}  // namespace

http::Handler ask_document(Tutor& tutor) {
    return http::endpoint_with_body<Question>(
        [&tutor](const http::Request& request, const Question& question) -> Result<http::Response> {
            const auto document = request.path_id<DocumentId>("doc_id");
            if (!document) return fail(document);
            return respond(tutor, request, {request.caller->user, *document, std::nullopt},
                           question);
        });
}

http::Handler ask_room(Tutor& tutor) {
    return http::endpoint_with_body<Question>(
        [&tutor](const http::Request& request, const Question& question) -> Result<http::Response> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            return respond(tutor, request, {request.caller->user, std::nullopt, *room}, question);
        });
}

http::Handler conversation(Tutor& tutor) {
    return http::endpoint([&tutor](const http::Request& request) -> Result<http::Response> {
        const auto document = request.path_id<DocumentId>("doc_id");
        if (!document) return fail(document);
        const auto query = request.query_as<ConversationQuery>();
        if (!query) return fail(query);
        const auto& user = request.caller->user;
        if (!query->conversation_id) {
            const auto conversations = tutor.list_conversations(user, *document);
            if (!conversations) return fail(conversations);
            return http::Response::json_text(200, json::to_text(*conversations));
        }
        const auto messages =
            tutor.list_messages(user, *document, *query->conversation_id,
                                query->limit ? query->limit->value : 50, text_of(query->cursor));
        if (!messages) return fail(messages);
        return http::Response::json_text(200, json::to_text(*messages));
    });
}

}  // namespace stoa::tutor::routes
