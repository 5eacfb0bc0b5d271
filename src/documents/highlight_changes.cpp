// SPDX-License-Identifier: Apache-2.0
#include "accounts/audit.hpp"
#include "documents/highlight_row.hpp"
#include "documents/highlights.hpp"
#include "documents/sql.hpp"

#include <utility>

namespace stoa::documents {
namespace {

tl::unexpected<Error> wrong_change(std::string field, std::string message) {
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The change is not possible as it is.",
              {{{"body", std::move(field)}, std::move(message), "value_error"}},
              {}});
}

Visibility visibility_after(const HighlightRow& before, const HighlightChange& change) {
    return change.visibility.value_or(change.room_id ? Visibility::room : before.visibility);
}

std::optional<RoomId> room_after(const HighlightRow& before, const HighlightChange& change) {
    if (visibility_after(before, change) != Visibility::room) return std::nullopt;
    return change.room_id ? change.room_id : before.room_id;
}

Result<void> update(postgres::Session& session, const HighlightRow& before,
                    const HighlightChange& change, const accounts::SubjectKey& key) {
    auto updated = session.run(sql::update_highlight, before.id, visibility_after(before, change),
                               room_after(before, change), change.color, change.note.has_value(),
                               seal_note(key, before.id, change.note));
    if (!updated) return fail(updated);
    return {};
}

Result<void> move_to(postgres::Session& session, const HighlightRow& before,
                     const LocatedSelection& to, const accounts::SubjectKey& key) {
    auto locked = lock_version(session, before.document_id, to.document_version);
    if (!locked) return locked;
    auto anchor = to.anchor;
    const auto text_begin = static_cast<std::int64_t>(anchor.text_begin);
    auto moved =
        session.run(sql::move_highlight, before.id, before.document_version,
                    seal_target(key, before.id, target_of(std::move(anchor))), to.anchor.page,
                    to.anchor.page_end, text_begin, false, to.document_version);
    if (!moved) return fail(moved);
    return {};
}

/// What its rooms hear of a change: one room that it was changed, or one that it is gone and
/// another that it is there.
Result<std::vector<rooms::Event>> append_events(postgres::Session& session,
                                                const HighlightRow& before, const Highlight& after,
                                                const accounts::SubjectKey& key) {
    std::vector<rooms::Event> events;
    const auto was_shown_to = before.shown_to();
    const auto is_shown_to =
        after.visibility == Visibility::room ? after.room_id : std::optional<RoomId>();
    const auto keep = [&](Result<rooms::Event>&& event) -> Result<void> {
        if (!event) return fail(event);
        events.push_back(std::move(*event));
        return {};
    };
    if (was_shown_to && was_shown_to == is_shown_to) {
        auto kept = keep(append_updated(session, *is_shown_to, after, key));
        if (!kept) return fail(kept);
        return events;
    }
    if (was_shown_to) {
        auto kept = keep(append_deleted(session, before, *was_shown_to, before.user_id));
        if (!kept) return fail(kept);
    }
    if (is_shown_to) {
        auto kept = keep(append_created(session, *is_shown_to, after, key));
        if (!kept) return fail(kept);
    }
    return events;
}

/// What somebody else marked: the trail tells who took it away.
Result<void> record_removal(postgres::Session& session, const HighlightRow& row, const UserId& by) {
    if (row.user_id == by) return {};
    accounts::AuditEvent event{.action = accounts::AuditAction::highlight_removed,
                               .actor = by,
                               .subject = row.id.str(),
                               .detail = {.person = row.user_id.str()}};
    if (const auto room = row.shown_to()) event.detail.room = room->str();
    return accounts::record(session, event);
}

}  // namespace

Result<void> Highlights::check_change(const UserId& user, const HighlightRow& before,
                                      const HighlightChange& change) {
    if (before.user_id != user) {
        return fail(ErrorKind::forbidden, "not_the_author",
                    "Only the author may change a highlight.");
    }
    if (!change.quote && (change.prefix || change.suffix || change.page || change.boxes)) {
        return wrong_change("quote",
                            "prefix, suffix, page and boxes tell where a quote stands; "
                            "give the quote too");
    }
    const auto visibility = visibility_after(before, change);
    if (visibility != Visibility::room) {
        if (!change.room_id) return {};
        return wrong_change("room_id", "Give a room_id with the visibility 'room', and no other");
    }
    const auto room = room_after(before, change);
    if (!room) return wrong_change("room_id", "The visibility 'room' needs a room_id");
    return check_room(user, before.document_id, *room);
}

Result<std::optional<LocatedSelection>> Highlights::locate_change(const HighlightRow& before,
                                                                  const HighlightChange& change) {
    if (!change.quote) return std::optional<LocatedSelection>();
    auto selection = selection_of(change, change.quote->value);
    // Where it stood is the best guess, if that page is still there.
    const auto readiness = database_.find<Readiness>(sql::find_readiness, before.document_id);
    if (!readiness) return fail(readiness);
    if (!selection.page && *readiness && before.page <= (*readiness)->page_count) {
        selection.page = before.page;
        for (auto& box : selection.boxes) box.page = before.page;
    }
    auto located = locate_selection(database_, keys_, before.document_id, selection);
    if (!located) return fail(located);
    return std::optional(std::move(*located));
}

Result<Highlight> Highlights::change(const UserId& user, const DocumentId& document,
                                     const HighlightId& id, const HighlightChange& change) {
    if (auto granted = documents_.access_document(user, document); !granted) return fail(granted);
    const auto known = access_highlight(user, document, id);
    if (!known) return fail(known);
    if (auto checked = check_change(user, *known, change); !checked) return fail(checked);
    const auto located = locate_change(*known, change);
    if (!located) return fail(located);
    const auto key = keys_.key_of(user);
    if (!key) return fail(key);
    std::vector<rooms::Event> events;
    auto changed = database_.transact([&](postgres::Session& session) -> Result<Highlight> {
        events.clear();
        if (auto locked = session.run(sql::lock_highlight, id); !locked) return fail(locked);
        const auto before = session.find<HighlightRow>(sql::find_highlight, user, document, id);
        if (!before) return fail(before);
        if (!*before) return highlight_not_found();
        if (*located) {
            if (auto moved = move_to(session, **before, **located, *key); !moved)
                return fail(moved);
        }
        if (auto updated = update(session, **before, change, *key); !updated) return fail(updated);
        const auto after = session.one<HighlightRow>(sql::find_highlight, user, document, id);
        if (!after) return fail(after);
        auto highlight = open_highlight(*key, *after);
        if (!highlight) return fail(highlight);
        auto appended = append_events(session, **before, *highlight, *key);
        if (!appended) return fail(appended);
        events = std::move(*appended);
        return highlight;
    });
    if (changed) publish(events);
    return changed;
}

Result<void> Highlights::check_removal(const UserId& user, const Granted& granted,
                                       const HighlightRow& highlight) {
    if (highlight.user_id == user || granted.permission == Permission::admin) return {};
    if (const auto room = highlight.shown_to()) {
        const auto moderator = rooms_.access_room(user, *room, rooms::Role::moderator);
        if (moderator) return {};
        if (moderator.error().kind == ErrorKind::unavailable) return fail(moderator);
    }
    return fail(ErrorKind::forbidden, "not_the_author",
                "Only the author, an admin of the document or a moderator of its room may delete a "
                "highlight.");
}

Result<void> Highlights::remove(const UserId& user, const DocumentId& document,
                                const HighlightId& id) {
    const auto granted = documents_.access_document(user, document);
    if (!granted) return fail(granted);
    const auto known = access_highlight(user, document, id);
    if (!known) return fail(known);
    if (auto checked = check_removal(user, *granted, *known); !checked) return checked;
    std::vector<rooms::Event> events;
    auto removed = database_.transact([&](postgres::Session& session) -> Result<void> {
        events.clear();
        if (auto locked = session.run(sql::lock_highlight, id); !locked) return fail(locked);
        const auto before = session.find<HighlightRow>(sql::find_highlight, user, document, id);
        if (!before) return fail(before);
        if (!*before) return highlight_not_found();
        if (auto gone = session.run(sql::delete_highlight, id); !gone) return fail(gone);
        if (const auto room = (*before)->shown_to()) {
            auto told = append_deleted(session, **before, *room, user);
            if (!told) return fail(told);
            events.push_back(std::move(*told));
        }
        return record_removal(session, **before, user);
    });
    if (removed) publish(events);
    return removed;
}

}  // namespace stoa::documents
