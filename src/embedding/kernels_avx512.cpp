// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "embedding/kernels.hpp"
#include "embedding/kernels_sets.hpp"

#include <type_traits>
#include <utility>

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif

namespace {
constexpr int lanes = 16;
constexpr std::size_t tile_rows = 12;
}  // namespace

// These loops have internal linkage: each set compiles its own.
#include "embedding/kernels_body.hpp"
#include "embedding/kernels_dense_float.hpp"

namespace stoa::embedding {
const Kernels kernels_avx512 = {"AVX-512", Packing::bfloat16, dense, attend, add_and_norm, pool};
}  // namespace stoa::embedding

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
