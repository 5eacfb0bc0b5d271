// SPDX-License-Identifier: Apache-2.0
// Quotes in a model's answer: where they claim to come from, and whether they stand there. Nothing
// is a source unless `find_quote` finds it. Pure functions; any thread.
#pragma once

#include "llm/chat_model.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace stoa::llm {

/// Where `quote` stands in `text`, word for word and letter for letter; only runs of white space
/// count as one space, since lines break differently. Nothing for a quote without any letter.
std::optional<Range> find_quote(std::string_view text, std::string_view quote);

/// The quotes of an answer: what stands in «…», “…” or "…" and is found in a passage (the one named
/// by the [n] after it, else any), and for a bare [n] the passage's sentence that shares most with
/// what was said before it. At most 12, none twice, each with the places that rest on it.
std::vector<Quote> read_quotes(std::string_view answer, const std::vector<Passage>& passages);

/// The sentences of an answer that state something and rest on none of these quotes; without
/// questions, and without lines that only lead over to what follows (":").
std::vector<Range> find_unverified(std::string_view answer, const std::vector<Quote>& verified);

}  // namespace stoa::llm
