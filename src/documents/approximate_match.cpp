// SPDX-License-Identifier: Apache-2.0
#include "documents/approximate_match.hpp"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

namespace stoa::documents {
namespace {

/// The columns of the edit matrix, one after the other, as bit vectors of vertical differences.
class BlockMatrix {
  public:
    explicit BlockMatrix(std::u32string_view pattern)
        : score_(pattern.size()),
          last_bit_(std::uint64_t{1} << ((pattern.size() - 1) % 64)),
          blocks_((pattern.size() + 63) / 64),
          none_(blocks_.size(), 0) {
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            auto& mask = masks_[pattern[i]];
            mask.resize(blocks_.size(), 0);
            mask[i / 64] |= std::uint64_t{1} << (i % 64);
        }
    }

    /// The distance of the whole pattern to what ends with `c`; `top` is the difference that enters
    /// the first row: 0 where a match may begin anywhere, 1 where it begins with the text.
    std::size_t advance(char32_t c, int top) {
        const auto found = masks_.find(c);
        const auto& mask = found == masks_.end() ? none_ : found->second;
        int carry = top;
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            const auto high = b + 1 == blocks_.size() ? last_bit_ : std::uint64_t{1} << 63;
            carry = blocks_[b].advance(mask[b], carry, high);
        }
        score_ = carry < 0 ? score_ - 1 : score_ + static_cast<std::size_t>(carry);
        return score_;
    }

  private:
    struct Block {
        std::uint64_t plus = ~std::uint64_t{0};
        std::uint64_t minus = 0;

        int advance(std::uint64_t equal, int in, std::uint64_t high) {
            const auto vertical = equal | minus;
            if (in < 0) equal |= 1;
            const auto diagonal = (((equal & plus) + plus) ^ plus) | equal;
            auto up = minus | ~(diagonal | plus);
            auto down = plus & diagonal;
            const int out = (up & high) != 0 ? 1 : (down & high) != 0 ? -1 : 0;
            up <<= 1;
            down <<= 1;
            if (in < 0) down |= 1;
            if (in > 0) up |= 1;
            plus = down | ~(vertical | up);
            minus = up & vertical;
            return out;
        }
    };

    std::size_t score_;
    std::uint64_t last_bit_;
    std::vector<Block> blocks_;
    std::vector<std::uint64_t> none_;
    std::unordered_map<char32_t, std::vector<std::uint64_t>> masks_;
};

std::size_t distance_between(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

constexpr std::size_t gram_bytes = 8;

std::uint64_t gram_at(std::string_view text, std::size_t at) {
    std::uint64_t gram = 0;
    std::memcpy(&gram, text.data() + at, gram_bytes);
    return gram;
}

std::size_t hash_of(std::uint64_t gram) {
    return static_cast<std::size_t>((gram * 0x9E3779B97F4A7C15ULL) >> 48);
}

/// For each diagonal, in steps of `width`, how many pieces the text shares with the pattern on it.
std::vector<std::uint32_t> count_votes(std::string_view text, std::string_view pattern,
                                       std::size_t width) {
    std::bitset<1 << 16> may_be_there;
    std::unordered_map<std::uint64_t, std::size_t> place_of;
    for (std::size_t i = 0; i + gram_bytes <= pattern.size(); ++i) {
        const auto gram = gram_at(pattern, i);
        may_be_there.set(hash_of(gram));
        place_of.emplace(gram, i);
    }
    std::vector<std::uint32_t> votes((text.size() + pattern.size()) / width + 2, 0);
    for (std::size_t i = 0; i + gram_bytes <= text.size(); ++i) {
        const auto gram = gram_at(text, i);
        if (!may_be_there.test(hash_of(gram))) continue;
        const auto found = place_of.find(gram);
        if (found != place_of.end()) ++votes[(i + pattern.size() - found->second) / width];
    }
    return votes;
}

}  // namespace

std::optional<ApproximateMatch> find_approximate(std::u32string_view text,
                                                 std::u32string_view pattern,
                                                 std::size_t errors_max) {
    if (pattern.empty()) return std::nullopt;
    BlockMatrix forward(pattern);
    ApproximateMatch best{{0, 0}, pattern.size()};
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto errors = forward.advance(text[i], 0);
        // Of equal ends that are edits of each other the last one: a changed word counts whole.
        const bool is_longer =
            best.range.end > 0 && errors == best.errors && i + 1 - best.range.end <= errors;
        if (errors < best.errors || is_longer) best = {{0, i + 1}, errors};
    }
    if (best.range.end == 0 || best.errors > errors_max) return std::nullopt;
    // Backwards from where it ends, the same distance tells where it begins.
    const std::u32string reversed(pattern.rbegin(), pattern.rend());
    BlockMatrix backward(reversed);
    std::size_t length = 0;
    const auto length_max = std::min(best.range.end, pattern.size() + best.errors);
    for (std::size_t k = 1; k <= length_max; ++k) {
        if (backward.advance(text[best.range.end - k], 1) != best.errors) continue;
        if (length == 0 ||
            distance_between(k, pattern.size()) < distance_between(length, pattern.size())) {
            length = k;
        }
    }
    best.range.begin = best.range.end - length;
    return best;
}

double similarity_of(std::u32string_view a, std::u32string_view b) {
    const auto longer = std::max(a.size(), b.size());
    if (longer == 0) return 1;
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t k = 0; k < b.size(); ++k) {
            const auto change = diagonal + (a[i] == b[k] ? 0U : 1U);
            diagonal = row[k + 1];
            row[k + 1] = std::min({change, row[k] + 1, row[k + 1] + 1});
        }
    }
    return 1 - static_cast<double>(row[b.size()]) / static_cast<double>(longer);
}

LikelyPlaces find_likely_places(std::string_view text, std::string_view pattern,
                                std::size_t count_max) {
    LikelyPlaces places;
    if (pattern.size() < gram_bytes) return places;
    const auto width = std::max<std::size_t>(64, pattern.size() / 4);
    places.slack = 2 * width;
    auto votes = count_votes(text, pattern, width);
    // What lies across two steps counts for the first of them.
    for (std::size_t i = 0; i + 1 < votes.size(); ++i) votes[i] += votes[i + 1];
    std::vector<std::size_t> steps(votes.size());
    std::iota(steps.begin(), steps.end(), std::size_t{0});
    const auto count = std::min(steps.size(), 3 * count_max);
    std::partial_sort(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(count),
                      steps.end(), [&](std::size_t a, std::size_t b) {
                          return std::pair(votes[b], a) < std::pair(votes[a], b);
                      });
    std::vector<std::size_t> taken;
    for (std::size_t i = 0; i < count && taken.size() < count_max; ++i) {
        const auto step = steps[i];
        if (votes[step] == 0) break;
        const bool is_near = std::ranges::any_of(
            taken, [&](std::size_t other) { return distance_between(step, other) <= 1; });
        if (is_near) continue;
        taken.push_back(step);
        places.begins.push_back(static_cast<std::ptrdiff_t>(step * width) -
                                static_cast<std::ptrdiff_t>(pattern.size()));
    }
    return places;
}

}  // namespace stoa::documents
