// SPDX-License-Identifier: Apache-2.0
// Dense layers in bfloat16 with float sums (VDPBF16PS). Included after kernels_body.hpp.

namespace stoa::embedding {
namespace {

static_assert(lanes == 16 && tile_columns == panel_columns);

/// Layers of this depth take their input as two bfloat16, what rounds and what is left: the states
/// have outliers, and where a text repeats one token their rounding errors add up through softmax.
/// The outer layer sums over four times as many inputs and does well with one.
constexpr Index exact_depth = shape::width;

/// The nearest bfloat16 of two vectors, as 32 halves.
inline __m512i round_both(__m512 first, __m512 second) {
    return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}
inline __m512 widen(__m256i halves) {
    return (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
}

/// Splits into `high`, and into `low` too if it is not null; `count` is a multiple of 32.
inline void narrow(const float* from, Index count, std::uint16_t* high, std::uint16_t* low) {
    for (Index i = 0; i < count; i += 2 * lanes) {
        const __m512 first = _mm512_loadu_ps(from + i);
        const __m512 second = _mm512_loadu_ps(from + i + lanes);
        const __m512i rounded = round_both(first, second);
        _mm512_storeu_si512(high + i, rounded);
        if (low == nullptr) continue;
        const __m512i rest = round_both(first - widen(_mm512_castsi512_si256(rounded)),
                                        second - widen(_mm512_extracti64x4_epi64(rounded, 1)));
        _mm512_storeu_si512(low + i, rest);
    }
}

typedef int LoosePair __attribute__((aligned(2), may_alias));

template <Index Rows, bool Exact>
void dense_tile(const std::uint16_t* high, const std::uint16_t* low, Index depth,
                const std::uint32_t* panel, const float* bias, float* out, Index out_stride,
                Activation activation) {
    Vec sums[Rows][2] = {};
    const Index row_pairs = depth / 2;
    const auto* highs = reinterpret_cast<const LoosePair*>(high);
    const auto* lows = reinterpret_cast<const LoosePair*>(low);
    for (Index p = 0; p < row_pairs; ++p) {
        const __m512bh left = (__m512bh)_mm512_loadu_si512(panel + p * panel_columns);
        const __m512bh right = (__m512bh)_mm512_loadu_si512(panel + p * panel_columns + lanes);
#pragma GCC unroll 16
        for (Index r = 0; r < Rows; ++r) {
            const __m512bh factor = (__m512bh)_mm512_set1_epi32(highs[r * row_pairs + p]);
            sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, left);
            sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, right);
        }
        if constexpr (Exact) {
#pragma GCC unroll 16
            for (Index r = 0; r < Rows; ++r) {
                const __m512bh factor = (__m512bh)_mm512_set1_epi32(lows[r * row_pairs + p]);
                sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, left);
                sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, right);
            }
        }
    }
    finish_tile<Rows>(sums, bias, out, out_stride, activation);
}

template <bool Exact>
void dense_panels(const Dense& layer, const std::uint16_t* high, const std::uint16_t* low,
                  Index rows, Index columns, float* out, Activation activation) {
    for (Index column = 0; column < columns; column += panel_columns) {
        const std::uint32_t* panel = layer.panels + column * layer.depth / 2;
        for_each_tile(rows, [&](Index row, auto count) {
            const Index skipped = row * layer.depth;
            dense_tile<count, Exact>(high + skipped, Exact ? low + skipped : nullptr, layer.depth,
                                     panel, layer.bias + column, out + row * columns + column,
                                     columns, activation);
        });
    }
}

void dense(const Dense& layer, const float* in, Index rows, Index columns, float* out,
           Activation activation, float* scratch) {
    auto* high = reinterpret_cast<std::uint16_t*>(scratch);
    const Index count = rows * layer.depth;
    if (layer.depth == exact_depth) {
        narrow(in, count, high, high + count);
        dense_panels<true>(layer, high, high + count, rows, columns, out, activation);
    } else {
        narrow(in, count, high, nullptr);
        dense_panels<false>(layer, high, nullptr, rows, columns, out, activation);
    }
}

}  // namespace
}  // namespace stoa::embedding
