// SPDX-License-Identifier: Apache-2.0
#include "documents/fusion.hpp"

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <unordered_set>

namespace stoa::documents {

std::vector<Fused> fuse(std::span<const std::vector<ChunkId>> rankings) {
    constexpr double k = 60;  // as in the paper: one ranking's first place does not decide alone
    std::vector<Fused> fused;
    std::unordered_map<ChunkId, std::size_t> places;
    for (const auto& ranking : rankings) {
        std::unordered_set<ChunkId> seen;
        double rank = 1;
        for (const auto& chunk : ranking) {
            if (!seen.insert(chunk).second) continue;
            const auto [place, is_new] = places.try_emplace(chunk, fused.size());
            if (is_new) fused.push_back({chunk, 0});
            fused[place->second].score += 1 / (k + rank);
            rank += 1;
        }
    }
    const double best = static_cast<double>(rankings.size()) / (k + 1);
    for (auto& item : fused) item.score /= best;
    std::stable_sort(fused.begin(), fused.end(),
                     [](const Fused& a, const Fused& b) { return a.score > b.score; });
    return fused;
}

}  // namespace stoa::documents
