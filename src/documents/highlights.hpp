// SPDX-License-Identifier: Apache-2.0
// Highlights: words of a document that a person marked, with a note, for themselves, for a room or
// for all who may read the document. Where they stand is found and kept by the server; words and
// notes lie sealed with their author's key. Rooms hear of those that are marked for them
// (`highlight_created`, `highlight_updated`, `highlight_deleted`). Writes highlights. Any thread.
#pragma once

#include "accounts/profiles.hpp"
#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "documents/documents.hpp"
#include "documents/highlight_anchoring.hpp"
#include "http/routes.hpp"
#include "postgres/database.hpp"
#include "rooms/rooms.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stoa::documents {

enum class Visibility { private_, room, public_ };
BOOST_DESCRIBE_ENUM(Visibility, private_, room, public_)
enum class HighlightColor { yellow, green, blue, pink, purple, orange, red, gray };
BOOST_DESCRIBE_ENUM(HighlightColor, yellow, green, blue, pink, purple, orange, red, gray)

/// One person's of one document.
inline constexpr std::int64_t highlights_max = 2'000;

/// As clients get it, over REST and as the data of its room's events.
struct Highlight {
    HighlightId id;
    DocumentId document_id;
    accounts::Author user;
    std::optional<RoomId> room_id;  ///< with the visibility `room`
    Visibility visibility = Visibility::private_;
    HighlightColor color = HighlightColor::yellow;
    std::string quote;   ///< as it stands in the document; of an orphan: as it last stood there
    std::string prefix;  ///< what stands right before it
    std::string suffix;
    std::optional<std::string> original_quote;  ///< if the document was reworded since
    int page = 0;                               ///< where it begins
    int page_end = 0;
    std::vector<PageBox> boxes;  ///< one for each line, page by page
    std::optional<std::string> note;
    bool is_orphan = false;    ///< the document does not have these words any more
    int document_version = 0;  ///< that all of this is true of
    Time created_at;
    Time updated_at;
};
BOOST_DESCRIBE_STRUCT(Highlight, (),
                      (id, document_id, user, room_id, visibility, color, quote, prefix, suffix,
                       original_quote, page, page_end, boxes, note, is_orphan, document_version,
                       created_at, updated_at))

/// Where a client saw it; `page` is that of the selection if there is none.
struct SelectedBox {
    std::optional<Int<1, 20'000>> page;
    double x0 = 0;
    double y0 = 0;
    double x1 = 0;
    double y1 = 0;
};
BOOST_DESCRIBE_STRUCT(SelectedBox, (), (page, x0, y0, x1, y1))

using Quote = Text<1, 4'000>;
using QuoteContext = Text<0, 500>;
using Note = Text<0, 4'000>;

struct NewHighlight {
    Quote quote;
    std::optional<QuoteContext> prefix;
    std::optional<QuoteContext> suffix;
    std::optional<Int<1, 20'000>> page;
    std::optional<json::List<SelectedBox, 200>> boxes;
    std::optional<Note> note;
    std::optional<Visibility> visibility;  ///< `room` if there is a room_id, else `private`
    std::optional<RoomId> room_id;
    std::optional<HighlightColor> color;
};
BOOST_DESCRIBE_STRUCT(NewHighlight, (),
                      (quote, prefix, suffix, page, boxes, note, visibility, room_id, color))

/// Only what is sent changes; an empty note removes it. A quote is looked for anew, near `page` or
/// else where the old one stood.
struct HighlightChange {
    std::optional<Quote> quote;
    std::optional<QuoteContext> prefix;
    std::optional<QuoteContext> suffix;
    std::optional<Int<1, 20'000>> page;
    std::optional<json::List<SelectedBox, 200>> boxes;
    std::optional<Note> note;
    std::optional<Visibility> visibility;
    std::optional<RoomId> room_id;
    std::optional<HighlightColor> color;
};
BOOST_DESCRIBE_STRUCT(HighlightChange, (),
                      (quote, prefix, suffix, page, boxes, note, visibility, room_id, color))

struct HighlightFilter {
    std::optional<int> page;
    std::optional<Visibility> visibility;
    std::optional<RoomId> room;
    bool orphans = false;  ///< those whose words are gone, in place of those that stand
    bool mine = false;
    std::int64_t limit = 50;
    std::optional<std::string> cursor;
};

struct CreatedHighlight {
    Highlight highlight;
    std::optional<std::int64_t> seq;  ///< of the room's event
};

struct HighlightRow;
struct LocatedSelection;

class Highlights {
  public:
    Highlights(postgres::Database& database, rooms::Rooms& rooms, Documents& documents,
               accounts::SubjectKeys& keys);

    /// By whoever may read the document. The errors of `access_document`, with a room those of
    /// `access_room` and `document_not_in_room` (409); `quote_not_found` and `validation_failed`
    /// (422), `document_not_ready`, `document_replaced` and `too_many_highlights` (409).
    Result<CreatedHighlight> create(const UserId& user, const DocumentId& document,
                                    const NewHighlight& wanted);
    /// What the asker may see, in reading order; of what is shown to a room only while the document
    /// is shared with it and they are in it.
    Result<http::Listing<Highlight>> list(const UserId& user, const DocumentId& document,
                                          const HighlightFilter& filter);
    /// `highlight_not_found` (404) if the asker may not see it, `not_the_author` (403) if it is not
    /// theirs; else as `create`.
    Result<Highlight> change(const UserId& user, const DocumentId& document, const HighlightId& id,
                             const HighlightChange& change);
    /// By its author; of what others may see also by the document's admins and, in a room, by its
    /// moderators. Words and note go from the room's log too. `highlight_not_found`,
    /// `not_the_author`.
    Result<void> remove(const UserId& user, const DocumentId& document, const HighlightId& id);

  private:
    Result<HighlightRow> access_highlight(const UserId& user, const DocumentId& document,
                                          const HighlightId& id);
    Result<void> check_room(const UserId& user, const DocumentId& document, const RoomId& room);
    Result<void> check_change(const UserId& user, const HighlightRow& before,
                              const HighlightChange& change);
    Result<std::optional<LocatedSelection>> locate_change(const HighlightRow& before,
                                                          const HighlightChange& change);
    Result<void> check_removal(const UserId& user, const Granted& granted,
                               const HighlightRow& highlight);
    void publish(const std::vector<rooms::Event>& events);

    postgres::Database& database_;
    rooms::Rooms& rooms_;
    Documents& documents_;
    accounts::SubjectKeys& keys_;
};

}  // namespace stoa::documents
