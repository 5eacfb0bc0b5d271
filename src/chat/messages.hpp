// SPDX-License-Identifier: Apache-2.0
// Messages of a room: sending exactly once, reading back, editing, deleting, pinning, reacting. A
// message and its room event share one transaction, and only what is committed is published. So the
// room's last seq tells whether any message has changed: whoever changes one appends an event in
// the same transaction. Writes chat_messages. Any thread.
#pragma once

#include "accounts/profiles.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "chat/page_cache.hpp"
#include "http/message.hpp"
#include "postgres/database.hpp"
#include "rooms/rooms.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::chat {

enum class MessageType { text, document_share, highlight, system };
BOOST_DESCRIBE_ENUM(MessageType, text, document_share, highlight, system)

/// A message as clients get it, over REST and as the data of `new_message`. `Chars` is std::string,
/// or std::string_view if another keeps the text.
template <class Chars>
struct BasicMessage {
    MessageId id;
    RoomId room_id;
    std::int64_t seq = 0;
    std::optional<accounts::BasicAuthor<Chars>> user;  ///< nobody, once the account is deleted
    MessageType message_type = MessageType::text;
    Chars content;  ///< empty once deleted
    std::optional<MessageId> reply_to_id;
    std::optional<DocumentId> document_id;
    std::optional<json::BasicRaw<Chars>> highlight_data;
    json::BasicRaw<Chars> reactions{"{}"};  ///< `{user_id: [emoji, …]}`
    bool is_pinned = false;
    bool is_deleted = false;
    std::optional<Chars> nft_mint;
    std::optional<Chars> client_msg_id;
    Time created_at;
    Time updated_at;
    BOOST_DESCRIBE_CLASS(BasicMessage, (),
                         (id, room_id, seq, user, message_type, content, reply_to_id, document_id,
                          highlight_data, reactions, is_pinned, is_deleted, nft_mint, client_msg_id,
                          created_at, updated_at),
                         (), ())
};
using Message = BasicMessage<std::string>;

inline constexpr std::size_t content_code_points_max = 8'000;
using Content = Text<1, content_code_points_max>;
using Emoji = Text<1, 16>;

struct NewMessage {
    Content content;
    Text<1, 64> client_msg_id;
    std::optional<MessageId> reply_to_id;
};
BOOST_DESCRIBE_STRUCT(NewMessage, (), (content, client_msg_id, reply_to_id))

/// Which messages of a room: seq in (after, before), holding a text, pinned or not.
struct MessageFilter {
    std::int64_t before_seq = std::numeric_limits<std::int64_t>::max();
    std::int64_t after_seq = 0;
    bool oldest_first = false;
    std::optional<std::string> text{};
    std::optional<bool> is_pinned{};
    std::int64_t limit = 50;
};

class Messages {
  public:
    /// `page_cache_bytes`: how much the pages kept may take; 0 keeps none.
    Messages(postgres::Database& database, rooms::Rooms& rooms, Metrics& metrics,
             std::size_t page_cache_bytes);

    /// Sends once for each (room, user, client_msg_id): the same again gives the first message and
    /// makes no second event; other content under the same id is `client_msg_id_reused` (409).
    /// `message_not_found` (404) if the reply's message is not in this room; `session_revoked`
    /// (401); and what `access_room` refuses.
    Result<Message> send(const http::Caller& caller, const RoomId& room, const NewMessage& wanted);
    /// The message that tells the room of a document that was just shared with it.
    Result<Message> send_document(const http::Caller& caller, const RoomId& room,
                                  const DocumentId& document, std::string_view title);

    /// `{"items":[…],"next_cursor":…}`; the cursor is the last item's seq. Never out of date: a
    /// page comes from the cache only if the database says that nothing it shows has changed.
    /// Errors: those of `Rooms::access_page`.
    Result<std::shared_ptr<const Page>> list(const http::Bearer& asker, const RoomId& room,
                                             const MessageFilter& filter);

    /// By its author. `not_the_author` (403), `message_deleted` (409), `message_not_found` (404).
    Result<Message> edit(const UserId& user, const RoomId& room, const MessageId& message,
                         const Content& content);
    /// By its author or a moderator; deleting twice is deleting once.
    Result<void> remove(const UserId& user, const RoomId& room, const MessageId& message);
    /// By moderators.
    Result<Message> pin(const UserId& user, const RoomId& room, const MessageId& message,
                        bool is_pinned);
    /// `emoji_invalid` (422), `too_many_reactions` (409: 20 a person and message).
    Result<Message> react(const UserId& user, const RoomId& room, const MessageId& message,
                          const Emoji& emoji, bool is_added);

  private:
    Result<Message> write(const http::Caller& caller, Message message);
    Result<Message> access_message(const RoomId& room, const MessageId& message);
    tl::unexpected<Error> why_not_sent(const http::Caller& caller, const RoomId& room);
    Result<Message> sent_before(const http::Caller& caller, const RoomId& room,
                                const NewMessage& wanted);

    postgres::Database& database_;
    rooms::Rooms& rooms_;
    PageCache pages_;
};

}  // namespace stoa::chat
