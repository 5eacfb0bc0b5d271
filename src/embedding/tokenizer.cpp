// SPDX-License-Identifier: Apache-2.0
#include "embedding/tokenizer.hpp"

#include "embedding/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <utf8proc.h>

namespace stoa::embedding {
namespace {

using CodePoint = utf8proc_int32_t;

constexpr std::size_t word_code_points_max = 100;  // longer words are [UNK], as in the reference
constexpr std::array<std::pair<std::string_view, std::int32_t>, 5> special_tokens = {
    {{"[PAD]", 0}, {"[UNK]", 100}, {"[CLS]", 101}, {"[SEP]", 102}, {"[MASK]", 103}}};

bool is_ascii(CodePoint c) { return c < 0x80; }

// Unicode's White_Space, less the control characters, which are dropped before it is asked.
bool is_space(CodePoint c) {
    const auto category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

bool is_dropped(CodePoint c) {
    if (c == 0xFFFD) return true;
    const auto category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
           category == UTF8PROC_CATEGORY_CO;
}

// The blocks that BERT calls Chinese: each such character is a word.
bool is_cjk(CodePoint c) {
    constexpr std::array<std::pair<CodePoint, CodePoint>, 8> blocks = {{{0x3400, 0x4DBF},
                                                                        {0x4E00, 0x9FFF},
                                                                        {0xF900, 0xFAFF},
                                                                        {0x20000, 0x2A6DF},
                                                                        {0x2A700, 0x2B73F},
                                                                        {0x2B740, 0x2B81F},
                                                                        {0x2B920, 0x2CEAF},
                                                                        {0x2F800, 0x2FA1F}}};
    return std::any_of(blocks.begin(), blocks.end(),
                       [c](const auto& block) { return c >= block.first && c <= block.second; });
}

bool is_ascii_punctuation(CodePoint c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

bool is_punctuation(CodePoint c) {
    const auto category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/// Takes code points one by one, gives pieces' ids for each word that ends.
class WordSplitter {
  public:
    WordSplitter(const Vocabulary& vocabulary, std::vector<std::int32_t>& ids)
        : vocabulary_(vocabulary), ids_(ids) {}

    void take(CodePoint c) {
        if (is_ascii(c)) return take_ascii(c);
        if (is_dropped(c)) return;
        if (is_space(c)) return end_word();
        const bool apart = is_cjk(c);
        if (apart) end_word();
        take_decomposed(c);
        if (apart) end_word();
    }

    void end_word() {
        if (word_.empty()) return;
        if (code_points_ > word_code_points_max) {
            ids_.push_back(Vocabulary::unknown);
        } else {
            vocabulary_.append_pieces(word_, ids_);
        }
        word_.clear();
        code_points_ = 0;
    }

  private:
    void take_ascii(CodePoint c) {
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return end_word();
        if (c < ' ' || c == 0x7F) return;
        if (is_ascii_punctuation(c)) return take_alone(c);
        append(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }

    void take_decomposed(CodePoint c) {
        std::array<CodePoint, 8> parts{};  // no canonical decomposition is longer than 4
        int boundary = 0;
        const auto count =
            utf8proc_decompose_char(c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                                    UTF8PROC_DECOMPOSE, &boundary);
        for (std::size_t i = 0; i < static_cast<std::size_t>(std::max<long>(count, 0)); ++i) {
            if (utf8proc_category(parts[i]) == UTF8PROC_CATEGORY_MN) continue;
            const CodePoint lower = utf8proc_tolower(parts[i]);
            if (is_ascii(lower) ? is_ascii_punctuation(lower) : is_punctuation(lower)) {
                take_alone(lower);
            } else {
                append(lower);
            }
        }
    }

    void take_alone(CodePoint c) {
        end_word();
        append(c);
        end_word();
    }

    void append(CodePoint c) {
        // A word past the limit is [UNK] whatever follows: count on, but keep no more of it.
        if (++code_points_ > word_code_points_max) return;
        if (is_ascii(c)) {
            word_ += static_cast<char>(c);
            return;
        }
        std::array<utf8proc_uint8_t, 4> bytes{};
        const auto count = utf8proc_encode_char(c, bytes.data());
        word_.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
    }

    const Vocabulary& vocabulary_;
    std::vector<std::int32_t>& ids_;
    std::string word_;
    std::size_t code_points_ = 0;
};

/// The special token that `text` begins with, which the reference takes as such wherever it stands.
const std::pair<std::string_view, std::int32_t>* find_special(std::string_view text) {
    const auto found =
        std::find_if(special_tokens.begin(), special_tokens.end(),
                     [text](const auto& special) { return text.starts_with(special.first); });
    return found == special_tokens.end() ? nullptr : found;
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Vocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)) {}

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& vocabulary_or_tokenizer_json) {
    auto vocabulary = Vocabulary::open(vocabulary_or_tokenizer_json);
    if (!vocabulary) return fail(vocabulary);
    return Tokenizer(std::make_shared<const Vocabulary>(std::move(*vocabulary)));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, std::size_t tokens_max) const {
    const std::size_t before_separator = std::max<std::size_t>(tokens_max, 2) - 1;
    std::vector<std::int32_t> ids = {Vocabulary::classify};
    WordSplitter words(*vocabulary_, ids);
    while (!text.empty() && ids.size() < before_separator) {
        const auto* special = text.front() == '[' ? find_special(text) : nullptr;
        if (special != nullptr) {
            words.end_word();
            ids.push_back(special->second);
            text.remove_prefix(special->first.size());
            continue;
        }
        CodePoint c = static_cast<unsigned char>(text.front());
        utf8proc_ssize_t bytes = 1;
        if (!is_ascii(c)) {
            bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &c);
            if (bytes <= 0) {
                bytes = 1;
                c = 0xFFFD;
            }
        }
        words.take(c);
        text.remove_prefix(static_cast<std::size_t>(bytes));
    }
    words.end_word();
    if (ids.size() > before_separator) ids.resize(before_separator);
    ids.push_back(Vocabulary::separate);
    return ids;
}

}  // namespace stoa::embedding
