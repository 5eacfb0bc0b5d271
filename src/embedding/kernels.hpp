// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the encoder: a handful of loops, compiled once for each instruction set from
// one source (kernels_body.hpp) and chosen at run time, so that one program runs well on every
// x86-64. Weights have 16 bits, half the bytes of a float to fetch: integers where the processor
// multiplies those (VNNI), else bfloat16, of which one panel at a time is widened to float. Pure
// functions on the caller's memory; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stoa::embedding {

/// The shape of all-MiniLM-L6-v2.
namespace shape {
constexpr std::size_t width = 384;
constexpr std::size_t heads = 12;
constexpr std::size_t head_width = width / heads;
constexpr std::size_t inner_width = 4 * width;
constexpr std::size_t qkv_width = 3 * width;
constexpr std::size_t layers = 6;
constexpr std::size_t vocabulary_size = 30522;
constexpr std::size_t positions_max = 512;
constexpr std::size_t tokens_max = 256;  // where the reference cuts a text
}  // namespace shape

/// The columns of a result are made in panels of this many.
constexpr std::size_t panel_columns = 32;

/// What 16 bits of a weight mean: a bfloat16, or a whole number of its column's steps.
enum class Packing { bfloat16, int16 };

/// With Packing::int16, inputs are at most this many of their row's steps, and the weights are so
/// small that the products of this many inputs add up within 32 bits.
constexpr std::int32_t int16_inputs_max = 1 << 14;
constexpr std::size_t int16_depth_max = shape::width;

/// A dense layer. Its weights lie in panels: [columns / 32][depth / 2][32], each item being the
/// weights of depth 2p (low half) and 2p + 1 (high half) for one column.
struct Dense {
    const std::uint32_t* panels;
    const float* steps;  ///< [columns]; nullptr with Packing::bfloat16
    const float* bias;
    std::size_t depth;
};

struct Norm {
    const float* scale;
    const float* shift;
};

enum class Activation { none, gelu };

/// out[row][column] = activation(in[row] · weight[column] + bias[column]) for `rows` rows of
/// `layer.depth` floats and `columns` columns, a multiple of panel_columns.
struct Product {
    const Dense& layer;
    const float* in;
    std::size_t rows;
    std::size_t columns;
    float* out;
    Activation activation;
};

/// The next part of what threads do together. Inlined always: these loops are compiled for several
/// instruction sets, and a function of one must not stand in for another's.
[[gnu::always_inline]] inline std::size_t take(std::size_t& next) {
    return __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
}

/// Floats of scratch that a kernel needs for `rows` rows.
constexpr std::size_t scratch_floats(std::size_t rows) {
    return shape::inner_width * panel_columns + rows * shape::inner_width / 2;
}

struct Kernels {
    std::string_view name;
    Packing packing;  ///< of the layers that `dense` takes
    /// Makes panels of the product, by `take(next_panel)`, until none is left; how many it made.
    /// Threads that share `next_panel` make the product together.
    std::size_t (*dense)(const Product& product, std::size_t& next_panel, float* scratch);
    /// Softmax(Q·Kᵀ/√32)·V of one head of one text: `qkv` and `out` point at its first token.
    void (*attend)(const float* qkv, std::size_t tokens, std::size_t head, float* out,
                   float* scratch);
    /// x = norm(x + added), row by row.
    void (*add_and_norm)(float* x, const float* added, const Norm& norm, std::size_t rows);
    /// The mean of the rows, at length 1.
    void (*pool)(const float* x, std::size_t rows, float* out);
};

/// The fastest kernels that this processor runs.
const Kernels& choose_kernels();
/// All that this processor runs, fastest first; `index` past the last gives nullptr.
const Kernels* find_kernels(std::size_t index);

}  // namespace stoa::embedding
