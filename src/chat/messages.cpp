// SPDX-License-Identifier: Apache-2.0
#include "chat/messages.hpp"

#include "accounts/audit.hpp"
#include "accounts/tokens.hpp"
#include "chat/message_row.hpp"
#include "chat/sql.hpp"

namespace stoa::chat {
namespace {

struct Written {
    std::optional<std::string> name;
    std::optional<std::string> username;
    Time created_at;
};
BOOST_DESCRIBE_STRUCT(Written, (), (name, username, created_at))

constexpr std::string_view not_written = "message_not_written";

tl::unexpected<Error> no_such_message() {
    return fail(ErrorKind::not_found, "message_not_found",
                "There is no such message in this room.");
}

Result<Message> find(postgres::Session& session, const RoomId& room, const MessageId& id) {
    auto row = session.find<MessageRow>(sql::find_message, id, room);
    if (!row) return fail(row);
    if (!*row) return no_such_message();
    return to_message(std::move(**row));
}

/// What was sent under this id is the same message, as far as can still be told after an edit.
bool is_same(const Message& sent, const NewMessage& wanted) {
    if (sent.is_deleted) return true;
    const bool is_edited = sent.updated_at != sent.created_at;
    return (is_edited || sent.content == wanted.content.value) &&
           sent.reply_to_id == wanted.reply_to_id;
}

/// What somebody else wrote: the trail tells who took it away.
Result<void> record_removal(postgres::Session& session, const UserId& by, const RoomId& room,
                            const Message& message) {
    if (message.user && message.user->id == by) return {};
    accounts::AuditEvent event{.action = accounts::AuditAction::message_removed,
                               .actor = by,
                               .subject = message.id.str(),
                               .detail = {.room = room.str()}};
    if (message.user) event.detail.person = message.user->id.str();
    return accounts::record(session, event);
}

}  // namespace

Messages::Messages(postgres::Database& database, rooms::Rooms& rooms, Metrics& metrics,
                   std::size_t page_cache_bytes)
    : database_(database), rooms_(rooms), pages_(page_cache_bytes, metrics) {}

Result<Message> Messages::send(const http::Caller& caller, const RoomId& room,
                               const NewMessage& wanted) {
    Message message;
    message.room_id = room;
    message.content = wanted.content.value;
    message.client_msg_id = wanted.client_msg_id.value;
    message.reply_to_id = wanted.reply_to_id;
    auto written = write(caller, std::move(message));
    if (written) return written;
    if (written.error().code == not_written) return sent_before(caller, room, wanted);
    return written;
}

Result<Message> Messages::send_document(const http::Caller& caller, const RoomId& room,
                                        const DocumentId& document, std::string_view title) {
    Message message;
    message.room_id = room;
    message.message_type = MessageType::document_share;
    message.content = title;
    message.document_id = document;
    auto written = write(caller, std::move(message));
    if (written || written.error().code != not_written) return written;
    return why_not_sent(caller, room);
}

/// Gives the message its id, seq, author and time, and commits it with its event.
Result<Message> Messages::write(const http::Caller& caller, Message message) {
    message.id = MessageId::make();
    auto event = database_.transact([&](postgres::Session& session) -> Result<rooms::Event> {
        auto seq = rooms::next_seq(session, message.room_id);
        if (!seq) return fail(seq);
        auto written =
            session.find<Written>(sql::insert_message, message.id, message.room_id, caller.user,
                                  caller.session, *seq, message.client_msg_id, message.content,
                                  message.reply_to_id, message.message_type, message.document_id);
        if (!written) return fail(written);
        if (!*written) return fail(ErrorKind::forbidden, not_written, "");
        message.seq = *seq;
        message.user = accounts::Author{caller.user, (*written)->name, (*written)->username};
        message.created_at = message.updated_at = (*written)->created_at;
        return rooms::record_event(session, message.room_id, *seq, "new_message",
                                   json::to_text(message));
    });
    if (!event) return fail(event);
    rooms_.events().publish(*event);
    return message;
}

tl::unexpected<Error> Messages::why_not_sent(const http::Caller& caller, const RoomId& room) {
    if (auto member = rooms_.access_room(caller.user, room); !member) return fail(member);
    const std::vector<SessionId> mine = {caller.session};
    auto dead = database_.list<SessionId>(sql::list_dead_sessions, mine);
    if (!dead) return fail(dead);
    if (!dead->empty()) return accounts::session_revoked();
    return unavailable("database_unavailable", "The message was not stored; send it again.");
}

/// The message that was not written because it was sent before; else why it was not.
Result<Message> Messages::sent_before(const http::Caller& caller, const RoomId& room,
                                      const NewMessage& wanted) {
    auto why = why_not_sent(caller, room);
    if (why.value().kind != ErrorKind::unavailable) return why;
    auto row =
        database_.find<MessageRow>(sql::find_sent_message, room, caller.user, wanted.client_msg_id);
    if (!row) return fail(row);
    if (!*row && wanted.reply_to_id) return no_such_message();
    if (!*row) return why;
    Message message = to_message(std::move(**row));
    if (is_same(message, wanted)) return message;
    return fail(ErrorKind::conflict, "client_msg_id_reused",
                "Another message was sent under this client_msg_id; each message needs its own.");
}

Result<Message> Messages::access_message(const RoomId& room, const MessageId& message) {
    auto row = database_.find<MessageRow>(sql::find_message, message, room);
    if (!row) return fail(row);
    if (!*row) return no_such_message();
    if ((*row)->is_deleted) {
        return fail(ErrorKind::conflict, "message_deleted", "This message was deleted.");
    }
    return to_message(std::move(**row));
}

Result<Message> Messages::edit(const UserId& user, const RoomId& room, const MessageId& message,
                               const Content& content) {
    if (auto member = rooms_.access_room(user, room); !member) return fail(member);
    auto before = access_message(room, message);
    if (!before) return before;
    if (!before->user || before->user->id != user || before->message_type != MessageType::text) {
        return fail(ErrorKind::forbidden, "not_the_author",
                    "Only the author of a text message may change it.");
    }
    if (before->content == content.value) return before;
    Message after;
    auto event = database_.transact([&](postgres::Session& session) -> Result<rooms::Event> {
        auto edited = session.find<MessageId>(sql::edit_message, message, room, user, content);
        if (!edited) return fail(edited);
        if (!*edited) return no_such_message();
        auto found = find(session, room, message);
        if (!found) return fail(found);
        after = std::move(*found);
        return rooms::append_event(session, room, "message_updated", json::to_text(after));
    });
    if (!event) return fail(event);
    rooms_.events().publish(*event);
    return after;
}

Result<void> Messages::remove(const UserId& user, const RoomId& room, const MessageId& message) {
    auto member = rooms_.access_room(user, room);
    if (!member) return fail(member);
    auto before = access_message(room, message);
    if (!before && before.error().code == "message_deleted") return {};
    if (!before) return fail(before);
    const bool is_author = before->user && before->user->id == user;
    if (!is_author && member->role < rooms::Role::moderator) {
        return fail(ErrorKind::forbidden, "not_the_author",
                    "Only the author or a moderator may delete a message.");
    }
    const std::string id = message.str();
    auto event =
        database_.transact([&](postgres::Session& session) -> Result<std::optional<rooms::Event>> {
            auto seq = session.find<std::int64_t>(sql::delete_message, message, room);
            if (!seq) return fail(seq);
            if (!*seq) return std::optional<rooms::Event>();
            auto redacted = rooms::redact_events(session, room, **seq, id,
                                                 R"({"content":"","is_deleted":true})");
            if (!redacted) return fail(redacted);
            auto told = rooms::append_event(
                session, room, "message_deleted",
                R"({"message_id":")" + id + R"(","deleted_by":")" + user.str() + R"("})");
            if (!told) return fail(told);
            if (auto recorded = record_removal(session, user, room, *before); !recorded) {
                return fail(recorded);
            }
            return std::optional<rooms::Event>(std::move(*told));
        });
    if (!event) return fail(event);
    if (*event) rooms_.events().publish(**event);
    return {};
}

}  // namespace stoa::chat
