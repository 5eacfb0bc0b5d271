// SPDX-License-Identifier: Apache-2.0
#include "extraction/page.hpp"

#include "extraction/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace stoa::extraction {
namespace {

/// Whether `next` stands to the right of `line` on the same printed line.
bool continues(const Box& line, const Box& next) {
    const float shared = std::min(line.y1, next.y1) - std::max(line.y0, next.y0);
    const float lower_height = std::min(line.y1 - line.y0, next.y1 - next.y0);
    return shared > 0.5F * lower_height && next.x0 >= line.x0;
}

void append_coordinate(std::string& out, float value) {
    std::array<char, 32> digits{};
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), round_coordinate(value));
    if (error == std::errc()) out.append(digits.data(), end);
}

/// Reads what words_to_json writes, and no other JSON: it is ours, and a page may have many words.
class Reader {
  public:
    explicit Reader(std::string_view json) : at_(json.data()), end_(json.data() + json.size()) {}

    bool take(char expected) {
        skip_space();
        if (at_ == end_ || *at_ != expected) return false;
        ++at_;
        return true;
    }
    template <class T>
    bool take_number(T& value) {
        skip_space();
        const auto [after, error] = std::from_chars(at_, end_, value);
        if (error != std::errc()) return false;
        at_ = after;
        return true;
    }
    bool take_word(Word& word) {
        bool ok = take('[') && take_number(word.begin) && take(',') && take_number(word.end);
        for (float* side : {&word.box.x0, &word.box.y0, &word.box.x1, &word.box.y1}) {
            ok = ok && take(',') && take_number(*side) && std::isfinite(*side);
        }
        return ok && take(']') && word.begin < word.end;
    }
    [[nodiscard]] bool at_end() const { return at_ == end_; }

  private:
    /// PostgreSQL gives jsonb back with a space behind each comma.
    void skip_space() {
        if (at_ != end_ && *at_ == ' ') ++at_;
    }
    const char* at_;
    const char* end_;
};

}  // namespace

double round_coordinate(float value) { return std::round(static_cast<double>(value) * 100) / 100; }

std::vector<Box> boxes_of(const std::vector<Word>& words, std::size_t begin, std::size_t end) {
    std::vector<Box> boxes;
    auto word = std::partition_point(words.begin(), words.end(),
                                     [&](const Word& each) { return each.end <= begin; });
    for (; word != words.end() && word->begin < end; ++word) {
        const Box& box = word->box;
        if (boxes.empty() || !continues(boxes.back(), box)) {
            boxes.push_back(box);
            continue;
        }
        Box& line = boxes.back();
        line = {line.x0, std::min(line.y0, box.y0), std::max(line.x1, box.x1),
                std::max(line.y1, box.y1)};
    }
    return boxes;
}

std::vector<Box> boxes_of(const Page& page, std::size_t begin, std::size_t end) {
    return boxes_of(page.words, begin, end);
}

std::string words_to_json(const std::vector<Word>& words) {
    std::string out = "[";
    out.reserve(words.size() * 40 + 2);
    for (const Word& word : words) {
        out += out.size() == 1 ? "[" : ",[";
        out += std::to_string(word.begin) + ',' + std::to_string(word.end);
        for (const float side : {word.box.x0, word.box.y0, word.box.x1, word.box.y1}) {
            out += ',';
            append_coordinate(out, side);
        }
        out += ']';
    }
    out += ']';
    return out;
}

Result<std::vector<Word>> words_from_json(std::string_view json) {
    const auto malformed = [] {
        return fail(ErrorKind::internal, "malformed_words",
                    "The stored boxes of a page are damaged.");
    };
    std::vector<Word> words;
    Reader reader(json);
    if (!reader.take('[')) return malformed();
    if (reader.take(']')) return reader.at_end() ? Result<std::vector<Word>>(words) : malformed();
    do {
        Word word{};
        if (words.size() == wire::words_max || !reader.take_word(word)) return malformed();
        if (!words.empty() && word.begin < words.back().end) return malformed();
        words.push_back(word);
    } while (reader.take(','));
    if (!reader.take(']') || !reader.at_end()) return malformed();
    return words;
}

}  // namespace stoa::extraction
