// SPDX-License-Identifier: Apache-2.0
// Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): one ranking out of several
// whose scores cannot be compared. Pure functions; any thread.
#pragma once

#include "base/id.hpp"

#include <span>
#include <vector>

namespace stoa::documents {

struct Fused {
    ChunkId chunk;
    double score = 0;  ///< 1 for what stands first in every ranking
};

/// Best first; what is equally good keeps the order in which it was seen. A chunk counts once a
/// ranking.
std::vector<Fused> fuse(std::span<const std::vector<ChunkId>> rankings);

}  // namespace stoa::documents
