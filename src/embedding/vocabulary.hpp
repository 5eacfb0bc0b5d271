// SPDX-License-Identifier: Apache-2.0
// The WordPiece vocabulary: 30 522 tokens in one string with a flat hash table over it, about 1 MB.
// Tokens that go on within a word ("##ing") are kept apart from those that begin one. Immutable.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::embedding {

class Vocabulary {
  public:
    static constexpr std::int32_t absent = -1;
    /// The ids of BERT's special tokens, fixed by the model.
    static constexpr std::int32_t unknown = 100, classify = 101, separate = 102;
    static constexpr std::size_t file_bytes_max = 16U << 20;
    static constexpr std::size_t tokens_max = 1U << 20;

    /// See Tokenizer::open.
    static Result<Vocabulary> open(const std::filesystem::path& file);
    /// One token a line, the line's number being its id. `model_corrupt` if it is no BERT
    /// vocabulary.
    static Result<Vocabulary> parse_lines(std::string_view text);
    /// The `model.vocab` object of a Hugging Face tokenizer.json. `model_corrupt` likewise.
    static Result<Vocabulary> parse_json(std::string_view text);

    [[nodiscard]] std::size_t size() const { return ends_.size(); }
    [[nodiscard]] std::string_view token(std::size_t id) const;

    /// Appends the greedy longest-match pieces of one word, or `unknown` if it has none.
    void append_pieces(std::string_view word, std::vector<std::int32_t>& ids) const;

  private:
    explicit Vocabulary(const std::vector<std::string_view>& tokens);
    static Result<Vocabulary> make(const std::vector<std::string_view>& tokens);
    [[nodiscard]] std::int32_t find(std::string_view piece, bool continues,
                                    std::uint32_t hash) const;

    std::string text_;
    std::vector<std::uint32_t> ends_;  // of each token in text_
    std::vector<std::int32_t> slots_;  // ids by hash, open addressing; absent where free
    std::size_t piece_bytes_max_ = 0;
};

}  // namespace stoa::embedding
