// SPDX-License-Identifier: Apache-2.0
#include "documents/highlight_row.hpp"

#include "documents/sql.hpp"

#include <utility>

namespace stoa::documents {
namespace {

struct DeletedEvent {
    HighlightId id;
    DocumentId document_id;
    UserId deleted_by;
};
BOOST_DESCRIBE_STRUCT(DeletedEvent, (), (id, document_id, deleted_by))

rooms::Sealing sealing_of(const Highlight& highlight, const accounts::SubjectKey& key) {
    return {highlight.user.id, key, RowId{highlight.id.uuid}};
}

}  // namespace

tl::unexpected<Error> highlight_not_found() {
    return fail(ErrorKind::not_found, "highlight_not_found", "There is no such highlight.");
}

Result<Highlight> open_highlight(const accounts::SubjectKey& author_key, const HighlightRow& row) {
    auto target = open_target(author_key, row.id, row.sealed_target);
    if (!target) return fail(target);
    Highlight highlight;
    highlight.id = row.id;
    highlight.document_id = row.document_id;
    highlight.user = {row.user_id, row.name, row.username};
    highlight.room_id = row.room_id;
    highlight.visibility = row.visibility;
    highlight.color = row.color;
    highlight.quote = std::move(target->quote);
    highlight.prefix = std::move(target->prefix);
    highlight.suffix = std::move(target->suffix);
    highlight.original_quote = std::move(target->original_quote);
    highlight.page = row.page;
    highlight.page_end = row.page_end;
    highlight.boxes = std::move(target->boxes.items);
    highlight.is_orphan = row.is_orphan;
    highlight.document_version = row.document_version;
    highlight.created_at = row.created_at;
    highlight.updated_at = row.updated_at;
    if (row.sealed_note) {
        auto note = author_key.open(*row.sealed_note, highlight_note_place(row.id));
        if (!note) return fail(note);
        highlight.note = std::move(*note);
    }
    return highlight;
}

std::optional<postgres::Bytes> seal_note(const accounts::SubjectKey& author_key,
                                         const HighlightId& id, const std::optional<Note>& note) {
    if (!note || note->value.empty()) return std::nullopt;
    return author_key.seal(note->value, highlight_note_place(id));
}

Result<rooms::Event> append_created(postgres::Session& session, const RoomId& room,
                                    const Highlight& highlight, const accounts::SubjectKey& key) {
    auto event = rooms::append_event(session, room, "highlight_created", json::to_text(highlight),
                                     sealing_of(highlight, key));
    if (!event) return event;
    if (auto set = session.run(sql::set_room_seq, highlight.id, event->seq); !set) return fail(set);
    return event;
}

Result<rooms::Event> append_updated(postgres::Session& session, const RoomId& room,
                                    const Highlight& highlight, const accounts::SubjectKey& key) {
    return rooms::append_event(session, room, "highlight_updated", json::to_text(highlight),
                               sealing_of(highlight, key));
}

Result<rooms::Event> append_deleted(postgres::Session& session, const HighlightRow& row,
                                    const RoomId& room, const UserId& by) {
    const auto id = row.id.str();
    auto redacted = rooms::redact_events(session, room, row.room_seq.value_or(0), id,
                                         R"({"id":")" + id + R"(","document_id":")" +
                                             row.document_id.str() + R"(","is_deleted":true})");
    if (!redacted) return fail(redacted);
    return rooms::append_event(session, room, "highlight_deleted",
                               json::to_text(DeletedEvent{row.id, row.document_id, by}));
}

}  // namespace stoa::documents
