// SPDX-License-Identifier: Apache-2.0
// Questions asked in a room: the tutor's answer goes to everyone there, first as passing deltas,
// then as one durable `socratic_response` with the answer's fields. Answers take seconds, so they
// run on a pool of their own. Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/worker_pool.hpp"
#include "postgres/database.hpp"
#include "rooms/rooms.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace stoa::tutor {
class Tutor;
}

namespace stoa::chat {

struct SocraticQuery {
    Text<1, 4000> question;
    std::optional<DocumentId> document_id;
    std::optional<ConversationId> conversation_id;
};
BOOST_DESCRIBE_STRUCT(SocraticQuery, (), (question, document_id, conversation_id))

struct AskedInRoom {
    UserId user;
    RoomId room;
    std::optional<std::string> query_id;  ///< the client's id of the frame
    SocraticQuery query;
};

/// Told while the answer grows; each returns false when nobody listens any more.
struct Told {
    std::function<bool(std::string_view delta)> on_delta;
    std::function<bool()> on_restart;  ///< the deltas so far are void, the answer begins anew
};

/// Gives the answer as one JSON object.
using Answerer = std::function<Result<std::string>(const AskedInRoom&, const Told& told)>;

/// Answers by the tutor, which outlives the answerer.
Answerer answer_with(tutor::Tutor& tutor);

class Socratic {
  public:
    /// `queries_max` answers may be under way or waiting on this node. The threads mostly wait for
    /// a language model; enough of them that a few hung answers do not silence every room.
    Socratic(postgres::Database& database, rooms::RoomEvents& events, accounts::SubjectKeys& keys,
             Answerer answer, std::size_t threads = 8, std::size_t queries_max = 32);

    /// Starts answering; `on_done` is called on another thread with what went wrong, if anything.
    /// `busy` (503) if too many questions wait, or the asker's last one is still being answered.
    Result<void> ask(AskedInRoom asked, std::function<void(const Result<void>&)> on_done);

  private:
    Result<void> answer(const AskedInRoom& asked);
    Result<void> answer_guarded(const AskedInRoom& asked);
    bool begin(const UserId& asker);
    void end(const UserId& asker);

    postgres::Database& database_;
    rooms::RoomEvents& events_;
    accounts::SubjectKeys& keys_;
    Answerer answer_;
    std::mutex mutex_;
    std::set<UserId> askers_;  ///< at most as many as the pool takes
    WorkerPool pool_;
};

}  // namespace stoa::chat
