// SPDX-License-Identifier: Apache-2.0
#include "tutor/answer_events.hpp"

#include "base/json.hpp"

#include <utility>
#include <variant>

namespace stoa::tutor {

namespace {

struct SourcesEvent {
    ConversationId conversation_id;
    RowId message_id;
    std::string stream_url;  ///< where the rest is told to who lost the connection
    json::Raw sources;
};
BOOST_DESCRIBE_STRUCT(SourcesEvent, (), (conversation_id, message_id, stream_url, sources))

struct DeltaEvent {
    std::string_view delta;
};
BOOST_DESCRIBE_STRUCT(DeltaEvent, (), (delta))

struct RestartEvent {
    std::string_view provider;
};
BOOST_DESCRIBE_STRUCT(RestartEvent, (), (provider))

struct FollowUpsEvent {
    json::Raw follow_up_questions;
};
BOOST_DESCRIBE_STRUCT(FollowUpsEvent, (), (follow_up_questions))

/// As Answer, from what is stored.
struct DoneEvent {
    ConversationId conversation_id;
    RowId message_id;
    std::string answer;
    json::Raw sources;
    json::Raw follow_up_questions;
    std::string provider;
    std::string model;
    bool in_documents = true;
    bool is_cut = false;
    json::Raw unverified_sentences;
    json::Raw computation;
};
BOOST_DESCRIBE_STRUCT(DoneEvent, (),
                      (conversation_id, message_id, answer, sources, follow_up_questions, provider,
                       model, in_documents, is_cut, unverified_sentences, computation))

std::string sse(std::string id, std::string_view type, std::string_view data) {
    std::string text = std::move(id);
    text.reserve(text.size() + type.size() + data.size() + 20);
    text.append("event: ").append(type).append("\ndata: ").append(data).append("\n\n");
    return text;
}

}  // namespace

std::string sources_event(const Prepared& prepared, const std::vector<Source>& sources) {
    return json::to_text(SourcesEvent{prepared.conversation, prepared.message,
                                      "/api/v1/conversations/" + prepared.conversation.str() +
                                          "/answers/" + prepared.message.str(),
                                      json::Raw{json::to_text(sources)}});
}

std::string delta_event(std::string_view delta) { return json::to_text(DeltaEvent{delta}); }

std::string restart_event(std::string_view provider) {
    return json::to_text(RestartEvent{provider});
}

std::string follow_ups_event(const std::vector<std::string>& questions) {
    return json::to_text(FollowUpsEvent{json::Raw{json::to_text(questions)}});
}

std::string error_event(const Error& error, std::string_view request_id) {
    const auto problem = http::problem(error, request_id);
    const auto* body = std::get_if<std::string>(&problem.body);
    return body == nullptr ? "{}" : *body;
}

std::vector<AnswerEvent> whole_answer(const StoredAnswer& stored) {
    const auto& message = stored.message;
    const auto provider = message.provider.value_or("");
    const DoneEvent done{stored.conversation,
                         message.id,
                         message.content,
                         message.sources,
                         message.follow_up_questions,
                         provider,
                         message.model.value_or(""),
                         message.in_documents,
                         message.is_cut,
                         message.unverified_sentences,
                         message.computation};
    return {{"restart", restart_event(provider)},
            {"delta", delta_event(message.content)},
            {"follow_ups", json::to_text(FollowUpsEvent{message.follow_up_questions})},
            {"done", json::to_text(done)}};
}

std::string to_sse(const RowId& message, std::size_t number, std::string_view type,
                   std::string_view data) {
    if (number == 0) return sse("", type, data);
    return sse("id: " + message.str() + ':' + std::to_string(number) + '\n', type, data);
}

std::string to_last_sse(const RowId& message, std::string_view type, std::string_view data) {
    return sse("id: " + message.str() + ":end\n", type, data);
}

}  // namespace stoa::tutor
