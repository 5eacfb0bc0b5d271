// SPDX-License-Identifier: Apache-2.0
// What rooms are told about documents: `document_shared` once, `document_status` while one is read.
// The durable ones are appended in the transaction of what they tell. Free functions; any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "documents/documents.hpp"
#include "postgres/database.hpp"
#include "rooms/events.hpp"

#include <vector>

namespace stoa::documents {

/// `{"document":{…},"user_id":…,"permission_type":…}`.
Result<rooms::Event> append_shared(postgres::Session& session, const RoomId& room,
                                   const Document& document, const UserId& by,
                                   Permission permission);

/// `{"document_id":…,"title":…,"status":…,"progress":…,"page_count":…,"error_code":…,"error":…,
/// "version":…}`.
std::string status_json(const Document& document);

/// The document's status as it stands in this transaction, to every room it is shared with.
Result<std::vector<rooms::Event>> append_status(postgres::Session& session,
                                                const DocumentId& document);

/// Its progress as a passing event, which may be lost.
void publish_progress(postgres::Database& database, rooms::RoomEvents& events,
                      const DocumentId& document);

}  // namespace stoa::documents
