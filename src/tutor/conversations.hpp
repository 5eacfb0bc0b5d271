// SPDX-License-Identifier: Apache-2.0
// Conversations as they are stored: titles, questions and answers are sealed with the key of the
// person who asks, and opened for nobody else. Writes conversations and conversation_messages. Any
// thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "http/routes.hpp"
#include "llm/chat_model.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tutor {

enum class Mode { answer, socratic };
BOOST_DESCRIBE_ENUM(Mode, answer, socratic)

struct Conversation {
    ConversationId id;
    std::optional<RoomId> room_id;
    std::optional<DocumentId> document_id;
    std::string title;
    Mode mode = Mode::answer;
    Time created_at;
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(Conversation, (),
                      (id, room_id, document_id, title, mode, created_at, updated_at))

struct ConversationMessage {
    RowId id;
    std::string role;  ///< "user" or "assistant"
    std::string content;
    json::Raw sources;
    json::Raw follow_up_questions;
    bool in_documents = true;
    bool is_cut = false;
    json::Raw unverified_sentences;
    std::optional<std::string> provider;
    std::optional<std::string> model;
    Time created_at;
    json::Raw computation;
    bool is_withheld = false;  ///< what it is made from may not be read any more: it says nothing
    std::vector<DocumentId> made_from{};  ///< of an answer; not told
};
BOOST_DESCRIBE_STRUCT(ConversationMessage, (),
                      (id, role, content, sources, follow_up_questions, in_documents, is_cut,
                       unverified_sentences, provider, model, created_at, computation, is_withheld))

struct StoredAnswer {
    ConversationId conversation;
    ConversationMessage message;
};

/// What a follow-up question may refer to.
struct Memory {
    std::string summary;  ///< of what was said before the turns; empty: nothing was
    std::optional<RowId> summarised_through;
    std::vector<llm::Turn> turns;                    ///< oldest first
    std::vector<RowId> ids;                          ///< of the turns
    std::vector<std::vector<DocumentId>> made_from;  ///< each of the turns
};

/// A question and its answer, to be stored.
struct Exchange {
    ConversationId conversation;
    bool is_new = true;
    UserId asker;
    std::optional<RoomId> room;
    std::optional<DocumentId> document;
    Mode mode = Mode::answer;
    std::string_view question;
    RowId answer_id;
    std::string_view answer;
    json::Raw sources{"[]"};
    json::Raw follow_up_questions{"[]"};
    bool in_documents = true;
    bool is_cut = false;
    json::Raw unverified_sentences{"[]"};
    std::string_view provider;
    std::string_view model;
    json::Raw computation{"null"};
    std::vector<DocumentId> made_from{};  ///< all that the answer could be made from
};

/// As for a conversation that never was: whose it is is nobody else's business.
tl::unexpected<Error> conversation_not_found();
tl::unexpected<Error> answer_not_found();

class Conversations {
  public:
    Conversations(postgres::Database& database, accounts::SubjectKeys& keys);

    /// `conversation_not_found` unless it is the asker's own.
    Result<Conversation> find(const UserId& asker, const ConversationId& conversation);
    /// The asker's own about one document, the last used first, at most 100.
    Result<std::vector<Conversation>> list(const UserId& asker, const DocumentId& document);
    /// All of the asker's own, the last used first. A cursor is a place in that order, so what is
    /// used meanwhile may come twice, and nothing is left out.
    Result<http::Listing<Conversation>> list_all(const UserId& asker, std::int64_t limit,
                                                 const std::optional<std::string>& cursor);
    /// `conversation_not_found` unless it is the asker's own.
    Result<Conversation> rename(const UserId& asker, const ConversationId& conversation,
                                std::string_view title);
    /// With all its messages, for good. What was asked aloud stays in the room's events.
    /// `conversation_not_found` unless it is the asker's own.
    Result<void> remove(const UserId& asker, const ConversationId& conversation);
    /// The summary and what was said since: of that the last `turns_max` messages, or the first.
    Result<Memory> remember(const UserId& asker, const ConversationId& conversation,
                            std::int64_t turns_max, bool first = false);
    /// In the place of the one that goes through `before`, unless it is no longer that one.
    Result<void> store_summary(const UserId& asker, const ConversationId& conversation,
                               std::string_view summary, const RowId& through,
                               const std::optional<RowId>& before);
    /// The answer of this id, if it is the asker's and, where one is named, in this conversation.
    Result<std::optional<StoredAnswer>> find_answer(
        const UserId& asker, const std::optional<ConversationId>& conversation,
        const RowId& answer);
    /// Oldest first. That the conversation is the asker's was checked before.
    Result<http::Listing<ConversationMessage>> messages(const UserId& asker,
                                                        const ConversationId& conversation,
                                                        std::int64_t limit,
                                                        const std::optional<std::string>& cursor);
    /// The question, its answer and, when they are the first, the conversation: all or nothing.
    /// `conversation_not_found` if it was deleted meanwhile.
    Result<void> record(const Exchange& exchange);

  private:
    postgres::Database& database_;
    accounts::SubjectKeys& keys_;
};

}  // namespace stoa::tutor
