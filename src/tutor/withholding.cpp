// SPDX-License-Identifier: Apache-2.0
#include "tutor/withholding.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

namespace stoa::tutor {
namespace {

using Readable = std::set<DocumentId>;

bool may_read(const Readable& readable, const std::vector<DocumentId>& made_from) {
    return std::ranges::all_of(made_from, [&](const auto& id) { return readable.contains(id); });
}

}  // namespace

Result<void> withhold(documents::Documents& documents, const UserId& asker,
                      std::vector<ConversationMessage>& messages) {
    Readable used;
    for (const auto& message : messages) {
        used.insert(message.made_from.begin(), message.made_from.end());
    }
    const auto readable = documents.list_readable(asker, used);
    if (!readable) return fail(readable);
    for (auto& message : messages) {
        if (may_read(*readable, message.made_from)) continue;
        message.is_withheld = true;
        message.content.clear();
        message.sources = json::Raw{"[]"};
        message.follow_up_questions = json::Raw{"[]"};
        message.unverified_sentences = json::Raw{"[]"};
        message.computation = json::Raw{"null"};
    }
    return {};
}

Result<void> withhold(documents::Documents& documents, const UserId& asker, Memory& memory) {
    Readable used;
    for (const auto& made_from : memory.made_from) used.insert(made_from.begin(), made_from.end());
    const auto readable = documents.list_readable(asker, used);
    if (!readable) return fail(readable);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < memory.turns.size(); ++i) {
        if (!may_read(*readable, memory.made_from[i])) continue;
        if (kept != i) {
            memory.turns[kept] = std::move(memory.turns[i]);
            memory.ids[kept] = memory.ids[i];
            memory.made_from[kept] = std::move(memory.made_from[i]);
        }
        ++kept;
    }
    memory.turns.resize(kept);
    memory.ids.resize(kept);
    memory.made_from.resize(kept);
    return {};
}

}  // namespace stoa::tutor
