// SPDX-License-Identifier: Apache-2.0
// The part of Messages that marks them: pins and reactions.
#include "chat/message_row.hpp"
#include "chat/messages.hpp"
#include "chat/sql.hpp"

#include <algorithm>

namespace stoa::chat {
namespace {

constexpr std::int64_t reactions_a_person_max = 20;

struct ReactionUpdated {
    MessageId message_id;
    UserId user_id;
    std::string_view emoji;
    bool is_added = false;
    json::Raw reactions;
};
BOOST_DESCRIBE_STRUCT(ReactionUpdated, (), (message_id, user_id, emoji, is_added, reactions))

Result<Message> find(postgres::Session& session, const RoomId& room, const MessageId& id) {
    auto row = session.one<MessageRow>(sql::find_message, id, room);
    if (!row) return fail(row);
    return to_message(std::move(*row));
}

bool has_reaction(const Message& message, const UserId& user, const Emoji& emoji) {
    const auto reactions = json::parse(message.reactions.text);
    if (!reactions || !reactions->is_object()) return false;
    const auto* mine = reactions->get_object().if_contains(user.str());
    if (mine == nullptr || !mine->is_array()) return false;
    return std::ranges::any_of(mine->get_array(), [&](const json::Value& item) {
        return item.is_string() && std::string_view(item.get_string()) == emoji.value;
    });
}

Result<void> check_emoji(const Emoji& emoji) {
    const bool is_plain = std::ranges::all_of(
        emoji.value, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
    if (is_plain) return {};
    return fail(ErrorKind::invalid, "emoji_invalid",
                "A reaction is 1 to 16 characters without spaces.");
}

}  // namespace

Result<Message> Messages::pin(const UserId& user, const RoomId& room, const MessageId& message,
                              bool is_pinned) {
    auto member = rooms_.access_room(user, room, rooms::Role::moderator);
    if (!member) return fail(member);
    auto before = access_message(room, message);
    if (!before || before->is_pinned == is_pinned) return before;
    Message after;
    auto event = database_.transact([&](postgres::Session& session) -> Result<rooms::Event> {
        auto done = session.run(sql::pin_message, message, room, is_pinned);
        if (!done) return fail(done);
        auto found = find(session, room, message);
        if (!found) return fail(found);
        after = std::move(*found);
        return rooms::append_event(session, room, "message_updated", json::to_text(after));
    });
    if (!event) return fail(event);
    rooms_.events().publish(*event);
    return after;
}

Result<Message> Messages::react(const UserId& user, const RoomId& room, const MessageId& message,
                                const Emoji& emoji, bool is_added) {
    if (auto checked = check_emoji(emoji); !checked) return fail(checked);
    if (auto member = rooms_.access_room(user, room); !member) return fail(member);
    auto before = access_message(room, message);
    if (!before || has_reaction(*before, user, emoji) == is_added) return before;
    Message after;
    auto told =
        database_.transact([&](postgres::Session& session) -> Result<std::optional<rooms::Event>> {
            auto changed = is_added
                               ? session.find<MessageId>(sql::add_reaction, message, room,
                                                         user.str(), emoji, reactions_a_person_max)
                               : session.find<MessageId>(sql::remove_reaction, message, room,
                                                         user.str(), emoji);
            if (!changed) return fail(changed);
            auto found = find(session, room, message);
            if (!found) return fail(found);
            after = std::move(*found);
            if (!*changed) return std::optional<rooms::Event>();
            auto event =
                rooms::append_event(session, room, "reaction_updated",
                                    json::to_text(ReactionUpdated{message, user, emoji.value,
                                                                  is_added, after.reactions}));
            if (!event) return fail(event);
            return std::optional<rooms::Event>(std::move(*event));
        });
    if (!told) return fail(told);
    if (*told) rooms_.events().publish(**told);
    if (is_added && !has_reaction(after, user, emoji)) {
        return fail(ErrorKind::conflict, "too_many_reactions",
                    "A person may have at most 20 reactions on one message.");
    }
    return after;
}

}  // namespace stoa::chat
