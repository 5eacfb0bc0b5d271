// SPDX-License-Identifier: Apache-2.0
// Questions and answers over documents: retrieve, let a chat model answer from the passages, keep
// only quotes that stand verbatim in their chunk, store the turn, give sources with page and boxes.
// Any thread; `ask` blocks while the model answers.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/documents.hpp"
#include "documents/retrieval.hpp"
#include "documents/table_questions.hpp"
#include "http/routes.hpp"
#include "llm/chat_model.hpp"
#include "postgres/database.hpp"
#include "rooms/rooms.hpp"
#include "tutor/answer_log.hpp"
#include "tutor/conversations.hpp"
#include "tutor/prompt_budget.hpp"
#include "tutor/summaries.hpp"
#include "tutor/token_budget.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::tutor {

/// PDF points from the page's top left corner, to hundredths.
struct Box {
    double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};
BOOST_DESCRIBE_STRUCT(Box, (), (x0, y0, x1, y1))

struct Source {
    int number = 0;  ///< what [n] in the answer means
    DocumentId document_id;
    int version = 1;  ///< of the document, in which the quote stands
    std::string title;
    ChunkId chunk_id;
    int page = 0;
    std::string quote;  ///< stands verbatim in the chunk
    std::vector<Box> boxes;
    double score = 0;
    std::optional<std::string> page_label{};  ///< as printed, where the document names its pages
    std::optional<std::string> heading{};     ///< "Chapter › Section", where it has such
};
BOOST_DESCRIBE_STRUCT(Source, (),
                      (number, document_id, version, title, chunk_id, page, quote, boxes, score,
                       page_label, heading))

struct Answer {
    ConversationId conversation_id;
    RowId message_id;
    std::string answer;
    std::vector<Source> sources;
    std::vector<std::string> follow_up_questions;
    std::string provider;  ///< who answered in the end, and by which model
    std::string model;
    bool in_documents = true;  ///< false: the documents do not answer this, as far as is seen
    bool is_cut = false;       ///< the model came to its limit of length
    std::vector<std::string>
        unverified_sentences;  ///< of the answer, verbatim: no source holds them
    std::optional<documents::Computation> computation;  ///< what the answer says, over all rows
};
BOOST_DESCRIBE_STRUCT(Answer, (),
                      (conversation_id, message_id, answer, sources, follow_up_questions, provider,
                       model, in_documents, is_cut, unverified_sentences, computation))

struct Question {
    Text<1, 4000> question;
    std::optional<ConversationId> conversation_id;
    std::optional<Mode> mode;
};
BOOST_DESCRIBE_STRUCT(Question, (), (question, conversation_id, mode))

/// What is told while the answer grows; each may be empty, and returns false when the asker is
/// gone.
struct Progress {
    /// First, on a thread of its own beside the model's first words, which wait for it: the
    /// passages that the answer is made from, whole. The answer's own `sources` are the words that
    /// it quoted from them.
    std::function<bool(const std::vector<Source>&)> on_sources;
    std::function<bool(std::string_view delta)> on_delta;
    /// What was told of the answer is void; it begins anew, by this provider.
    std::function<bool(std::string_view provider)> on_restart;
    /// Asked for: the model is told to stop, and nothing is stored.
    std::stop_token stop{};
};

/// A question that was checked and looked up, ready for the model.
struct Prepared {
    documents::Scope scope;
    ConversationId conversation;
    RowId message;  ///< of the answer
    bool is_new_conversation = true;
    std::int64_t unsummarised = 0;  ///< what was said before and is in no summary yet, weighed
    Mode mode = Mode::answer;
    llm::Prompt prompt;
    std::vector<documents::Passage> passages;           ///< those of the prompt, in its order
    std::optional<documents::Computation> computation;  ///< answers in the model's place
    std::shared_ptr<TokenBudget::Reservation> tokens;   ///< null: none are counted
};

AnswerIdentity identity_of(const Prepared& prepared);

/// Quotes that stand where they claim to, as sources and as the model gave them, in one order.
struct Located {
    std::vector<Source> sources;
    std::vector<llm::Quote> quotes;
};

class Tutor {
  public:
    Tutor(postgres::Database& database, rooms::Rooms& rooms, documents::Documents& documents,
          documents::Retrieval& retrieval, documents::TableQuestions& tables,
          accounts::SubjectKeys& keys, TokenBudget& budget, llm::ChatModel& model,
          PromptBudget room);
    /// `scope` has a document or a room, checked here (`document_not_found`, `room_not_found`, …);
    /// with both, the document is asked as part of the room. `conversation_not_found`,
    /// `nothing_to_read` (409: no ready document in scope), `question_too_long` (422),
    /// `document_replaced` (409: what it was made from stands no more), `budget_exhausted` (429),
    /// and the model's errors (`model_unavailable`, `model_timeout`, 503). `access_expired` (403)
    /// if the asker may no longer read what it is made from once it is there, or within a second
    /// while it grows; `answer_cancelled` (409) by `progress.stop`. Nothing is stored unless it is
    /// answered.
    Result<Answer> ask(const documents::Scope& scope, const Question& question,
                       const Progress& progress);
    /// The two halves of `ask`: all that can be refused, then the model.
    Result<Prepared> prepare(const documents::Scope& scope, const Question& question);
    Result<Answer> answer(const Prepared& prepared, const Progress& progress);

    /// The asker's own conversations about a document, the last used first.
    Result<http::Listing<Conversation>> list_conversations(const UserId& user,
                                                           const DocumentId& document);
    /// Oldest first. `conversation_not_found` unless it is the asker's and about this document.
    Result<http::Listing<ConversationMessage>> list_messages(
        const UserId& user, const DocumentId& document, const ConversationId& conversation,
        std::int64_t limit, const std::optional<std::string>& cursor);
    /// As `read_conversation` gave it. Of a room's, answers that are made from what the asker may
    /// not read any more are withheld.
    Result<http::Listing<ConversationMessage>> list_messages(
        const UserId& user, const Conversation& conversation, std::int64_t limit,
        const std::optional<std::string>& cursor);
    /// `access_expired` (403) if the asker may no longer read what a stored answer is made from.
    Result<void> check_readable(const UserId& user, const ConversationMessage& answer);
    /// The asker's own, if they may still read what it is about, as for a question: then it can be
    /// read. `conversation_not_found`, `document_not_found`, `room_not_found`, …
    Result<Conversation> read_conversation(const UserId& user, const ConversationId& conversation);
    /// `access_expired` (forbidden) if the asker may no longer read all that an answer is made
    /// from.
    Result<void> check_readable(const AnswerIdentity& answer);
    /// All that their asker may do with them without reading what was answered.
    Conversations& conversations() { return conversations_; }

  private:
    Result<void> compute(Prepared& prepared, const std::optional<documents::Granted>& granted);
    Result<llm::Completion> complete(const Prepared& prepared, const Progress& progress);
    Result<llm::Completion> ask_model(const Prepared& prepared, const Progress& progress);
    Result<llm::Completion> complete_beside_sources(const Prepared& prepared,
                                                    const Progress& progress);
    Result<void> tell_sources(const Prepared& prepared, const Progress& progress);
    Result<void> check_room(const documents::Scope& scope);
    /// The document, if the scope is one.
    Result<std::optional<documents::Granted>> access_scope(const documents::Scope& scope);
    Result<void> continue_conversation(Prepared& prepared, const Question& question);
    Result<void> add_passages(Prepared& prepared);
    Result<Located> locate(const Prepared& prepared, const std::vector<llm::Quote>& quotes);
    Result<void> record(const Prepared& prepared, const Answer& answer);

    rooms::Rooms& rooms_;
    documents::Documents& documents_;
    documents::Retrieval& retrieval_;
    documents::TableQuestions& tables_;
    Conversations conversations_;
    TokenBudget& budget_;
    llm::ChatModel& model_;
    PromptBudget room_;
    Summaries summaries_;
};

}  // namespace stoa::tutor
