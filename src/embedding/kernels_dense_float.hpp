// SPDX-License-Identifier: Apache-2.0
// Dense layers in float, for processors without bfloat16 arithmetic. Included after
// kernels_body.hpp.

namespace stoa::embedding {
namespace {

/// A panel's bfloat16 pairs as floats: to[p][column].
inline void widen_panel(const std::uint32_t* panel, Index depth, float* to) {
    for (Index p = 0; p < depth; p += 2, panel += panel_columns, to += 2 * panel_columns) {
        for (Index column = 0; column < panel_columns; column += lanes) {
            const IntVec pair = *reinterpret_cast<const LooseIntVec*>(panel + column);
            store(to + column, reinterpret_cast<Vec>(pair << 16));
            store(to + panel_columns + column, reinterpret_cast<Vec>(pair & -0x10000));
        }
    }
}

template <Index Rows>
void dense_tile(const float* in, Index depth, const float* panel, const float* bias, float* out,
                Index out_stride, Activation activation) {
    Vec sums[Rows][2];
    multiply_tile<Rows>(in, depth, panel, panel_columns, depth, sums);
    finish_tile<Rows>(sums, bias, out, out_stride, activation);
}

void dense(const Dense& layer, const float* in, Index rows, Index columns, float* out,
           Activation activation, float* scratch) {
    for (Index column = 0; column < columns; column += panel_columns) {
        widen_panel(layer.panels + column * layer.depth / 2, layer.depth, scratch);
        for (Index part = 0; part < panel_columns; part += tile_columns) {
            const Index at = column + part;
            for_each_tile(rows, [&](Index row, auto count) {
                dense_tile<count>(in + row * layer.depth, layer.depth, scratch + part,
                                  layer.bias + at, out + row * columns + at, columns, activation);
            });
        }
    }
}

}  // namespace
}  // namespace stoa::embedding
