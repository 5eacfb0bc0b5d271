// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/heading_window.hpp"

#include "extraction/wire.hpp"
#include "stoa_extract/heading_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace stoa::extract {
namespace {

constexpr std::size_t pages_max = 64;
constexpr std::size_t bytes_max = 8u << 20;
/// A heading takes up at most so many lines and bytes.
constexpr std::size_t lines_max = 3;
constexpr std::size_t heading_bytes_max = 200;
/// Running heads that are remembered.
constexpr std::size_t furniture_max = 200;
/// What is larger than running text by this is set as a heading.
constexpr float larger = 1.14F;
constexpr float points = 4;  ///< steps of the histograms in a point

int steps_of(float value) {
    return static_cast<int>(std::lround(std::clamp(value, 0.0F, 2000.0F) * points));
}

std::string_view text_of(const Page& page, const PrintedLine& line) {
    return std::string_view(page.text).substr(line.begin, line.end - line.begin);
}

/// What is the same of a running head from page to page: its words and how high it stands.
std::string furniture_key(const Page& page, const PrintedLine& line) {
    std::string key = std::to_string(std::lround(line.baseline / 4)) + ' ';
    const std::string_view text = text_of(page, line);
    std::copy_if(text.begin(), text.end(), std::back_inserter(key), begins_letter);
    return key;
}

bool is_above(const PrintedLine& a, const PrintedLine& b) { return a.baseline < b.baseline; }

/// An entry of a table of contents, or the first line of one.
bool is_in_contents(const Page& page, const std::vector<PrintedLine>& lines, std::size_t at) {
    if (has_leaders(text_of(page, lines[at]))) return true;
    return at + 1 < lines.size() && std::fabs(lines[at + 1].size - lines[at].size) < 0.3F &&
           has_leaders(text_of(page, lines[at + 1]));
}

/// A term over what explains it, which is indented.
bool is_term(const std::vector<PrintedLine>& lines, std::size_t at) {
    const float indented = lines[at].left + 0.8F * lines[at].size;
    return at + 2 < lines.size() && lines[at + 1].left > indented && lines[at + 2].left > indented;
}

template <class Key>
Key most_frequent(const std::map<Key, std::size_t>& counts, Key otherwise) {
    std::size_t most = 0;
    for (const auto& [key, count] : counts) {
        if (count > most) {
            most = count;
            otherwise = key;
        }
    }
    return otherwise;
}

}  // namespace

void HeadingWindow::add(Page&& page, std::vector<PrintedLine>&& lines) {
    count(lines);
    waiting_bytes_ += page.text.size() + page.words.size() * sizeof(Word);
    waiting_.push_back({std::move(page), std::move(lines), 0, 0});
    if (waiting_.size() == pages_max || waiting_bytes_ > bytes_max) flush();
}

void HeadingWindow::flush() {
    note_furniture();
    running_size_ = static_cast<float>(most_frequent(characters_, steps_of(10))) / points;
    leading_ = static_cast<float>(most_frequent(leadings_, 12));
    std::vector<Candidates> found;
    for (const Waiting& each : waiting_) found.push_back(find_candidates(each));
    if (!ranked_) rank(found);
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        Page& page = waiting_[i].page;
        const auto& lines = waiting_[i].lines;
        for (const Candidate& each : found[i]) {
            if (page.headings.size() == extraction::wire::headings_max) break;
            page.headings.push_back(
                {lines[each.first].begin, lines[each.last].end, level_of(each)});
        }
        write_page(page);
    }
    waiting_.clear();
    waiting_bytes_ = 0;
}

void HeadingWindow::count(const std::vector<PrintedLine>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const PrintedLine& line = lines[i];
        if (!line.is_upright) continue;
        // A book may show more code than text; the text is the measure all the same.
        characters_[steps_of(line.size)] += line.characters / (line.is_monospaced ? 2 : 1);
        if (i == 0 || std::fabs(lines[i - 1].size - line.size) > 0.3F || line.is_bold) continue;
        const float leading = (line.baseline - lines[i - 1].baseline) / line.size;
        if (leading > 0.9F && leading < 2.5F) ++leadings_[static_cast<int>(leading * 10)];
    }
}

void HeadingWindow::note_furniture() {
    std::map<std::string, std::size_t> times;
    for (Waiting& each : waiting_) {
        if (each.lines.empty()) continue;
        const auto [top, bottom] =
            std::minmax_element(each.lines.begin(), each.lines.end(), is_above);
        each.top = top->baseline;
        each.bottom = bottom->baseline;
        ++times[furniture_key(each.page, *top)];
        if (bottom != top) ++times[furniture_key(each.page, *bottom)];
    }
    const std::size_t often = waiting_.size() < 6 ? 2 : 3;
    std::set<std::string> seen;
    for (const auto& [key, count] : times) {
        if (seen.size() == furniture_max) break;
        if (count >= often || furniture_.contains(key)) seen.insert(key);
    }
    furniture_ = std::move(seen);
}

/// Running heads; and nothing stands under a heading only where it is none.
bool HeadingWindow::is_furniture(const Waiting& waiting, std::size_t at) const {
    const auto& page = waiting.page;
    const auto& lines = waiting.lines;
    const PrintedLine& line = lines[at];
    if (lines.size() > 3 && line.baseline > waiting.bottom - 1) return true;
    if (line.baseline > waiting.top + 1) return false;
    const std::string_view text = text_of(page, line);
    const bool has_page_number =
        (is_digit(text.front()) || is_digit(text.back())) && line.widest_gap > 2 * line.size;
    return has_page_number || furniture_.contains(furniture_key(page, line));
}

/// Larger than running text, or as large and bold.
bool HeadingWindow::stands_out(const PrintedLine& line) const {
    if (!line.is_upright || line.end - line.begin > heading_bytes_max) return false;
    return line.size >= larger * running_size_ ||
           (line.is_bold && line.size >= 0.97F * running_size_);
}

bool HeadingWindow::may_be_heading(const Waiting& waiting, std::size_t at) const {
    const auto& page = waiting.page;
    const auto& lines = waiting.lines;
    const PrintedLine& line = lines[at];
    if (!stands_out(line)) return false;
    const std::string_view text = text_of(page, line);
    const std::size_t number = number_length(text);
    const std::string_view name = text.substr(number);
    const std::size_t letters = count_letters(name);
    if (letters == 0 || 3 * letters < name.size()) return false;
    if (number == 0 && line.characters < 2) return false;  // over the words of an index
    if (is_in_contents(page, lines, at)) return false;
    if (is_digit(text.back()) && line.widest_gap > 2 * line.size) return false;
    if (is_furniture(waiting, at)) return false;
    return line.size >= larger * running_size_ || stands_alone(lines, at, text);
}

/// What is bold and no larger than running text is a heading only if nothing else speaks against
/// it.
bool HeadingWindow::stands_alone(const std::vector<PrintedLine>& lines, std::size_t at,
                                 std::string_view text) const {
    const PrintedLine& line = lines[at];
    const bool is_numbered = number_length(text) > 0;
    if (!is_numbered && (line.is_monospaced || is_term(lines, at))) return false;
    if (!begins_as_title(text.front()) || line.widest_gap > 2.5F * line.size) return false;
    if (std::string_view(".,;:").find(text.back()) != std::string_view::npos) return false;
    if (at == 0) return true;
    const float distance = line.baseline - lines[at - 1].baseline;
    return distance < 0 || distance > 1.25F * leading_ / 10 * line.size;
}

HeadingWindow::Candidates HeadingWindow::find_candidates(const Waiting& waiting) const {
    Candidates found;
    const auto& lines = waiting.lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!may_be_heading(waiting, i)) continue;
        std::size_t last = i;
        const auto goes_on = [&](std::size_t next) {
            const float distance = lines[next].baseline - lines[next - 1].baseline;
            return lines[next].is_upright && lines[next].is_bold == lines[i].is_bold &&
                   std::fabs(lines[next].size - lines[i].size) < 0.3F && distance > 0 &&
                   distance < 1.6F * lines[i].size;
        };
        while (last + 1 < lines.size() && goes_on(last + 1)) ++last;
        const bool fits =
            last - i < lines_max && lines[last].end - lines[i].begin <= heading_bytes_max;
        if (fits) found.push_back({i, last, steps_of(lines[i].size)});
        i = last;
    }
    keep_title_of_cover(waiting, found);
    drop_labels(waiting, found);
    drop_repeated(waiting, found);
    return found;
}

/// Of a cover, which has no running text, the largest lines alone: the others are names and dates.
void HeadingWindow::keep_title_of_cover(const Waiting& waiting, Candidates& found) const {
    if (waiting.page.number != 1 || found.empty()) return;
    std::size_t running = 0;
    std::size_t all = 0;
    for (const PrintedLine& line : waiting.lines) {
        all += line.characters;
        if (!line.is_bold && std::fabs(line.size - running_size_) < 0.5F)
            running += line.characters;
    }
    if (running > 600 && 2 * running > all) return;
    const auto largest =
        std::max_element(found.begin(), found.end(),
                         [](const Candidate& a, const Candidate& b) { return a.size < b.size; });
    found = {*largest};
}

/// The title under a label is the heading, as wide as the wider of them.
void HeadingWindow::drop_labels(const Waiting& waiting, Candidates& found) {
    const auto& page = waiting.page;
    const auto& lines = waiting.lines;
    Candidates kept;
    for (const Candidate& each : found) {
        const bool has_label = !kept.empty() && kept.back().last + 1 == each.first &&
                               kept.back().first == kept.back().last &&
                               is_label(text_of(page, lines[kept.back().first]));
        if (!has_label) {
            kept.push_back(each);
            continue;
        }
        kept.back() = {each.first, each.last, std::max(each.size, kept.back().size)};
    }
    found = std::move(kept);
}

/// What comes again and again on one page is of a figure or a table.
void HeadingWindow::drop_repeated(const Waiting& waiting, Candidates& found) {
    const auto& page = waiting.page;
    const auto& lines = waiting.lines;
    std::map<std::string_view, std::size_t> times;
    for (const Candidate& each : found) ++times[text_of(page, lines[each.first])];
    std::erase_if(
        found, [&](const Candidate& each) { return times[text_of(page, lines[each.first])] > 2; });
}

void HeadingWindow::rank(const std::vector<Candidates>& found) {
    std::map<int, std::size_t> times;
    for (const Candidates& page : found) {
        for (const Candidate& each : page) ++times[each.size];
    }
    ranked_ = !times.empty();
    for (auto size = times.rbegin(); size != times.rend(); ++size) {
        if (size->second < 2 && times.size() > 6) continue;
        const bool is_new = ranks_.empty() || static_cast<float>(size->first) <
                                                  0.95F * static_cast<float>(ranks_.back());
        if (is_new && ranks_.size() < 6) ranks_.push_back(size->first);
    }
}

std::uint8_t HeadingWindow::level_of(const Candidate& candidate) const {
    std::uint8_t level = 1;
    for (std::size_t i = 1; i < ranks_.size(); ++i) {
        if (static_cast<float>(candidate.size) < 1.03F * static_cast<float>(ranks_[i]))
            level = static_cast<std::uint8_t>(i + 1);
    }
    return level;
}

}  // namespace stoa::extract
