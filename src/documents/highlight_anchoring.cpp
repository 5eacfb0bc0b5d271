// SPDX-License-Identifier: Apache-2.0
#include "documents/highlight_anchoring.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace stoa::documents {
namespace {

constexpr std::size_t exact_max = 1'000;
constexpr std::size_t similar_max = 6;
/// Fewer than these say too little to be known again by themselves.
constexpr std::size_t telling_code_points = 32;
/// From here on a quote that stands only once is taken for a phrase rather than a common word.
constexpr std::size_t phrase_code_points = 12;

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// How many letters of a side can be compared: what lies beyond the document's end says nothing,
/// but a few letters alone say little.
std::size_t compared_letters(std::size_t wanted, std::size_t there) {
    constexpr std::size_t least = 8;
    return std::max(std::min(wanted, there), std::min(wanted, least));
}

/// How like what stands around `range` of `text` is to what stood around the quote.
double context_of(std::string_view text, const TextRange& range, const FoldedSelector& selector) {
    double sum = 0;
    int sides = 0;
    const std::u32string_view prefix = selector.prefix_letters;
    if (!prefix.empty()) {
        const auto before =
            to_code_points(last_code_points(trim(text.substr(0, range.begin)), prefix.size()));
        const auto count = compared_letters(prefix.size(), before.size());
        sum += similarity_of(before, prefix.substr(prefix.size() - count));
        ++sides;
    }
    const std::u32string_view suffix = selector.suffix_letters;
    if (!suffix.empty()) {
        const auto behind =
            to_code_points(first_code_points(trim(text.substr(range.end)), suffix.size()));
        const auto count = compared_letters(suffix.size(), behind.size());
        sum += similarity_of(behind, suffix.substr(0, count));
        ++sides;
    }
    return sides == 0 ? 0 : sum / sides;
}

Candidate candidate_at(const FoldedPages& pages, const TextRange& range,
                       const FoldedSelector& selector) {
    Candidate candidate;
    candidate.page = pages.page_of(range.begin);
    candidate.page_end = pages.page_of(range.end - 1);
    candidate.begin = range.begin - pages.begin_of(candidate.page);
    candidate.size = range.end - range.begin;
    candidate.context = context_of(pages.text(), range, selector);
    return candidate;
}

/// Whole words at both ends, and the marks around them that the quote has: an edit distance cuts
/// where it likes.
TextRange widen_to_words(std::u32string_view text, TextRange range, std::u32string_view quote) {
    constexpr std::size_t steps_max = 24;
    const auto joined = [&](std::size_t at) {
        return at > 0 && at < text.size() && is_word_character(text[at - 1]) &&
               is_word_character(text[at]);
    };
    for (std::size_t i = 0; i < steps_max && joined(range.begin); ++i) --range.begin;
    for (std::size_t i = 0; i < steps_max && joined(range.end); ++i) ++range.end;
    while (range.begin < range.end && text[range.begin] == U' ') ++range.begin;
    while (range.end > range.begin && text[range.end - 1] == U' ') --range.end;
    if (range.begin == range.end) return range;
    const bool lacks_first = text[range.begin] != quote.front() && range.begin > 0 &&
                             text[range.begin - 1] == quote.front();
    const bool lacks_last = text[range.end - 1] != quote.back() && range.end < text.size() &&
                            text[range.end] == quote.back();
    if (lacks_first) --range.begin;
    if (lacks_last) ++range.end;
    return range;
}

/// The nearest to the quote within the bytes `window` of the pages.
std::optional<Candidate> nearest_in(const FoldedPages& pages, const TextRange& window,
                                    const FoldedSelector& selector) {
    const auto part = pages.text().substr(window.begin, window.end - window.begin);
    const auto letters = to_code_points(part);
    const auto match =
        find_approximate(letters, selector.quote_letters, selector.quote_letters.size() / 2);
    if (!match) return std::nullopt;
    const auto whole = widen_to_words(letters, match->range, selector.quote_letters);
    if (whole.begin == whole.end) return std::nullopt;
    const TextRange range{window.begin + bytes_of_code_points(part, whole.begin),
                          window.begin + bytes_of_code_points(part, whole.end)};
    auto candidate = candidate_at(pages, range, selector);
    candidate.similarity =
        1 - static_cast<double>(match->errors) / static_cast<double>(selector.quote_letters.size());
    return candidate;
}

/// A window between code points, around where the context of the quote may begin.
TextRange window_at(std::string_view text, std::ptrdiff_t begin, std::size_t slack,
                    std::size_t size) {
    const auto limit = static_cast<std::ptrdiff_t>(text.size());
    const auto reach = static_cast<std::ptrdiff_t>(slack);
    auto from = std::clamp<std::ptrdiff_t>(begin - reach, 0, limit);
    auto to =
        std::clamp<std::ptrdiff_t>(begin + static_cast<std::ptrdiff_t>(size) + reach, 0, limit);
    const auto is_inside = [&](std::ptrdiff_t at) {
        return at > 0 && at < limit &&
               (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) == 0x80;
    };
    while (is_inside(from)) --from;
    while (is_inside(to)) ++to;
    return {static_cast<std::size_t>(from), static_cast<std::size_t>(to)};
}

bool is_convincing(const Candidate& candidate, const FoldedSelector& selector) {
    const bool is_telling = selector.quote_letters.size() >= telling_code_points;
    if (candidate.similarity >= 0.75) return is_telling || candidate.context >= 0.5;
    return candidate.similarity >= 0.5 && candidate.context >= 0.75;
}

}  // namespace

FoldedSelector::FoldedSelector(const TextQuoteSelector& selector)
    : quote(fold(selector.quote, Folding::typography)),
      around(fold(selector.prefix + ' ' + selector.quote + ' ' + selector.suffix,
                  Folding::typography)),
      quote_letters(to_code_points(quote)) {
    const auto prefix = fold(selector.prefix, Folding::typography);
    const auto suffix = fold(selector.suffix, Folding::typography);
    prefix_letters = to_code_points(trim(last_code_points(prefix, context_code_points)));
    suffix_letters = to_code_points(trim(first_code_points(suffix, context_code_points)));
}

void FoldedPages::add(std::string_view page_text) {
    if (count_ > 0) folder_.add("\n");
    folder_.mark();
    folder_.add(page_text);
    ++count_;
}

std::size_t FoldedPages::begin_of(int page) const {
    if (page > last_page()) return folder_.text().size();
    return folder_.marks().at(static_cast<std::size_t>(page - first_));
}

int FoldedPages::page_of(std::size_t place) const {
    const auto& begins = folder_.marks();
    const auto behind = std::upper_bound(begins.begin(), begins.end(), place);
    return first_ + std::max(0, static_cast<int>(behind - begins.begin()) - 1);
}

void find_exact(const FoldedPages& pages, const PageRange& own, const FoldedSelector& selector,
                std::vector<Candidate>& found) {
    if (selector.quote.empty()) return;
    const auto text = pages.text();
    const auto end = pages.begin_of(own.last + 1);
    std::size_t count = 0;
    for (auto at = find_folded(text, selector.quote, pages.begin_of(own.first));
         at < end && count < exact_max; at = find_folded(text, selector.quote, at + 1)) {
        found.push_back(candidate_at(pages, {at, at + selector.quote.size()}, selector));
        ++count;
    }
}

void find_similar(const FoldedPages& pages, const PageRange& own, const FoldedSelector& selector,
                  std::vector<Candidate>& found) {
    if (selector.quote.empty()) return;
    const auto text = pages.text();
    const auto places = find_likely_places(text, selector.around, similar_max);
    for (const auto begin : places.begins) {
        const auto window = window_at(text, begin, places.slack,
                                      selector.around.size() + selector.quote.size() / 2);
        const auto candidate = nearest_in(pages, window, selector);
        if (!candidate || candidate->page < own.first || candidate->page > own.last) continue;
        found.push_back(*candidate);
    }
}

bool is_better(const Candidate& a, const Candidate& b, std::optional<int> page) {
    const auto score = [](const Candidate& c) {
        return std::lround(100 * (0.6 * c.similarity + 0.4 * c.context));
    };
    const auto distance = [&](const Candidate& c) {
        if (!page) return 0;
        return *page < c.page ? c.page - *page : std::max(0, *page - c.page_end);
    };
    return std::tuple(-score(a), distance(a), a.page, a.begin) <
           std::tuple(-score(b), distance(b), b.page, b.begin);
}

void PlaceChoice::consider_exact(const std::vector<Candidate>& found,
                                 const FoldedSelector& selector, std::optional<int> page) {
    exact_places_ += found.size();
    const bool is_phrase = selector.quote_letters.size() >= phrase_code_points;
    if (is_phrase && !found.empty()) phrase_ = found.front();
    consider_similar(found, selector, page);
}

void PlaceChoice::consider_similar(const std::vector<Candidate>& found,
                                   const FoldedSelector& selector, std::optional<int> page) {
    for (const auto& candidate : found) {
        if (!is_convincing(candidate, selector)) continue;
        if (!best_ || is_better(candidate, *best_, page)) best_ = candidate;
    }
}

std::optional<Anchor> anchor_at(const Candidate& candidate,
                                const std::vector<extraction::Page>& pages) {
    std::string before;
    std::string text;
    std::string behind;
    std::vector<std::size_t> begins;  // of each of the candidate's pages
    for (const auto& page : pages) {
        auto& part = page.number < candidate.page       ? before
                     : page.number > candidate.page_end ? behind
                                                        : text;
        if (&part == &text) {
            if (!begins.empty()) text += '\n';
            begins.push_back(text.size());
        }
        part += page.text;
    }
    // What follows decides on a hyphen at the end; behind the candidate it does no harm.
    const std::string ended = text + "\n.";
    const FoldedText folded(ended, Folding::typography);
    const auto end = candidate.begin + candidate.size;
    if (candidate.size == 0 || end > folded.text().size()) return std::nullopt;
    const auto range = folded.source_of({candidate.begin, end});
    if (range.end > text.size()) return std::nullopt;

    Anchor anchor{candidate.page, candidate.page_end, range.begin, {}, {}};
    const std::string_view whole = text;
    anchor.selector.quote =
        fold(whole.substr(range.begin, range.end - range.begin), Folding::white_space);
    const auto prefix = fold(before + '\n' + text.substr(0, range.begin), Folding::white_space);
    const auto suffix = fold(text.substr(range.end) + '\n' + behind, Folding::white_space);
    anchor.selector.prefix = trim(last_code_points(prefix, context_code_points));
    anchor.selector.suffix = trim(first_code_points(suffix, context_code_points));
    std::size_t next = 0;
    for (const auto& page : pages) {
        if (page.number < candidate.page || page.number > candidate.page_end) continue;
        const auto offset = begins[next++];
        const auto from = std::max(range.begin, offset) - offset;
        const auto to = std::min(range.end, offset + page.text.size());
        if (to <= offset + from) continue;
        for (const auto& box : extraction::boxes_of(page.words, from, to - offset)) {
            anchor.boxes.push_back({page.number, extraction::round_coordinate(box.x0),
                                    extraction::round_coordinate(box.y0),
                                    extraction::round_coordinate(box.x1),
                                    extraction::round_coordinate(box.y1)});
        }
    }
    return anchor;
}

}  // namespace stoa::documents
