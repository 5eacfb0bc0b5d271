// SPDX-License-Identifier: Apache-2.0
// Retrieval as it would be if chunks were not sealed, over their clear copy: the peer of this
// bench. One thread.
#pragma once

#include "documents/retrieval.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace stoa::bench {

/// The statement of a file of clear/; its text lives as long as the program.
postgres::Query query_of(const std::filesystem::path& folder, const std::string& name);

class ClearRetrieval {
  public:
    ClearRetrieval(postgres::Database& database, embedding::Encoder& encoder,
                   const std::filesystem::path& folder);
    Result<std::vector<documents::Passage>> search(const documents::Scope& scope,
                                                   std::string_view question, std::size_t limit);

  private:
    postgres::Database& database_;
    embedding::Encoder& encoder_;
    const postgres::Query count_scope_;
    const postgres::Query search_exact_;
    const postgres::Query search_text_;
    const postgres::Query list_passages_;
};

}  // namespace stoa::bench
