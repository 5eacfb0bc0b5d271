// SPDX-License-Identifier: Apache-2.0
// Dense layers in float, for processors without bfloat16 arithmetic. Included after
// kernels_body.hpp.

namespace stoa::embedding {
namespace {

/// tile_columns columns of a panel's bfloat16 pairs as floats, close together: to[p][column].
inline void widen(const std::uint32_t* panel, Index depth, float* to) {
    for (Index p = 0; p < depth; p += 2, panel += panel_columns, to += 2 * tile_columns) {
        for (Index column = 0; column < tile_columns; column += lanes) {
            const IntVec pair = *reinterpret_cast<const LooseIntVec*>(panel + column);
            store(to + column, reinterpret_cast<Vec>(pair << 16));
            store(to + tile_columns + column, reinterpret_cast<Vec>(pair & -0x10000));
        }
    }
}

/// `ahead` is the weights needed next, fetched while these are multiplied: the rows of a short text
/// are few, and waiting for memory would be half the time.
template <Index Rows>
void dense_tile(const float* in, Index depth, const float* panel, const std::uint32_t* ahead,
                const float* bias, float* out, Index out_stride, Activation activation) {
    Vec sums[Rows][2];
    multiply_tile<Rows>(in, depth, panel, tile_columns, depth, sums, [ahead](Index p) {
        __builtin_prefetch(ahead + p / 2 * panel_columns + p % 2 * tile_columns / 2);
    });
    finish_tile<Rows>(sums, bias, out, out_stride, activation);
}

/// Where the weights of a column begin, in its panel.
inline const std::uint32_t* find_column(const Dense& layer, Index column) {
    const Index within = column % panel_columns;
    return layer.panels + (column - within) * layer.depth / 2 + within;
}

Index dense(const Product& product, Index& next_panel, float* scratch) {
    const auto& [layer, in, rows, columns, out, activation] = product;
    Index made = 0;
    for (Index at = 0; (at = take(next_panel) * panel_columns) < columns; ++made) {
        for (Index column = at; column < at + panel_columns; column += tile_columns) {
            widen(find_column(layer, column), layer.depth, scratch);
            const std::uint32_t* ahead = find_column(layer, column + tile_columns);
            for_each_tile(rows, [&](Index row, auto count) {
                dense_tile<count>(in + row * layer.depth, layer.depth, scratch, ahead,
                                  layer.bias + column, out + row * columns + column, columns,
                                  activation);
            });
        }
    }
    return made;
}

}  // namespace
}  // namespace stoa::embedding
