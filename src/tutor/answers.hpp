// SPDX-License-Identifier: Apache-2.0
// Answers as streams of server-sent events that outlive their connection: told while they grow,
// gone on with for an asker who comes back (on any node), cancelled. Whoever loses the connection
// loses nothing: the answer goes on and is stored. Events of a running answer are in memory and, as
// a hint, in Redis; a finished answer is in PostgreSQL. Any thread; streams block while they are
// written.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "redis/client.hpp"
#include "tutor/running_answers.hpp"
#include "tutor/tutor.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::tutor {

/// Which event of which answer: "<message id>:<number>", the number "end" for the last one.
struct EventId {
    RowId message;
    std::optional<std::size_t> number;  ///< nothing: the last one

    /// `last_event_id_invalid` (422).
    static Result<EventId> parse(std::string_view text);
};

class Answers {
  public:
    Answers(Tutor& tutor, redis::Client& redis, accounts::SubjectKeys& keys);

    /// Asks the model and tells the answer. Its first event names the answer.
    http::StreamBody ask(Prepared prepared, std::string request_id);
    /// What was told after this event, and what is told from now on; nothing if that was all. The
    /// model is not asked again. `answer_not_found`; `access_expired` (403) if the asker may no
    /// longer read what it is made from; `answers_unavailable` (503) if another node may know;
    /// `too_many_streams` (429).
    Result<std::optional<http::StreamBody>> resume(
        const UserId& asker, const std::optional<ConversationId>& conversation, const EventId& last,
        std::string request_id);
    /// The model is told to stop within about a second, wherever it is asked; its stream ends with
    /// `answer_cancelled`, and nothing is stored. `answer_not_found`, `answer_finished` (409),
    /// `answers_unavailable` (503).
    Result<void> cancel(const UserId& asker, const ConversationId& conversation,
                        const RowId& message);

  private:
    void tell(const Prepared& prepared, const std::string& request_id, http::Stream& stream);
    Result<std::optional<http::StreamBody>> resume_here(std::shared_ptr<AnswerLog> log,
                                                        const EventId& last);
    Result<std::optional<http::StreamBody>> resume_stored(const UserId& asker, StoredAnswer stored,
                                                          const EventId& last,
                                                          std::string request_id);
    Result<std::optional<http::StreamBody>> resume_elsewhere(
        const UserId& asker, const std::optional<ConversationId>& conversation, const EventId& last,
        std::string request_id);
    struct Wanted {
        UserId asker;
        RowId message;
        std::optional<ConversationId> conversation;
    };
    Result<std::optional<http::StreamBody>> follow(const accounts::SubjectKey& key,
                                                   const Wanted& wanted, std::size_t seen,
                                                   std::string request_id);

    Tutor& tutor_;
    redis::Client& redis_;
    accounts::SubjectKeys& keys_;
    RunningAnswers running_;
};

}  // namespace stoa::tutor
