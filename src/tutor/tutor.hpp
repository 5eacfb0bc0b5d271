// SPDX-License-Identifier: Apache-2.0
// Questions and answers over documents: retrieve, let a chat model answer from the passages, keep only
// quotes that stand verbatim in their chunk, store the turn, give sources with page and boxes.
// Writes conversations and conversation_messages. Any thread; `ask` blocks while the model answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/documents.hpp"
#include "documents/retrieval.hpp"
#include "llm/chat_model.hpp"
#include "postgres/database.hpp"
#include "rooms/rooms.hpp"

namespace stoa::tutor {

enum class Mode { answer, socratic };
BOOST_DESCRIBE_ENUM(Mode, answer, socratic)

struct Box {
    float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};
BOOST_DESCRIBE_STRUCT(Box, (), (x0, y0, x1, y1))

struct Source {
    DocumentId document_id;
    std::string title;
    ChunkId chunk_id;
    int page = 0;
    std::string quote;  ///< stands verbatim in the chunk
    std::vector<Box> boxes;
    double score = 0;
};
BOOST_DESCRIBE_STRUCT(Source, (), (document_id, title, chunk_id, page, quote, boxes, score))

struct Answer {
    ConversationId conversation_id;
    RowId message_id;
    std::string answer;
    std::vector<Source> sources;
    std::vector<std::string> follow_up_questions;
    std::string provider;
    std::string model;
};
BOOST_DESCRIBE_STRUCT(Answer, (), (conversation_id, message_id, answer, sources, follow_up_questions,
                                   provider, model))

struct Question {
    Text<1, 4000> question;
    std::optional<ConversationId> conversation_id;
    std::optional<Mode> mode;
};
BOOST_DESCRIBE_STRUCT(Question, (), (question, conversation_id, mode))

/// What is told while the answer grows; each may be empty.
struct Progress {
    std::function<bool(const std::vector<Source>&)> on_sources;
    std::function<bool(std::string_view delta)> on_delta;  ///< false: the asker is gone, stop
};

class Tutor {
  public:
    Tutor(postgres::Database& database, rooms::Rooms& rooms, documents::Documents& documents,
          documents::Retrieval& retrieval, llm::ChatModel& model);
    /// `scope` has a document or a room, checked here (`document_not_found`, `room_not_found`, …).
    /// `conversation_not_found`, `nothing_to_read` (409: no ready document in scope), and the model's
    /// errors (`model_unavailable`, `model_timeout`, 503).
    Result<Answer> ask(const documents::Scope& scope, const Question& question, const Progress& progress);

  private:
    postgres::Database& database_;
    rooms::Rooms& rooms_;
    documents::Documents& documents_;
    documents::Retrieval& retrieval_;
    llm::ChatModel& model_;
};

}  // namespace stoa::tutor
