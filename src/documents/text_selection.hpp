// SPDX-License-Identifier: Apache-2.0
// Private to this module: what a person selected in a document, and where the document has it.
// Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "documents/highlight_anchoring.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stoa::documents {

/// As the client says it; all but the quote are hints to tell repeated words apart.
struct TextSelection {
    TextQuoteSelector selector;
    std::optional<int> page;
    std::vector<PageBox> boxes;
};

struct LocatedSelection {
    Anchor anchor;
    int document_version = 0;
};

/// Looks on `page` and its neighbours first, and opens the other pages only if the quote is not
/// there. Of several places the one among the given words is taken, then the one that `boxes` touch
/// most, then the one nearest to `page`, then the first. Who asks was checked before.
/// `quote_not_found` and `validation_failed` (422: a page that is not there, a box that is none),
/// `document_not_ready` and `document_replaced` (409).
Result<LocatedSelection> locate_selection(postgres::Database& database, accounts::SubjectKeys& keys,
                                          const DocumentId& document,
                                          const TextSelection& selection);

/// Which version of a document can be read now.
struct Readiness {
    int version = 0;
    bool is_ready = false;
    int page_count = 0;
    UserId owner;
};
BOOST_DESCRIBE_STRUCT(Readiness, (), (version, is_ready, page_count, owner))

/// Holds the version until the transaction ends. `document_replaced` (409) if it is another by now,
/// or none.
Result<void> lock_version(postgres::Session& session, const DocumentId& document, int version);

}  // namespace stoa::documents
