// SPDX-License-Identifier: AGPL-3.0-or-later
// From MuPDF's lines and characters to running text with the box of each word: lines end with
// "\n", paragraphs with "\n\n", a word hyphenated at a line's end is joined and keeps a box on
// either line, and runs of white space are one space. Never calls back into MuPDF. One thread.
#pragma once

#include "stoa_extract/frame_writer.hpp"
#include "stoa_extract/printed_line.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <mupdf/fitz.h>

namespace stoa::extract {

class PageText {
  public:
    /// `keeps_lines`: how each line is set is wanted too.
    PageText(std::size_t bytes_max, bool keeps_lines)
        : bytes_max_(bytes_max), keeps_lines_(keeps_lines) {}

    /// Adds all text of a page. False if there is more than `bytes_max`, or too many words.
    [[nodiscard]] bool add(const fz_stext_page& page);
    /// True once there was a character that can be read.
    [[nodiscard]] bool readable() const { return readable_; }
    [[nodiscard]] std::string take_text() { return std::move(text_); }
    [[nodiscard]] std::vector<Word> take_words() { return std::move(words_); }
    /// In the order of the text.
    [[nodiscard]] std::vector<PrintedLine> take_lines() { return std::move(lines_); }

  private:
    enum class Gap { none, space, line, paragraph };

    void add_line(const fz_stext_line& line);
    void add_character(const fz_stext_char& character);
    [[nodiscard]] Gap gap_between(const fz_stext_line& line, const fz_stext_line& next) const;
    [[nodiscard]] bool drop_hyphen(const fz_stext_line& line, const fz_stext_line& next);
    void widen_gap(Gap gap);
    PrintedLine set_as(const fz_stext_line& line);
    bool is_bold(const fz_font* font);
    void keep_line(const fz_stext_line& line, std::size_t first_word, bool goes_on);

    std::size_t bytes_max_;
    bool keeps_lines_;
    std::string text_;
    std::vector<Word> words_;
    std::vector<PrintedLine> lines_;
    std::vector<std::pair<const fz_font*, bool>> fonts_;  ///< of this page, and which are bold
    Gap gap_ = Gap::none;     ///< what is to stand before the next character
    bool word_open_ = false;  ///< the next character belongs to the last word
    bool readable_ = false;
};

}  // namespace stoa::extract
