// SPDX-License-Identifier: Apache-2.0
// Tell a stream what another thread, or another node, tells of an answer: from some event on, until
// its last. They return early if the stream's peer is gone. Block; any thread.
#pragma once

#include "http/message.hpp"
#include "tutor/answer_log.hpp"
#include "tutor/followed_answer.hpp"
#include "tutor/tutor.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace stoa::tutor {

/// Behind the first `seen` events.
void follow_here(const AnswerLog& log, std::size_t seen, http::Stream& stream);

struct Elsewhere {
    Tutor& tutor;
    FollowedAnswer& followed;
    std::optional<ConversationId> conversation;
    std::size_t seen = 0;
    const std::string& request_id;
};
/// What Redis tells of an answer of another node. If Redis forgets, or that node dies: the stored
/// answer, whole, if there is one; else an error.
void follow_elsewhere(Elsewhere from, http::Stream& stream);

/// A stored answer: `restart`, since what was told before of it may be void, then all of it.
void tell_whole(const StoredAnswer& stored, http::Stream& stream);

}  // namespace stoa::tutor
