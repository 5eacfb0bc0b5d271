// SPDX-License-Identifier: Apache-2.0
// Dense layers in 16-bit integers with 32-bit sums (VPDPWSSD), for Packing::int16: twice the speed
// of float, and finer than bfloat16. Included after kernels_body.hpp.

namespace stoa::embedding {
namespace {

static_assert(lanes == 16 && tile_columns == panel_columns);

/// A row as 16-bit integers, the largest being `int16_inputs_max`; the size of one of them.
inline float narrow_row(const float* from, Index depth, std::int16_t* to) {
    Vec most{};
    for (Index i = 0; i < depth; i += lanes) {
        const Vec value = load(from + i);
        most = larger(most, larger(value, -value));
    }
    const float peak = largest(most);
    const float factor = peak > 0 ? static_cast<float>(int16_inputs_max) / peak : 0.0F;
    for (Index i = 0; i < depth; i += lanes) {
        const __m512i whole = _mm512_cvtps_epi32((__m512)(load(from + i) * factor));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm512_cvtepi32_epi16(whole));
    }
    return peak / static_cast<float>(int16_inputs_max);
}

typedef int LoosePair __attribute__((aligned(2), may_alias));

/// Adds `depth` inputs' part of a tile's sums. The packing keeps these within 32 bits. `ahead` is
/// the weights needed next, fetched along the way: the rows of a short text are few, and waiting
/// for memory would be a fifth of the time.
template <Index Rows>
inline __attribute__((always_inline)) void add_products(const LoosePair* pairs, Index row_pairs,
                                                        const std::uint32_t* panel,
                                                        const std::uint32_t* ahead, Index depth,
                                                        Vec (&sums)[Rows][2]) {
    IntVec parts[Rows][2] = {};  // not __m512i: that may alias, and would live in memory
    for (Index p = 0; p < depth / 2; ++p) {
        __builtin_prefetch(ahead + p * panel_columns);
        __builtin_prefetch(ahead + p * panel_columns + lanes);
        const __m512i left = _mm512_loadu_si512(panel + p * panel_columns);
        const __m512i right = _mm512_loadu_si512(panel + p * panel_columns + lanes);
#pragma GCC unroll 16
        for (Index r = 0; r < Rows; ++r) {
            const __m512i factor = _mm512_set1_epi32(pairs[r * row_pairs + p]);
            parts[r][0] = (IntVec)_mm512_dpwssd_epi32((__m512i)parts[r][0], factor, left);
            parts[r][1] = (IntVec)_mm512_dpwssd_epi32((__m512i)parts[r][1], factor, right);
        }
    }
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
        sums[r][0] += __builtin_convertvector(parts[r][0], Vec);
        sums[r][1] += __builtin_convertvector(parts[r][1], Vec);
    }
}

template <Index Rows>
void dense_tile(const std::int16_t* rows, const float* row_steps, Index depth,
                const std::uint32_t* panel, const float* steps, const float* bias, float* out,
                Index out_stride, Activation activation) {
    Vec sums[Rows][2] = {};
    const auto* pairs = reinterpret_cast<const LoosePair*>(rows);
    for (Index done = 0; done < depth; done += int16_depth_max) {
        const std::uint32_t* part = panel + done / 2 * panel_columns;
        add_products<Rows>(pairs + done / 2, depth / 2, part, part + depth / 2 * panel_columns,
                           int16_depth_max, sums);
    }
    const Vec left = load(steps);
    const Vec right = load(steps + lanes);
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
        sums[r][0] *= left * row_steps[r];
        sums[r][1] *= right * row_steps[r];
    }
    finish_tile<Rows>(sums, bias, out, out_stride, activation);
}

/// The product's inputs as integers, in `scratch`: the rows' steps, then the rows.
inline std::int16_t* narrow_rows(const Product& product, float* scratch) {
    const Index depth = product.layer.depth;
    auto* narrow = reinterpret_cast<std::int16_t*>(scratch + product.rows);
    for (Index row = 0; row < product.rows; ++row) {
        scratch[row] = narrow_row(product.in + row * depth, depth, narrow + row * depth);
    }
    return narrow;
}

Index dense(const Product& product, Index& next_panel, float* scratch) {
    const auto& [layer, in, rows, columns, out, activation] = product;
    const std::int16_t* narrow = nullptr;
    Index made = 0;
    for (Index column; (column = take(next_panel) * panel_columns) < columns; ++made) {
        // Each thread for itself: to wait for another's would take as long.
        if (narrow == nullptr) narrow = narrow_rows(product, scratch);
        const std::uint32_t* panel = layer.panels + column * layer.depth / 2;
        for_each_tile(rows, [&](Index row, auto count) {
            dense_tile<count>(narrow + row * layer.depth, scratch + row, layer.depth, panel,
                              layer.steps + column, layer.bias + column,
                              out + row * columns + column, columns, activation);
        });
    }
    return made;
}

}  // namespace
}  // namespace stoa::embedding
