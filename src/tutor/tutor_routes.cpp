// SPDX-License-Identifier: Apache-2.0
#include "tutor/tutor_routes.hpp"

#include "http/routes.hpp"

#include <optional>
#include <string>
#include <utility>

namespace stoa::tutor::routes {

namespace {

struct ConversationQuery {
    std::optional<ConversationId> conversation_id;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(ConversationQuery, (), (conversation_id, limit, cursor))

http::Response event_stream(http::StreamBody body) {
    http::Response response;
    response.headers = http::event_stream_headers();
    response.body = std::move(body);
    return response;
}

/// 204 tells an EventSource not to come back.
Result<http::Response> resume(Answers& answers, const http::Request& request,
                              const std::optional<ConversationId>& conversation,
                              const EventId& last) {
    auto stream = answers.resume(request.caller->user, conversation, last, request.request_id);
    if (!stream) return fail(stream);
    return *stream ? event_stream(std::move(**stream)) : http::Response::no_content();
}

/// What can be refused is refused with a status; only then a stream begins.
Result<http::Response> respond(AskRoutes ask, const http::Request& request,
                               const documents::Scope& scope, const Question& question) {
    if (const auto header = request.find_header("last-event-id")) {
        const auto last = EventId::parse(*header);
        if (!last) return fail(last);
        return resume(ask.answers, request, question.conversation_id, *last);
    }
    auto prepared = ask.tutor.prepare(scope, question);
    if (!prepared) return fail(prepared);
    if (http::wants_event_stream(request)) {
        return event_stream(ask.answers.ask(std::move(*prepared), request.request_id));
    }
    Progress progress;
    // Who repeats the question under its key is to get this answer.
    if (!request.find_header("idempotency-key")) progress.stop = request.abandoned;
    auto answer = ask.tutor.answer(*prepared, progress);
    if (!answer) return fail(answer);
    return http::Response::json_text(200, json::to_text(*answer));
}

}  // namespace

http::Handler ask_document(AskRoutes ask) {
    return http::endpoint_with_body<Question>(
        [ask](const http::Request& request, const Question& question) -> Result<http::Response> {
            const auto document = request.path_id<DocumentId>("doc_id");
            if (!document) return fail(document);
            return respond(ask, request, {request.caller->user, *document, std::nullopt}, question);
        });
}

http::Handler ask_room(AskRoutes ask) {
    return http::endpoint_with_body<Question>(
        [ask](const http::Request& request, const Question& question) -> Result<http::Response> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            return respond(ask, request, {request.caller->user, std::nullopt, *room}, question);
        });
}

http::Handler resume_answer(Answers& answers) {
    return http::endpoint([&answers](const http::Request& request) -> Result<http::Response> {
        const auto conversation = request.path_id<ConversationId>("conversation_id");
        if (!conversation) return fail(conversation);
        const auto message = request.path_id<RowId>("message_id");
        if (!message) return fail(message);
        EventId last{*message, 0};
        if (const auto header = request.find_header("last-event-id")) {
            const auto given = EventId::parse(*header);
            if (!given) return fail(given);
            if (given->message != *message) {
                return fail(ErrorKind::invalid, "last_event_id_invalid",
                            "Last-Event-ID is of another answer.");
            }
            last = *given;
        }
        return resume(answers, request, *conversation, last);
    });
}

http::Handler cancel_answer(Answers& answers) {
    return http::endpoint([&answers](const http::Request& request) -> Result<void> {
        const auto conversation = request.path_id<ConversationId>("conversation_id");
        if (!conversation) return fail(conversation);
        const auto message = request.path_id<RowId>("message_id");
        if (!message) return fail(message);
        return answers.cancel(request.caller->user, *conversation, *message);
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
