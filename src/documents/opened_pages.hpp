// SPDX-License-Identifier: Apache-2.0
// Private to this module: the pages of one document, opened with its owner's key, a few at a time,
// so that memory is flat for any document. Whoever may read it was checked before. Reads
// document_pages. One thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "documents/highlight_anchoring.hpp"
#include "extraction/page.hpp"
#include "postgres/database.hpp"

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace stoa::documents {

class OpenedPages {
  public:
    OpenedPages(postgres::Database& database, accounts::SubjectKey owner_key,
                const DocumentId& document)
        : database_(database), key_(std::move(owner_key)), document_(document) {}

    /// Those of first…last that are there, with the boxes of their words.
    Result<std::vector<extraction::Page>> list(const PageRange& wanted);

    /// Calls `visit` with overlapping runs of the pages, in order; each page is `own` of one run,
    /// and in it has all of `overlap_bytes` (folded) behind it, and something before it. Ends with
    /// the first error of `visit`.
    using Visit = std::function<Result<void>(const FoldedPages& pages, const PageRange& own)>;
    Result<void> visit_runs(const PageRange& wanted, std::size_t overlap_bytes, const Visit& visit);

  private:
    struct PageText {
        int page = 0;
        std::string text;
    };
    Result<void> read_texts(const PageRange& wanted, std::vector<PageText>& texts);

    postgres::Database& database_;
    const accounts::SubjectKey key_;
    const DocumentId document_;
};

}  // namespace stoa::documents
