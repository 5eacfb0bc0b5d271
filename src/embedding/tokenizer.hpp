// SPDX-License-Identifier: Apache-2.0
// Text to token ids as the uncased BERT WordPiece tokenizer of all-MiniLM-L6-v2 makes them (Hugging
// Face's BertNormalizer, BertPreTokenizer and WordPiece). Tried on every code point: 568 are split
// otherwise, none of them in the vocabulary; Unicode has added or reclassified them since the
// tables of the reference. The vocabulary is read once; after that a Tokenizer is immutable: any
// thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace stoa::embedding {

class Vocabulary;

class Tokenizer {
  public:
    explicit Tokenizer(std::shared_ptr<const Vocabulary> vocabulary);
    /// Reads `tokenizer.json` (any name ending in .json) or a `vocab.txt` with one token a line.
    /// `model_missing` if it cannot be read, `model_corrupt` if it is not such a vocabulary.
    static Result<Tokenizer> open(const std::filesystem::path& vocabulary_or_tokenizer_json);

    /// [CLS] … [SEP], at most `tokens_max` ids with both (at least 2); longer text loses its end.
    /// Bytes that are not UTF-8 are read as U+FFFD, which the tokenizer drops. Time is linear in
    /// the text up to where the ids are full.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text,
                                                   std::size_t tokens_max = 256) const;

    [[nodiscard]] const Vocabulary& vocabulary() const { return *vocabulary_; }

  private:
    std::shared_ptr<const Vocabulary> vocabulary_;
};

}  // namespace stoa::embedding
