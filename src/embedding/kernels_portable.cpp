// SPDX-License-Identifier: Apache-2.0
#include "embedding/kernels.hpp"
#include "embedding/kernels_sets.hpp"

#include <type_traits>
#include <utility>

namespace {
constexpr int lanes = 4;
constexpr std::size_t tile_rows = 4;
}  // namespace

// These loops have internal linkage: each set compiles its own.
#include "embedding/kernels_body.hpp"
#include "embedding/kernels_dense_float.hpp"

namespace stoa::embedding {
const Kernels kernels_portable = {"portable", Packing::bfloat16, dense, attend, add_and_norm, pool};
}  // namespace stoa::embedding
