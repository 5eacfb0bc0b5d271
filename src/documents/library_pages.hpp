// SPDX-License-Identifier: Apache-2.0
// Private to this module: pages of lists of documents, newest first. Pure.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "http/routes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace stoa::documents {

/// A cursor is the id of the last document that was shown. `validation_failed`.
inline Result<std::optional<DocumentId>> read_cursor(const std::optional<std::string>& cursor) {
    if (!cursor) return std::optional<DocumentId>();
    if (auto id = DocumentId::parse(*cursor)) return id;
    return tl::unexpected<Error>(
        Error{ErrorKind::invalid,
              "validation_failed",
              "The query has wrong values.",
              {{{"query", "cursor"}, "Input should be a next_cursor of this list", "cursor"}},
              {}});
}

/// One row more than asked for was read, to know whether there is a next page.
template <class T>
http::Listing<T> page_of(std::vector<T> rows, std::int64_t limit) {
    http::Listing<T> listing;
    const auto wanted = static_cast<std::size_t>(limit);
    if (rows.size() > wanted) {
        rows.resize(wanted);
        listing.next_cursor = rows.back().id.str();
    }
    listing.items = std::move(rows);
    return listing;
}

}  // namespace stoa::documents
