// SPDX-License-Identifier: Apache-2.0
// Private to this module: a highlight as it lies in the table, and what is told of it. Any thread.
#pragma once

#include "documents/highlight_target.hpp"
#include "documents/highlights.hpp"
#include "documents/text_selection.hpp"

#include <optional>
#include <string>

namespace stoa::documents {

struct HighlightRow {
    HighlightId id;
    DocumentId document_id;
    UserId user_id;
    std::optional<std::string> name;
    std::optional<std::string> username;
    std::optional<RoomId> room_id;
    Visibility visibility = Visibility::private_;
    HighlightColor color = HighlightColor::yellow;
    int page = 0;
    int page_end = 0;
    std::int64_t text_begin = 0;
    bool is_orphan = false;
    int document_version = 0;
    postgres::Bytes sealed_target;
    std::optional<postgres::Bytes> sealed_note;
    std::optional<std::int64_t> room_seq;
    Time created_at;
    Time updated_at;

    /// The room that it is shown to.
    [[nodiscard]] std::optional<RoomId> shown_to() const {
        return visibility == Visibility::room ? room_id : std::nullopt;
    }
};
BOOST_DESCRIBE_STRUCT(HighlightRow, (),
                      (id, document_id, user_id, name, username, room_id, visibility, color, page,
                       page_end, text_begin, is_orphan, document_version, sealed_target,
                       sealed_note, room_seq, created_at, updated_at))

/// `sealed_unreadable` (internal) with another's key.
Result<Highlight> open_highlight(const accounts::SubjectKey& author_key, const HighlightRow& row);

/// Nothing for no note and for an empty one.
std::optional<postgres::Bytes> seal_note(const accounts::SubjectKey& author_key,
                                         const HighlightId& id, const std::optional<Note>& note);

/// The selection of a `NewHighlight` or a `HighlightChange` that has a quote.
template <class T>
TextSelection selection_of(const T& wanted, std::string quote) {
    TextSelection selection;
    selection.selector.quote = std::move(quote);
    if (wanted.prefix) selection.selector.prefix = wanted.prefix->value;
    if (wanted.suffix) selection.selector.suffix = wanted.suffix->value;
    if (wanted.page) selection.page = static_cast<int>(wanted.page->value);
    if (!wanted.boxes) return selection;
    for (const auto& box : wanted.boxes->items) {
        const int page = box.page ? static_cast<int>(box.page->value) : selection.page.value_or(1);
        selection.boxes.push_back({page, box.x0, box.y0, box.x1, box.y1});
    }
    return selection;
}

tl::unexpected<Error> highlight_not_found();

/// Tells the room in the caller's transaction, and from which event on its log speaks of it.
Result<rooms::Event> append_created(postgres::Session& session, const RoomId& room,
                                    const Highlight& highlight, const accounts::SubjectKey& key);
Result<rooms::Event> append_updated(postgres::Session& session, const RoomId& room,
                                    const Highlight& highlight, const accounts::SubjectKey& key);
/// Tells the room that it sees the highlight no more, and takes it out of the room's log.
Result<rooms::Event> append_deleted(postgres::Session& session, const HighlightRow& row,
                                    const RoomId& room, const UserId& by);

}  // namespace stoa::documents
