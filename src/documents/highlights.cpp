// SPDX-License-Identifier: Apache-2.0
#include "documents/highlights.hpp"

#include "base/number.hpp"
#include "documents/highlight_row.hpp"
#include "documents/sql.hpp"

#include <limits>
#include <utility>

namespace stoa::documents {
namespace {

tl::unexpected<Error> wrong_place() {
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The highlight is not possible as it is.",
              {{{"body", "room_id"},
                "Give a room_id with the visibility 'room', and with no other",
                "value_error"}},
              {}});
}

/// A place in reading order: the last highlight that was shown.
struct Place {
    std::optional<int> page;
    std::optional<int> text_begin;
    std::optional<HighlightId> id;
};

std::string place_of(const HighlightRow& row) {
    return std::to_string(row.page) + '_' + std::to_string(row.text_begin) + '_' + row.id.str();
}

Result<Place> read_place(const std::optional<std::string>& cursor) {
    if (!cursor) return Place{};
    const std::string_view text = *cursor;
    const auto first = text.find('_');
    const auto second = first == std::string_view::npos ? first : text.find('_', first + 1);
    if (second == std::string_view::npos) return http::invalid_cursor();
    constexpr int most = std::numeric_limits<int>::max();
    const Place place{parse_number<int>(text.substr(0, first), 1, most),
                      parse_number<int>(text.substr(first + 1, second - first - 1), 0, most),
                      HighlightId::parse(text.substr(second + 1))};
    if (!place.page || !place.text_begin || !place.id) return http::invalid_cursor();
    return place;
}

}  // namespace

Highlights::Highlights(postgres::Database& database, rooms::Rooms& rooms, Documents& documents,
                       accounts::SubjectKeys& keys)
    : database_(database), rooms_(rooms), documents_(documents), keys_(keys) {}

Result<void> Highlights::check_room(const UserId& user, const DocumentId& document,
                                    const RoomId& room) {
    if (auto member = rooms_.access_room(user, room); !member) return fail(member);
    const auto granted = database_.one<bool>(sql::is_granted_in_room, user, document, room);
    if (!granted) return fail(granted);
    if (*granted) return {};
    return fail(ErrorKind::conflict, "document_not_in_room",
                "The document is not shared with the room; share it there first.");
}

void Highlights::publish(const std::vector<rooms::Event>& events) {
    for (const auto& event : events) rooms_.events().publish(event);
}

Result<CreatedHighlight> Highlights::create(const UserId& user, const DocumentId& document,
                                            const NewHighlight& wanted) {
    const auto visibility =
        wanted.visibility.value_or(wanted.room_id ? Visibility::room : Visibility::private_);
    if ((visibility == Visibility::room) != wanted.room_id.has_value()) return wrong_place();
    if (auto granted = documents_.access_document(user, document); !granted) return fail(granted);
    if (wanted.room_id) {
        if (auto checked = check_room(user, document, *wanted.room_id); !checked) {
            return fail(checked);
        }
    }
    const auto count =
        database_.one<std::int64_t>(sql::count_highlights, document, user, highlights_max);
    if (!count) return fail(count);
    if (*count >= highlights_max) {
        return fail(ErrorKind::conflict, "too_many_highlights",
                    "You have " + std::to_string(highlights_max) +
                        " highlights in this document, and no more fit; delete some first.");
    }
    auto located =
        locate_selection(database_, keys_, document, selection_of(wanted, wanted.quote.value));
    if (!located) return fail(located);
    const auto key = keys_.key_of(user);
    if (!key) return fail(key);
    const auto id = HighlightId::make();
    const auto page = located->anchor.page;
    const auto page_end = located->anchor.page_end;
    const auto text_begin = static_cast<std::int64_t>(located->anchor.text_begin);
    const auto target = seal_target(*key, id, target_of(std::move(located->anchor)));
    std::vector<rooms::Event> events;
    auto created = database_.transact([&](postgres::Session& session) -> Result<CreatedHighlight> {
        events.clear();
        auto locked = lock_version(session, document, located->document_version);
        if (!locked) return fail(locked);
        auto inserted =
            session.run(sql::insert_highlight, id, document, user, wanted.room_id, visibility,
                        wanted.color.value_or(HighlightColor::yellow), page, page_end, text_begin,
                        located->document_version, target, seal_note(*key, id, wanted.note));
        if (!inserted) return fail(inserted);
        const auto row = session.one<HighlightRow>(sql::find_highlight, user, document, id);
        if (!row) return fail(row);
        auto highlight = open_highlight(*key, *row);
        if (!highlight) return fail(highlight);
        CreatedHighlight done{std::move(*highlight), std::nullopt};
        if (!wanted.room_id) return done;
        auto event = append_created(session, *wanted.room_id, done.highlight, *key);
        if (!event) return fail(event);
        done.seq = event->seq;
        events.push_back(std::move(*event));
        return done;
    });
    if (created) publish(events);
    return created;
}

Result<http::Listing<Highlight>> Highlights::list(const UserId& user, const DocumentId& document,
                                                  const HighlightFilter& filter) {
    if (auto granted = documents_.access_document(user, document); !granted) return fail(granted);
    const auto after = read_place(filter.cursor);
    if (!after) return fail(after);
    auto rows = database_.list<HighlightRow>(
        sql::list_highlights, user, document, filter.orphans, filter.page, filter.visibility,
        filter.room, filter.mine, after->page, after->text_begin, after->id, filter.limit + 1);
    if (!rows) return fail(rows);
    http::Listing<Highlight> listing;
    if (std::cmp_greater(rows->size(), filter.limit)) {
        rows->resize(static_cast<std::size_t>(filter.limit));
        listing.next_cursor = place_of(rows->back());
    }
    for (const auto& row : *rows) {
        const auto key = keys_.key_of(row.user_id);
        if (!key && key.error().code == std::string_view("subject_erased")) continue;
        if (!key) return fail(key);
        auto highlight = open_highlight(*key, row);
        if (!highlight) return fail(highlight);
        listing.items.push_back(std::move(*highlight));
    }
    return listing;
}

Result<HighlightRow> Highlights::access_highlight(const UserId& user, const DocumentId& document,
                                                  const HighlightId& id) {
    auto row = database_.find<HighlightRow>(sql::find_highlight, user, document, id);
    if (!row) return fail(row);
    if (!*row) return highlight_not_found();
    return std::move(**row);
}

}  // namespace stoa::documents
