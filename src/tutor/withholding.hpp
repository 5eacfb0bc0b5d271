// SPDX-License-Identifier: Apache-2.0
// A room's conversation outlives the shares of the documents that its answers are made from. What
// may not be read any more is not told again: such an answer keeps its place and loses its words,
// until its document is shared anew. Asks for each document once; one thread, one request.
#pragma once

#include "base/result.hpp"
#include "documents/documents.hpp"
#include "tutor/conversations.hpp"

#include <map>
#include <vector>

namespace stoa::tutor {

class Withholding {
  public:
    Withholding(documents::Documents& documents, const UserId& asker)
        : documents_(documents), asker_(asker) {}

    /// Whether the asker may read all of them now.
    Result<bool> may_read(const std::vector<DocumentId>& made_from);
    /// Takes the words of answers that may not be read.
    Result<void> apply(std::vector<ConversationMessage>& messages);
    /// Leaves out turns that may not be read.
    Result<void> apply(Memory& memory);

  private:
    documents::Documents& documents_;
    UserId asker_;
    std::map<DocumentId, bool> known_;
};

}  // namespace stoa::tutor
