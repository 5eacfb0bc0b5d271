// SPDX-License-Identifier: Apache-2.0
#include "extraction/chunking.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>

namespace stoa::extraction {
namespace {

/// A stretch of the page, with its length in code points.
struct Span {
    std::size_t begin, end;
    std::size_t length;
};

/// Largest unit first; the empty separator splits between any two characters.
constexpr std::array<std::string_view, 5> separators = {"\n\n", "\n", ". ", " ", ""};

std::size_t character_bytes(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if (byte < 0x80) return 1;
    if (byte < 0xE0) return 2;
    return byte < 0xF0 ? 3 : 4;
}

/// White space as Python's str.strip() has it, which the reference uses.
bool is_space(std::string_view character) {
    if (character.size() == 1) {
        const char c = character[0];
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
    }
    static constexpr std::string_view wide[] = {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001",
                                                "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                                                "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
                                                "\u2029", "\u202f", "\u205f", "\u3000"};
    return std::find(std::begin(wide), std::end(wide), character) != std::end(wide);
}

class Splitter {
  public:
    Splitter(std::string_view text, const ChunkOptions& options)
        : text_(text),
          size_(std::max<std::size_t>(options.size, 1)),
          overlap_(std::min(options.overlap, size_ - 1)) {}

    std::vector<Span> split() {
        split({0, text_.size(), count_code_points(text_)}, 0);
        return std::move(chunks_);
    }

  private:
    [[nodiscard]] std::string_view view(const Span& span) const {
        return text_.substr(span.begin, span.end - span.begin);
    }

    /// Cuts at the largest separator that occurs, and what is still too long at smaller ones.
    void split(const Span& whole, std::size_t level) {
        while (view(whole).find(separators.at(level)) == std::string_view::npos) ++level;
        std::vector<Span> fitting;
        for (const Span& piece : pieces(whole, separators.at(level))) {
            if (piece.length < size_) {
                fitting.push_back(piece);
                continue;
            }
            merge(fitting);
            fitting.clear();
            if (level + 1 == separators.size())
                add(piece);
            else
                split(piece, level + 1);
        }
        merge(fitting);
    }

    /// The separator stays at the end of the piece before it.
    [[nodiscard]] std::vector<Span> pieces(const Span& whole, std::string_view separator) const {
        std::vector<Span> pieces;
        std::size_t begin = whole.begin;
        while (begin < whole.end) {
            std::size_t end = whole.end;
            if (separator.empty()) {
                end = begin + character_bytes(text_[begin]);
            } else {
                const std::size_t found = view(whole).find(separator, begin - whole.begin);
                if (found != std::string_view::npos) end = whole.begin + found + separator.size();
            }
            end = std::min(end, whole.end);
            pieces.push_back({begin, end, count_code_points(text_.substr(begin, end - begin))});
            begin = end;
        }
        return pieces;
    }

    /// Joins neighbours into chunks as long as may be, each beginning with the last pieces of the
    /// one before as far as `overlap` allows.
    void merge(const std::vector<Span>& pieces) {
        std::deque<Span> current;
        std::size_t length = 0;
        for (const Span& piece : pieces) {
            if (length + piece.length > size_ && !current.empty()) {
                add({current.front().begin, current.back().end, length});
                while (length > overlap_ || (length + piece.length > size_ && length > 0)) {
                    length -= current.front().length;
                    current.pop_front();
                }
            }
            current.push_back(piece);
            length += piece.length;
        }
        if (!current.empty()) add({current.front().begin, current.back().end, length});
    }

    /// Keeps a chunk without the white space at its ends.
    void add(Span span) {
        while (span.begin < span.end) {
            const std::size_t bytes = character_bytes(text_[span.begin]);
            if (!is_space(text_.substr(span.begin, bytes))) break;
            span.begin += bytes;
        }
        while (span.begin < span.end) {
            std::size_t last = span.end - 1;
            while ((static_cast<unsigned char>(text_[last]) & 0xC0U) == 0x80U) --last;
            if (!is_space(text_.substr(last, span.end - last))) break;
            span.end = last;
        }
        if (span.begin < span.end) chunks_.push_back(span);
    }

    std::string_view text_;
    std::size_t size_;
    std::size_t overlap_;
    std::vector<Span> chunks_;
};

}  // namespace

std::vector<Chunk> split_page(const Page& page, const ChunkOptions& options, int first_ordinal) {
    std::vector<Chunk> chunks;
    if (page.text.empty()) return chunks;
    for (const Span& span : Splitter(page.text, options).split()) {
        chunks.push_back({first_ordinal + static_cast<int>(chunks.size()), page.number,
                          static_cast<std::uint32_t>(span.begin),
                          static_cast<std::uint32_t>(span.end)});
    }
    return chunks;
}

}  // namespace stoa::extraction
