// SPDX-License-Identifier: Apache-2.0
#include "documents/events.hpp"

#include "documents/sql.hpp"

#include <optional>
#include <string>

namespace stoa::documents {

namespace {

struct SharedEvent {
    Document document;
    UserId user_id;
    Permission permission_type = Permission::read;
};
BOOST_DESCRIBE_STRUCT(SharedEvent, (), (document, user_id, permission_type))

struct StatusEvent {
    DocumentId document_id;
    std::string title;
    Status status = Status::queued;
    double progress = 0;
    std::optional<int> page_count;
    std::optional<std::string> error_code;
    std::optional<std::string> error;
    int version = 1;
};
BOOST_DESCRIBE_STRUCT(StatusEvent, (),
                      (document_id, title, status, progress, page_count, error_code, error,
                       version))

}  // namespace

Result<rooms::Event> append_shared(postgres::Session& session, const RoomId& room,
                                   const Document& document, const UserId& by,
                                   Permission permission) {
    return rooms::append_event(session, room, "document_shared",
                               json::to_text(SharedEvent{document, by, permission}));
}

std::string status_json(const Document& document) {
    return json::to_text(StatusEvent{document.id, document.title, document.status,
                                     document.progress, document.page_count, document.error_code,
                                     document.error, document.version});
}

Result<std::vector<rooms::Event>> append_status(postgres::Session& session,
                                                const DocumentId& document) {
    std::vector<rooms::Event> events;
    auto rooms = session.list<RoomId>(sql::list_rooms_of, document);
    if (!rooms) return fail(rooms);
    if (rooms->empty()) return events;
    auto now = session.find<Document>(sql::get_document, document);
    if (!now) return fail(now);
    if (!*now) return events;
    for (const auto& room : *rooms) {
        auto event = rooms::append_event(session, room, "document_status", status_json(**now));
        if (!event) return fail(event);
        events.push_back(std::move(*event));
    }
    return events;
}

void publish_progress(postgres::Database& database, rooms::RoomEvents& events,
                      const DocumentId& document) {
    const auto rooms = database.list<RoomId>(sql::list_rooms_of, document);
    if (!rooms || rooms->empty()) return;  // the next one tells more anyway
    const auto now = database.find<Document>(sql::get_document, document);
    if (!now || !*now) return;
    for (const auto& room : *rooms) {
        events.publish_passing(room, "document_status", status_json(**now));
    }
}

}  // namespace stoa::documents
