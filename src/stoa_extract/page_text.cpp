// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/page_text.hpp"

#include "base/text_encoding.hpp"
#include "extraction/wire.hpp"
#include "stoa_extract/columns.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include <mupdf/ucdn.h>

namespace stoa::extract {
namespace {

constexpr int soft_hyphen = 0xAD;
constexpr int replacement = 0xFFFD;
constexpr std::size_t fonts_kept_max = 64;

bool is_space(int c) {
    return c <= 0x20 || (c >= 0x7F && c <= 0xA0) || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_invisible(int c) {
    return c == soft_hyphen || (c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF;
}

/// Scripts written without spaces: there each character is a word, so that boxes stay narrow.
bool stands_alone(int c) {
    return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

bool is_hyphen(int c) { return c == '-' || c == soft_hyphen || c == 0x2010; }

bool is_lowercase(int c) {
    return ucdn_get_general_category(static_cast<std::uint32_t>(c)) == UCDN_GENERAL_CATEGORY_LL;
}

bool is_letter(int c) {
    const int category = ucdn_get_general_category(static_cast<std::uint32_t>(c));
    return category >= UCDN_GENERAL_CATEGORY_LL && category <= UCDN_GENERAL_CATEGORY_LU;
}

float bounded(float value) { return std::isfinite(value) ? std::clamp(value, -1e6F, 1e6F) : 0.0F; }

Rect rect_of(const fz_quad& quad) {
    const auto [x0, x1] = std::minmax(
        {bounded(quad.ul.x), bounded(quad.ur.x), bounded(quad.ll.x), bounded(quad.lr.x)});
    const auto [y0, y1] = std::minmax(
        {bounded(quad.ul.y), bounded(quad.ur.y), bounded(quad.ll.y), bounded(quad.lr.y)});
    return {x0, y0, x1, y1};
}

void widen(Rect& box, const Rect& by) {
    box = {std::min(box.x0, by.x0), std::min(box.y0, by.y0), std::max(box.x1, by.x1),
           std::max(box.y1, by.y1)};
}

bool is_right_to_left(int c) {
    if (c < 0x590) return false;
    const int direction = ucdn_get_bidi_class(static_cast<std::uint32_t>(c));
    return direction == UCDN_BIDI_CLASS_R || direction == UCDN_BIDI_CLASS_AL;
}

/// Letters and digits that are read from the left.
bool is_left_to_right(int c) {
    const int direction = ucdn_get_bidi_class(static_cast<std::uint32_t>(c));
    return direction == UCDN_BIDI_CLASS_L || direction == UCDN_BIDI_CLASS_EN ||
           direction == UCDN_BIDI_CLASS_AN;
}

using Characters = std::vector<const fz_stext_char*>;

/// Turns every run round that begins and ends with `inside` and has no `outside` in it.
void reverse_runs(Characters& characters, bool (*inside)(int), bool (*outside)(int)) {
    for (auto at = characters.begin(); at != characters.end();) {
        at = std::find_if(at, characters.end(), [&](const auto* c) { return inside(c->c); });
        if (at == characters.end()) return;
        const auto stop =
            std::find_if(at, characters.end(), [&](const auto* c) { return outside(c->c); });
        const auto last =
            std::find_if(std::make_reverse_iterator(stop), std::make_reverse_iterator(at),
                         [&](const auto* c) { return inside(c->c); });
        std::reverse(at, last.base());
        at = stop;
    }
}

/// The characters as they are read. A PDF may draw right-to-left text from the left; which it does
/// shows in where the characters stand. (Rule L2 of the Unicode Bidirectional Algorithm, undone.)
Characters reading_order(const fz_stext_line& line) {
    Characters characters;
    int rightward = 0;
    int right_to_left = 0;
    int left_to_right = 0;
    for (const fz_stext_char* c = line.first_char; c != nullptr; c = c->next) {
        if (is_right_to_left(c->c)) {
            ++right_to_left;
            const bool pair = !characters.empty() && is_right_to_left(characters.back()->c);
            if (pair) rightward += c->origin.x > characters.back()->origin.x ? 1 : -1;
        } else if (is_left_to_right(c->c)) {
            ++left_to_right;
        }
        characters.push_back(c);
    }
    if (rightward <= 0) return characters;
    if (right_to_left >= left_to_right) {
        std::reverse(characters.begin(), characters.end());
        reverse_runs(characters, is_left_to_right, is_right_to_left);
    } else {
        reverse_runs(characters, is_right_to_left, is_left_to_right);
    }
    return characters;
}

bool has_right_to_left(const fz_stext_line& line) {
    for (const fz_stext_char* c = line.first_char; c != nullptr; c = c->next) {
        if (is_right_to_left(c->c)) return true;
    }
    return false;
}

const fz_stext_char* first_visible(const fz_stext_line& line) {
    const fz_stext_char* c = line.first_char;
    while (c != nullptr && is_space(c->c)) c = c->next;
    return c;
}

/// The last two characters of a line that are not white space.
std::pair<const fz_stext_char*, const fz_stext_char*> last_visible_two(const fz_stext_line& line) {
    const fz_stext_char* before = nullptr;
    const fz_stext_char* last = nullptr;
    for (const fz_stext_char* c = line.first_char; c != nullptr; c = c->next) {
        if (!is_space(c->c)) before = std::exchange(last, c);
    }
    return {before, last};
}

bool looks_bold(const fz_font& font) {
    if (font.flags.is_bold || font.flags.fake_bold) return true;
    // Names of fonts that do not say so otherwise: cmbx10, NimbusRomNo9L-Medi, Univers-Black.
    const std::string_view name(font.name, strnlen(font.name, sizeof font.name));
    for (const char* word : {"Bold", "bold", "BOLD", "CMBX", "cmbx", "CMSSBX", "SFBX", "SFSX",
                             "ecbx", "-Medi", "Demi", "Black", "Heavy"}) {
        if (name.find(word) != std::string_view::npos) return true;
    }
    return false;
}

/// A line goes on with another piece.
void join(PrintedLine& line, const PrintedLine& piece) {
    const std::uint32_t characters = line.characters + piece.characters;
    const auto weight = static_cast<float>(piece.characters) / static_cast<float>(characters);
    line.size += (piece.size - line.size) * weight;
    line.widest_gap = std::max(line.widest_gap, piece.left - line.right);
    line.right = std::max(line.right, piece.right);
    line.end = piece.end;
    line.is_bold = line.is_bold && piece.is_bold;
    line.is_monospaced = line.is_monospaced && piece.is_monospaced;
    line.characters = characters;
}

}  // namespace

bool PageText::add(const fz_stext_page& page) {
    const fz_stext_line* before = nullptr;
    for (const ReadLine& next : lines_as_read(page)) {
        const bool goes_on = before != nullptr && !next.begins_paragraph;
        if (!goes_on)
            widen_gap(Gap::paragraph);
        else if (!drop_hyphen(*before, *next.line))
            widen_gap(gap_between(*before, *next.line));
        const std::size_t first_word = words_.size();
        const bool same_line = gap_ == Gap::space && goes_on;
        add_line(*next.line);
        if (keeps_lines_ && words_.size() > first_word)
            keep_line(*next.line, first_word, same_line);
        before = next.line;
        // A line may be the whole page, and a hostile page may be huge.
        if (text_.size() > bytes_max_ || words_.size() > extraction::wire::words_max) return false;
    }
    return true;
}

void PageText::add_line(const fz_stext_line& line) {
    const auto add = [&](const fz_stext_char& character) {
        if (is_space(character.c))
            widen_gap(Gap::space);
        else if (!is_invisible(character.c))
            add_character(character);
    };
    if (has_right_to_left(line)) {
        for (const fz_stext_char* c : reading_order(line)) add(*c);
        return;
    }
    for (const fz_stext_char* c = line.first_char; c != nullptr; c = c->next) add(*c);
}

/// How a line is set, without its place in the text.
PrintedLine PageText::set_as(const fz_stext_line& line) {
    PrintedLine set;
    const fz_font* font = nullptr;
    bool bold = false;
    std::uint32_t bold_characters = 0;
    std::uint32_t monospaced_characters = 0;
    float sizes = 0;
    for (const fz_stext_char* c = line.first_char; c != nullptr; c = c->next) {
        if (is_space(c->c)) continue;
        if (c->font != font) {
            font = c->font;
            bold = is_bold(font);
        }
        ++set.characters;
        sizes += c->size;
        if (bold) ++bold_characters;
        if (font != nullptr && font->flags.is_mono) ++monospaced_characters;
    }
    if (set.characters == 0) return set;
    set.size = bounded(sizes / static_cast<float>(set.characters));
    set.left = bounded(line.bbox.x0);
    set.right = bounded(line.bbox.x1);
    set.baseline = bounded(line.first_char->origin.y);
    set.is_bold = 10 * bold_characters >= 9 * set.characters;
    set.is_monospaced = 2 * monospaced_characters > set.characters;
    set.is_upright = line.wmode == 0 && line.dir.x > 0.99F;
    return set;
}

bool PageText::is_bold(const fz_font* font) {
    for (const auto& [known, bold] : fonts_) {
        if (known == font) return bold;
    }
    if (fonts_.size() == fonts_kept_max) fonts_.clear();
    fonts_.emplace_back(font, font != nullptr && looks_bold(*font));
    return fonts_.back().second;
}

void PageText::keep_line(const fz_stext_line& line, std::size_t first_word, bool goes_on) {
    PrintedLine kept = set_as(line);
    kept.begin = words_[first_word].begin;
    kept.end = static_cast<std::uint32_t>(text_.size());
    if (goes_on && !lines_.empty())
        join(lines_.back(), kept);
    else
        lines_.push_back(kept);
}

void PageText::add_character(const fz_stext_char& character) {
    static constexpr const char* spelled[] = {"", " ", "\n", "\n\n"};
    if (!text_.empty()) text_ += spelled[static_cast<std::size_t>(gap_)];
    gap_ = Gap::none;
    const bool alone = stands_alone(character.c);
    const Rect box = rect_of(character.quad);
    if (!word_open_ || alone) {
        words_.push_back({static_cast<std::uint32_t>(text_.size()), 0, box});
    }
    append_code_point(text_, static_cast<char32_t>(character.c));
    words_.back().end = static_cast<std::uint32_t>(text_.size());
    widen(words_.back().box, box);
    word_open_ = !alone;
    readable_ = readable_ || character.c != replacement;
}

/// Pieces of one printed line, such as a bullet and its text, come as lines of their own.
PageText::Gap PageText::gap_between(const fz_stext_line& line, const fz_stext_line& next) const {
    if (line.last_char == nullptr || next.first_char == nullptr) return Gap::line;
    const fz_point from = line.last_char->origin;
    const fz_point to = next.first_char->origin;
    const float dx = to.x - from.x;
    const float dy = to.y - from.y;
    const float along = dx * line.dir.x + dy * line.dir.y;
    const float across = std::fabs(dx * line.dir.y - dy * line.dir.x);
    const bool same_baseline = along > 0 && across < 0.2F * line.last_char->size;
    return same_baseline && line.wmode == next.wmode ? Gap::space : Gap::line;
}

bool PageText::drop_hyphen(const fz_stext_line& line, const fz_stext_line& next) {
    const auto [before, last] = last_visible_two(line);
    const fz_stext_char* following = first_visible(next);
    if (before == nullptr || following == nullptr || words_.empty()) return false;
    if (!is_hyphen(last->c) || !is_letter(before->c) || !is_lowercase(following->c)) return false;
    if (gap_between(line, next) != Gap::line) return false;
    std::string hyphen;
    if (!is_invisible(last->c)) append_code_point(hyphen, static_cast<char32_t>(last->c));
    if (!text_.ends_with(hyphen) || words_.back().end != text_.size()) return false;
    if (words_.back().end - words_.back().begin <= hyphen.size()) return false;
    text_.resize(text_.size() - hyphen.size());
    words_.back().end = static_cast<std::uint32_t>(text_.size());
    if (!lines_.empty()) lines_.back().end = words_.back().end;
    gap_ = Gap::none;
    word_open_ = false;
    return true;
}

void PageText::widen_gap(Gap gap) {
    if (gap == Gap::none) return;
    gap_ = std::max(gap_, gap);
    word_open_ = false;
}

}  // namespace stoa::extract
