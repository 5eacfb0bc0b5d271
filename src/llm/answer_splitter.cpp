// SPDX-License-Identifier: Apache-2.0
#include "llm/answer_splitter.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace stoa::llm {

namespace {

constexpr std::string_view decoration = " \n\r\t*#_";
constexpr std::size_t follow_ups_max = 3;
constexpr std::size_t follow_up_bytes_max = 300;
constexpr std::size_t behind_bytes_max = 32'768;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

std::string_view strip(std::string_view text, std::string_view marks) {
    const auto begin = text.find_first_not_of(marks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(marks) - begin + 1);
}

}  // namespace

bool AnswerSplitter::is_marker_possible() const {
    const bool is_new_line = at_start_ || held_.find('\n') != std::string::npos;
    const auto begin = held_.find_first_not_of(is_new_line ? decoration : " \n\r\t");
    if (begin == std::string::npos) return true;
    if (!is_new_line) return false;
    const auto line = lower(held_.substr(begin));
    return list_marker.starts_with(line) || block_marker.starts_with(line);
}

std::string AnswerSplitter::feed(std::string_view bytes) {
    std::string shown;
    for (const char c : bytes) {
        if (is_behind_) {
            if (behind_.size() < behind_bytes_max) behind_.push_back(c);
            continue;
        }
        if (held_.empty() && !at_start_ && !is_space(c)) {
            shown.push_back(c);
            continue;
        }
        held_.push_back(c);
        if (is_marker_possible()) {
            const auto line = lower(held_);
            is_block_ = line.ends_with(block_marker);
            is_behind_ = is_block_ || line.ends_with(list_marker);
            continue;
        }
        // White space before the answer is no part of it.
        const auto begin = at_start_ ? held_.find_first_not_of(" \n\r\t") : 0;
        shown.append(held_, begin);
        held_.clear();
        at_start_ = false;
    }
    return shown;
}

std::string AnswerSplitter::finish() {
    if (is_behind_) return {};
    const auto end = held_.find_last_not_of(" \n\r\t");
    held_.resize(end == std::string::npos ? 0 : end + 1);
    if (at_start_) held_.erase(0, held_.find_first_not_of(" \n\r\t"));
    return std::exchange(held_, {});
}

std::vector<std::string> AnswerSplitter::follow_ups() const {
    std::vector<std::string> questions;
    if (is_block_) return questions;
    for (std::size_t begin = 0; begin < behind_.size() && questions.size() < follow_ups_max;) {
        if (std::string_view(behind_).substr(begin).starts_with("```")) break;
        const auto end = std::min(behind_.find('\n', begin), behind_.size());
        const auto line =
            strip(std::string_view(behind_).substr(begin, end - begin), " \r\t*-_#0123456789.)");
        if (line.size() > 3) questions.emplace_back(cut_utf8(line, follow_up_bytes_max));
        begin = end + 1;
    }
    return questions;
}

std::string_view AnswerSplitter::block() const {
    std::string_view text = behind_;
    if (!is_block_) {
        const auto begin = text.find(block_marker);
        if (begin == std::string_view::npos) return {};
        text.remove_prefix(begin + block_marker.size());
    }
    return text.substr(0, text.find("```"));
}

}  // namespace stoa::llm
