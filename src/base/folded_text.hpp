// SPDX-License-Identifier: Apache-2.0
// Texts as they read: what two copies of the same words may differ in is folded away, and each byte
// that is left knows where it stood. So a quote is found whatever breaks its lines. Values and pure
// functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stoa {

enum class Folding {
    /// Each run of ASCII white space is one space, and there is none at the ends.
    white_space,
    /// That, and Unicode's compatibility decomposition (ligatures, presentation forms, full-width
    /// letters, accents apart) without what is invisible; hyphens between letters go, with the
    /// white space behind them, and so does white space beside Chinese and Japanese letters;
    /// quotation marks and dashes are the plain ones.
    typography
};

/// The bytes [begin, end) of a text.
struct TextRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const TextRange&) const = default;
};

/// Folds a text that comes in pieces; a piece ends between code points.
class TextFolder {
  public:
    enum class Origins { forgotten, kept };

    TextFolder(Folding folding, Origins origins) : folding_(folding), origins_(origins) {}
    void add(std::string_view piece);
    /// Where what comes next will stand, once something of it can be seen: see `marks`.
    void mark() { ++marks_open_; }
    /// Call once, behind the last piece.
    void finish();

    [[nodiscard]] const std::string& text() const { return text_; }
    /// Of each byte of `text`: where in the source its code point begins.
    [[nodiscard]] const std::vector<std::uint32_t>& origins() const { return origin_; }
    /// Of each `mark`, in order: the place in `text` of the first that could be seen behind it.
    [[nodiscard]] const std::vector<std::size_t>& marks() const { return marks_; }

  private:
    void add_ascii(char c, std::size_t at);
    std::size_t add_foreign(std::string_view piece, std::size_t i);
    void add_decomposed(char32_t code_point, std::size_t at, bool is_cjk);
    void add_hyphen(std::size_t at, bool is_soft);
    void add_visible(std::string_view bytes, std::size_t at, bool is_letter, bool is_cjk);
    void add_combining(std::string_view bytes, std::size_t at, int combining_class);
    void append(std::string_view bytes, std::size_t at);

    Folding folding_;
    Origins origins_;
    std::string text_;
    std::vector<std::uint32_t> origin_;
    std::vector<std::size_t> marks_;
    std::size_t marks_open_ = 0;
    std::size_t source_bytes_ = 0;  ///< of the pieces before this one
    std::size_t settled_ = 0;       ///< accents are not put in order across this place
    bool space_pending_ = false;
    std::size_t space_at_ = 0;
    bool hyphen_pending_ = false;
    bool hyphen_is_soft_ = false;  ///< seen at a line's end only
    std::size_t hyphen_at_ = 0;
    bool after_letter_ = false;
    bool after_cjk_ = false;
};

/// A whole text, folded.
class FoldedText {
  public:
    /// `source` must outlive it.
    FoldedText(std::string_view source, Folding folding);
    [[nodiscard]] const std::string& text() const { return folder_.text(); }
    /// The bytes of the source that the bytes [begin, end) of `text` come from; not empty.
    [[nodiscard]] TextRange source_of(const TextRange& folded) const;

  private:
    std::string_view source_;
    TextFolder folder_;
};

std::string fold(std::string_view text, Folding folding);

/// Where `wanted` stands in `text`, both folded, at or behind `from`; npos if nowhere. What would
/// part a letter from its accents is no place.
std::size_t find_folded(std::string_view text, std::string_view wanted, std::size_t from = 0);

/// A letter, digit or accent of a script that puts spaces between words.
bool is_word_character(char32_t code_point);

std::u32string to_code_points(std::string_view utf8);
/// The bytes of the first `count` code points of well-formed UTF-8.
std::size_t bytes_of_code_points(std::string_view utf8, std::size_t count);
/// The first, or the last, `count` code points.
std::string_view first_code_points(std::string_view utf8, std::size_t count);
std::string_view last_code_points(std::string_view utf8, std::size_t count);

}  // namespace stoa
