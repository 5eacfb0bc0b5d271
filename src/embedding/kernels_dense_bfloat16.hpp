// SPDX-License-Identifier: Apache-2.0
// Dense layers in bfloat16 with float sums (VDPBF16PS). Included after kernels_body.hpp.

namespace stoa::embedding {
namespace {

static_assert(lanes == 16 && tile_columns == panel_columns);

/// Rounds to bfloat16, nearest even; `count` is a multiple of 32.
inline void narrow(const float* from, Index count, std::uint16_t* to) {
    for (Index i = 0; i < count; i += 2 * lanes) {
        const __m512bh both =
            _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + i + lanes), _mm512_loadu_ps(from + i));
        _mm512_storeu_si512(to + i, (__m512i)both);
    }
}

template <Index Rows>
void dense_tile(const std::uint16_t* in, Index depth, const std::uint32_t* panel, const float* bias,
                float* out, Index out_stride, Activation activation) {
    Vec sums[Rows][2] = {};
    const Index row_pairs = depth / 2;
    typedef int LoosePair __attribute__((aligned(2), may_alias));
    const LoosePair* pairs = reinterpret_cast<const LoosePair*>(in);
    for (Index p = 0; p < row_pairs; ++p) {
        const __m512bh left = (__m512bh)_mm512_loadu_si512(panel + p * panel_columns);
        const __m512bh right = (__m512bh)_mm512_loadu_si512(panel + p * panel_columns + lanes);
#pragma GCC unroll 16
        for (Index r = 0; r < Rows; ++r) {
            const __m512bh factor = (__m512bh)_mm512_set1_epi32(pairs[r * row_pairs + p]);
            sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, left);
            sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, right);
        }
    }
    finish_tile<Rows>(sums, bias, out, out_stride, activation);
}

void dense(const Dense& layer, const float* in, Index rows, Index columns, float* out,
           Activation activation, float* scratch) {
    auto* narrowed = reinterpret_cast<std::uint16_t*>(scratch);
    narrow(in, rows * layer.depth, narrowed);
    for (Index column = 0; column < columns; column += panel_columns) {
        const std::uint32_t* panel = layer.panels + column * layer.depth / 2;
        for_each_tile(rows, [&](Index row, auto count) {
            dense_tile<count>(narrowed + row * layer.depth, layer.depth, panel, layer.bias + column,
                              out + row * columns + column, columns, activation);
        });
    }
}

}  // namespace
}  // namespace stoa::embedding
