// SPDX-License-Identifier: Apache-2.0
// How what was told of an answer lies in Redis for other nodes: a list of entries, each some events
// in a row, sealed with the asker's key; a mark that it still runs; a wish that it be cancelled.
// All of it passes by itself, and all of it may be lost. Pure functions; any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "tutor/answer_log.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stoa::tutor {

/// How long an answer can be resumed after its last event.
inline constexpr std::chrono::minutes resumable_for{5};
/// A running answer that was not marked for so long is lost with its node.
inline constexpr std::chrono::milliseconds running_for{8'000};
inline constexpr std::chrono::milliseconds mark_every{2'000};

/// In one slot of a cluster. Nobody finds what another asked.
struct AnswerKeys {
    AnswerKeys(const UserId& asker, const RowId& message);
    std::string events;
    std::string running;
    std::string cancel;
};

struct AnswerEntry {
    std::int64_t first = 1;  ///< the number of its first event
    json::List<AnswerEvent, 100'000> events;
    ConversationId conversation_id;
    std::optional<DocumentId> document_id;
    std::optional<RoomId> room_id;
    std::vector<DocumentId> documents;
};
BOOST_DESCRIBE_STRUCT(AnswerEntry, (),
                      (first, events, conversation_id, document_id, room_id, documents))

std::string seal_entry(const accounts::SubjectKey& key, const AnswerIdentity& identity,
                       std::size_t first, std::vector<AnswerEvent> events);
/// Nothing for what does not open or is no entry.
std::optional<AnswerEntry> open_entry(const accounts::SubjectKey& key, const RowId& message,
                                      std::string sealed);
AnswerIdentity identity_of(const AnswerEntry& entry, const UserId& asker, const RowId& message);

}  // namespace stoa::tutor
