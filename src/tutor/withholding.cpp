// SPDX-License-Identifier: Apache-2.0
#include "tutor/withholding.hpp"

#include <cstddef>
#include <utility>

namespace stoa::tutor {

Result<bool> Withholding::may_read(const std::vector<DocumentId>& made_from) {
    for (const auto& document : made_from) {
        auto known = known_.find(document);
        if (known == known_.end()) {
            const auto granted = documents_.access_document(asker_, document);
            if (!granted && granted.error().kind != ErrorKind::not_found) return fail(granted);
            known = known_.emplace(document, granted.has_value()).first;
        }
        if (!known->second) return false;
    }
    return true;
}

Result<void> Withholding::apply(std::vector<ConversationMessage>& messages) {
    for (auto& message : messages) {
        const auto readable = may_read(message.made_from);
        if (!readable) return fail(readable);
        if (*readable) continue;
        message.is_withheld = true;
        message.content.clear();
        message.sources = json::Raw{"[]"};
        message.follow_up_questions = json::Raw{"[]"};
        message.unverified_sentences = json::Raw{"[]"};
        message.computation = json::Raw{"null"};
    }
    return {};
}

Result<void> Withholding::apply(Memory& memory) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < memory.turns.size(); ++i) {
        const auto readable = may_read(memory.made_from[i]);
        if (!readable) return fail(readable);
        if (!*readable) continue;
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
