// SPDX-License-Identifier: Apache-2.0
#include "chat/messages_routes.hpp"

namespace stoa::chat::routes {
namespace {

using Seq = Int<0, std::numeric_limits<long long>::max()>;

struct MessagesQuery {
    std::optional<Seq> before_seq;
    std::optional<Seq> after_seq;
    std::optional<Text<1, 255>> q;
    std::optional<bool> pinned;
    std::optional<Int<1, 100>> limit;
    std::optional<Text<1, 200>> cursor;
};
BOOST_DESCRIBE_STRUCT(MessagesQuery, (), (before_seq, after_seq, q, pinned, limit, cursor))

struct SendMessage : NewMessage {
    std::optional<MessageType> message_type;
};
BOOST_DESCRIBE_STRUCT(SendMessage, (NewMessage), (message_type))

struct EditMessage {
    Content content;
};
BOOST_DESCRIBE_STRUCT(EditMessage, (), (content))

struct Place {
    RoomId room;
    MessageId message;
};

Result<Place> place_of(const http::Request& request) {
    const auto room = request.path_id<RoomId>("room_id");
    if (!room) return fail(room);
    const auto message = request.path_id<MessageId>("message_id");
    if (!message) return fail(message);
    return Place{*room, *message};
}

/// Reading on (`after_seq`) goes upwards, everything else from the newest down. The cursor is the
/// last seen seq, in the direction of the list.
Result<MessageFilter> filter_of(const MessagesQuery& query) {
    MessageFilter filter;
    filter.oldest_first = query.after_seq.has_value();
    if (query.before_seq) filter.before_seq = query.before_seq->value;
    if (query.after_seq) filter.after_seq = query.after_seq->value;
    if (query.q) filter.text = query.q->value;
    if (query.limit) filter.limit = query.limit->value;
    filter.is_pinned = query.pinned;
    if (query.cursor) {
        const auto seq = http::seq_of_cursor(query.cursor->value);
        if (!seq) return fail(seq);
        (filter.oldest_first ? filter.after_seq : filter.before_seq) = *seq;
    }
    return filter;
}

Result<Emoji> emoji_of(const http::Request& request) {
    const std::string_view text = request.path_parameter("emoji");
    if (!text.empty() && count_code_points(text) <= 16) return Emoji{std::string(text)};
    return fail(ErrorKind::invalid, "emoji_invalid", "A reaction is 1 to 16 characters.");
}

template <class F>
http::Handler on_message(F function) {
    return http::endpoint([function](const http::Request& request) {
        const auto place = place_of(request);
        using R = decltype(function(request, *place));
        if (!place) return R(fail(place));
        return function(request, *place);
    });
}

http::Handler pin_to(Messages& messages, bool is_pinned) {
    return on_message([&messages, is_pinned](const http::Request& request, const Place& at) {
        return messages.pin(request.caller->user, at.room, at.message, is_pinned);
    });
}

http::Handler react(Messages& messages, bool is_added) {
    return on_message(
        [&messages, is_added](const http::Request& request, const Place& at) -> Result<Message> {
            const auto emoji = emoji_of(request);
            if (!emoji) return fail(emoji);
            return messages.react(request.caller->user, at.room, at.message, *emoji, is_added);
        });
}

}  // namespace

http::Handler list(Messages& messages) {
    return http::endpoint([&messages](const http::Request& request) -> Result<http::Response> {
        const auto room = request.path_id<RoomId>("room_id");
        if (!room) return fail(room);
        const auto query = request.query_as<MessagesQuery>();
        if (!query) return fail(query);
        const auto filter = filter_of(*query);
        if (!filter) return fail(filter);
        const auto page = messages.list(*request.bearer, *room, *filter);
        if (!page) return fail(page);
        return http::Response::json_text(200, (*page)->json);
    });
}

http::Handler send(Messages& messages) {
    return http::endpoint_with_body<SendMessage>(
        [&messages](const http::Request& request,
                    const SendMessage& wanted) -> Result<http::Created<Message>> {
            const auto room = request.path_id<RoomId>("room_id");
            if (!room) return fail(room);
            if (wanted.message_type.value_or(MessageType::text) != MessageType::text) {
                return fail(ErrorKind::invalid, "message_type_not_allowed",
                            "Only messages of type text can be posted here.");
            }
            auto message = messages.send(*request.caller, *room, wanted);
            if (!message) return fail(message);
            return http::Created<Message>{std::move(*message)};
        });
}

http::Handler edit(Messages& messages) {
    return http::endpoint_with_body<EditMessage>(
        [&messages](const http::Request& request, const EditMessage& edited) -> Result<Message> {
            const auto at = place_of(request);
            if (!at) return fail(at);
            return messages.edit(request.caller->user, at->room, at->message, edited.content);
        });
}

http::Handler remove(Messages& messages) {
    return on_message([&messages](const http::Request& request, const Place& at) {
        return messages.remove(request.caller->user, at.room, at.message);
    });
}

http::Handler pin(Messages& messages) { return pin_to(messages, true); }
http::Handler unpin(Messages& messages) { return pin_to(messages, false); }
http::Handler add_reaction(Messages& messages) { return react(messages, true); }
http::Handler remove_reaction(Messages& messages) { return react(messages, false); }

}  // namespace stoa::chat::routes
