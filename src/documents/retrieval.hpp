// SPDX-License-Identifier: Apache-2.0
// Hybrid retrieval: nearest chunks by embedding and best chunks by full text, fused by reciprocal
// rank, always within what the asker may read at this moment. Only what is returned is opened.
// Reads document_chunks. Any thread.
#pragma once

#include "accounts/subject_keys.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "embedding/encoder.hpp"
#include "postgres/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

struct Passage {
    ChunkId chunk;
    DocumentId document;
    int version = 1;  ///< of the document, whose text this was when it was found
    std::string title;
    int page = 0;
    std::string label;             ///< of the page, as printed; empty where it has none
    std::string heading;           ///< "Chapter › Section"; empty where it stands under none
    std::uint32_t text_begin = 0;  ///< of the chunk within the page's text
    std::string text;
    double score = 0;
};

/// Where to look: one document, or all that are shared into a room. The access check is part of the
/// statement, so a share that has expired by now does not answer.
struct Scope {
    UserId asker;
    std::optional<DocumentId> document;
    std::optional<RoomId> room;
};

class Retrieval {
  public:
    Retrieval(postgres::Database& database, embedding::Encoder& encoder,
              accounts::SubjectKeys& keys);
    /// The best `limit` passages, best first; empty if nothing in scope is ready.
    Result<std::vector<Passage>> search(const Scope& scope, std::string_view question,
                                        std::size_t limit);

  private:
    postgres::Database& database_;
    embedding::Encoder& encoder_;
    accounts::SubjectKeys& keys_;
};

}  // namespace stoa::documents
