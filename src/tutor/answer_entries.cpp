// SPDX-License-Identifier: Apache-2.0
#include "tutor/answer_entries.hpp"

#include <utility>

namespace stoa::tutor {

namespace {

std::string place_of(const RowId& message) { return "answer_events " + message.str(); }

std::string key_of(const UserId& asker, const RowId& message, const char* what) {
    return "answer:{" + asker.str() + '/' + message.str() + "}:" + what;
}

}  // namespace

AnswerKeys::AnswerKeys(const UserId& asker, const RowId& message)
    : events(key_of(asker, message, "events")),
      running(key_of(asker, message, "running")),
      cancel(key_of(asker, message, "cancel")) {}

std::string seal_entry(const accounts::SubjectKey& key, const AnswerIdentity& identity,
                       std::size_t first, std::vector<AnswerEvent> events) {
    const AnswerEntry entry{
        static_cast<std::int64_t>(first), {std::move(events)}, identity.conversation,
        identity.scope.document,          identity.scope.room, identity.documents};
    return key.seal(json::to_text(entry), place_of(identity.message)).value;
}

std::optional<AnswerEntry> open_entry(const accounts::SubjectKey& key, const RowId& message,
                                      std::string sealed) {
    const auto text = key.open(postgres::Bytes{std::move(sealed)}, place_of(message));
    if (!text) return std::nullopt;
    auto entry = json::read<AnswerEntry>(*text);
    if (!entry || entry->first < 1) return std::nullopt;
    return std::move(*entry);
}

AnswerIdentity identity_of(const AnswerEntry& entry, const UserId& asker, const RowId& message) {
    return {
        {asker, entry.document_id, entry.room_id}, entry.conversation_id, message, entry.documents};
}

}  // namespace stoa::tutor
