// SPDX-License-Identifier: Apache-2.0
// Private to this module: what is sealed of a highlight with its author's key. Pure.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/highlight_anchoring.hpp"
#include "postgres/codec.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stoa::documents {

struct HighlightTarget {
    std::string quote;
    std::string prefix;
    std::string suffix;
    std::optional<std::string> original_quote;  ///< what was highlighted, where it was reworded
    json::List<PageBox, 5'000> boxes;
};
BOOST_DESCRIBE_STRUCT(HighlightTarget, (), (quote, prefix, suffix, original_quote, boxes))

inline std::string highlight_target_place(const HighlightId& id) {
    return "highlights.sealed_target " + id.str();
}
inline std::string highlight_note_place(const HighlightId& id) {
    return "highlights.sealed_note " + id.str();
}

inline HighlightTarget target_of(Anchor&& anchor) {
    auto& selector = anchor.selector;
    return {std::move(selector.quote),
            std::move(selector.prefix),
            std::move(selector.suffix),
            std::nullopt,
            {std::move(anchor.boxes)}};
}

inline postgres::Bytes seal_target(const accounts::SubjectKey& key, const HighlightId& id,
                                   const HighlightTarget& target) {
    return key.seal(json::to_text(target), highlight_target_place(id));
}

inline Result<HighlightTarget> open_target(const accounts::SubjectKey& key, const HighlightId& id,
                                           const postgres::Bytes& sealed) {
    const auto text = key.open(sealed, highlight_target_place(id));
    if (!text) return fail(text);
    return json::read<HighlightTarget>(*text);
}

}  // namespace stoa::documents
