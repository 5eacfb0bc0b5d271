// SPDX-License-Identifier: Apache-2.0
// A room's conversation outlives the shares of the documents that its answers are made from. What
// may not be read any more is not told again: such an answer keeps its place and loses its words,
// until its document is shared anew. One round trip each; any thread.
#pragma once

#include "base/result.hpp"
#include "documents/documents.hpp"
#include "tutor/conversations.hpp"

#include <vector>

namespace stoa::tutor {

/// Takes the words of answers that the asker may not read now.
Result<void> withhold(documents::Documents& documents, const UserId& asker,
                      std::vector<ConversationMessage>& messages);
/// Leaves out turns that the asker may not read now.
Result<void> withhold(documents::Documents& documents, const UserId& asker, Memory& memory);

}  // namespace stoa::tutor
