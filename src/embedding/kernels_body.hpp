// SPDX-License-Identifier: Apache-2.0
// The loops behind kernels.hpp, for vectors of `lanes` floats and register tiles of `tile_rows`
// rows: each kernels_<set>.cpp defines these two, sets its instruction set, and includes this file
// once. Everything has internal linkage, so that no code of one set can stand in for another's, and
// nothing of the standard library's is called.

namespace stoa::embedding {
namespace {

using Index = std::size_t;
typedef float Vec __attribute__((vector_size(lanes * sizeof(float))));
typedef float LooseVec __attribute__((vector_size(lanes * sizeof(float)), aligned(4), may_alias));
typedef int IntVec __attribute__((vector_size(lanes * sizeof(int))));
typedef int LooseIntVec __attribute__((vector_size(lanes * sizeof(int)), aligned(4), may_alias));
typedef float Quad __attribute__((vector_size(16)));

constexpr Index tile_columns = 2 * lanes;
static_assert(panel_columns % tile_columns == 0 && shape::head_width % tile_columns == 0);

inline Vec load(const float* from) { return *reinterpret_cast<const LooseVec*>(from); }
inline void store(float* to, Vec value) { *reinterpret_cast<LooseVec*>(to) = value; }
inline Vec fill(float value) { return value - Vec{}; }  // unlike +, folds away: -0 stays -0
inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }

/// Interleaves the low (Half 0) or high (Half 1) halves of two vectors.
template <int Half, int... I>
inline Vec interleave(Vec a, Vec b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (Half * lanes / 2 + I / 2 + (I % 2) * lanes)...);
}
template <int Half>
inline Vec interleave(Vec a, Vec b) {
    return interleave<Half>(a, b, std::make_integer_sequence<int, lanes>());
}

inline Quad sum_each(Quad a, Quad b, Quad c, Quad d) {
    const Quad ab =
        __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Quad cd =
        __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
           __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
template <int... I>
inline auto fold(auto v, std::integer_sequence<int, I...>) {
    constexpr int half = sizeof...(I);
    return __builtin_shufflevector(v, v, I...) + __builtin_shufflevector(v, v, (half + I)...);
}
template <class V>
inline auto fold(V v) {
    return fold(v, std::make_integer_sequence<int, sizeof(V) / sizeof(float) / 2>());
}
/// The sum of each of four vectors.
template <class V>
inline Quad sum_each(V a, V b, V c, V d) {
    return sum_each(fold(a), fold(b), fold(c), fold(d));
}
inline float sum(Vec v) { return sum_each(v, v, v, v)[0]; }
inline float largest(Vec v) {
    float most = v[0];
    for (int i = 1; i < lanes; ++i) most = v[i] > most ? v[i] : most;
    return most;
}

/// e^x for x <= 88; below -87 it is e^-87. Relative error under 3e-7.
inline Vec exponential(Vec x) {
    constexpr float rounder = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
    const Vec scaled = larger(x, fill(-87.0F)) * 1.44269504F;
    const Vec shifted = scaled + rounder;
    const Vec f = scaled - (shifted - rounder);
    Vec p = fill(1.5403530e-4F);
    p = p * f + 1.3333558e-3F;
    p = p * f + 9.6181291e-3F;
    p = p * f + 5.5504109e-2F;
    p = p * f + 2.4022651e-1F;
    p = p * f + 6.9314718e-1F;
    p = p * f + 1.0F;
    const IntVec power = (reinterpret_cast<IntVec>(shifted) - 0x4B400000) << 23;
    return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(p) + power);
}

/// x·Φ(x), with erf by Abramowitz and Stegun 7.1.26 (absolute error under 1.5e-7).
inline Vec gelu(Vec x) {
    const Vec z = larger(x, -x) * 0.70710678F;
    const Vec t = 1.0F / (1.0F + 0.3275911F * z);
    Vec p = fill(1.061405429F);
    p = p * t - 1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    const Vec rest = p * t * exponential(-z * z);  // 1 - erf(|x|/√2)
    return 0.5F * (x < 0.0F ? x * rest : x * (2.0F - rest));
}

/// Rows of `from`, at most tile_columns, become columns: to[p][row] = from[row][p].
inline void turn_panel(const float* from, Index stride, Index rows, Index depth, float* to) {
    for (Index half = 0; half < tile_columns; half += lanes) {
        for (Index p = 0; p < depth; p += lanes) {
            Vec block[lanes];
            Vec turned[lanes];
            for (int i = 0; i < lanes; ++i) {
                const Index row = half + static_cast<Index>(i);
                block[i] = row < rows ? load(from + row * stride + p) : Vec{};
            }
            // log2(lanes) perfect shuffles of the rows transpose the block.
#pragma GCC unroll 4
            for (int stage = 1; stage < lanes; stage *= 2) {
#pragma GCC unroll 8
                for (int i = 0; i < lanes / 2; ++i) {
                    turned[2 * i] = interleave<0>(block[i], block[i + lanes / 2]);
                    turned[2 * i + 1] = interleave<1>(block[i], block[i + lanes / 2]);
                }
#pragma GCC unroll 16
                for (int i = 0; i < lanes; ++i) block[i] = turned[i];
            }
            for (int i = 0; i < lanes; ++i) {
                store(to + (p + static_cast<Index>(i)) * tile_columns + half, block[i]);
            }
        }
    }
}

/// sums[row] = Σ a[row][p] · b[p], tile_columns wide; all of `sums` stays in registers.
/// `aside(p)` is done along the way.
template <Index Rows, class Aside>
inline __attribute__((always_inline)) void multiply_tile(const float* a, Index a_stride,
                                                         const float* b, Index b_stride,
                                                         Index depth, Vec (&sums)[Rows][2],
                                                         Aside aside) {
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = Vec{};
    for (Index p = 0; p < depth; ++p) {
        aside(p);
        const Vec left = load(b + p * b_stride);
        const Vec right = load(b + p * b_stride + lanes);
#pragma GCC unroll 16
        for (Index r = 0; r < Rows; ++r) {
            const Vec factor = fill(a[r * a_stride + p]);
            sums[r][0] += factor * left;
            sums[r][1] += factor * right;
        }
    }
}

/// Calls f with `rows`, 1 to Most, as an integral_constant: it is a template argument of the tiles.
template <Index Most, class F>
inline void with_constant(Index rows, F f) {
    if constexpr (Most == 1) {
        f(std::integral_constant<Index, 1>());
    } else if (rows == Most) {
        f(std::integral_constant<Index, Most>());
    } else {
        with_constant<Most - 1>(rows, f);
    }
}

/// Calls f(first row, integral_constant of their count) for tiles of nearly equal height, since a
/// tile of one or two rows costs almost as much time as one of eight.
template <class F>
inline void for_each_tile(Index rows, F f) {
    const Index tiles = (rows + tile_rows - 1) / tile_rows;
    for (Index tile = 0; tile < tiles; ++tile) {
        const Index row = rows * tile / tiles;
        const Index end = rows * (tile + 1) / tiles;
        with_constant<tile_rows>(end - row, [&](auto count) { f(row, count); });
    }
}

/// Adds the bias to a tile, bends it if so asked, and stores it.
template <Index Rows>
inline __attribute__((always_inline)) void finish_tile(const Vec (&sums)[Rows][2],
                                                       const float* bias, float* out,
                                                       Index out_stride, Activation activation) {
    const Vec bias_left = load(bias);
    const Vec bias_right = load(bias + lanes);
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
        store(out + r * out_stride, sums[r][0] + bias_left);
        store(out + r * out_stride + lanes, sums[r][1] + bias_right);
    }
    if (activation != Activation::gelu) return;
    for (Index r = 0; r < Rows; ++r) {
        float* at = out + r * out_stride;
        store(at, gelu(load(at)));
        store(at + lanes, gelu(load(at + lanes)));
    }
}

/// Turns scores into the numerators of a softmax and returns one over their sum.
inline float soften(float* scores, Index count, Index padded) {
    constexpr float scale = 0.17677669529F;  // 1/√head_width
    for (Index i = count; i < padded; ++i) scores[i] = -1e30F;
    Vec most = load(scores);
    for (Index i = lanes; i < padded; i += lanes) most = larger(most, load(scores + i));
    const Vec highest = fill(largest(most));
    Vec total{};
    for (Index i = 0; i < padded; i += lanes) {
        const Vec numerator = exponential((load(scores + i) - highest) * scale);
        store(scores + i, numerator);
        total += numerator;
    }
    return 1.0F / sum(total);
}

constexpr auto nothing_aside = [](Index) {};

template <Index Rows>
void attend_rows(const float* query, const float* keys, const float* values, Index tokens,
                 float* scores, float* out) {
    const Index padded = (tokens + tile_columns - 1) / tile_columns * tile_columns;
    float share[Rows];
    Vec sums[Rows][2];
    for (Index column = 0; column < padded; column += tile_columns) {
        multiply_tile<Rows>(query, shape::qkv_width, keys + column * shape::head_width,
                            tile_columns, shape::head_width, sums, nothing_aside);
        for (Index r = 0; r < Rows; ++r) {
            store(scores + r * padded + column, sums[r][0]);
            store(scores + r * padded + column + lanes, sums[r][1]);
        }
    }
    for (Index r = 0; r < Rows; ++r) {
        share[r] = soften(scores + r * padded, tokens, padded);
    }
    for (Index column = 0; column < shape::head_width; column += tile_columns) {
        multiply_tile<Rows>(scores, padded, values + column, shape::qkv_width, tokens, sums,
                            nothing_aside);
        for (Index r = 0; r < Rows; ++r) {
            float* to = out + r * shape::width + column;
            store(to, sums[r][0] * share[r]);
            store(to + lanes, sums[r][1] * share[r]);
        }
    }
}

void attend(const float* qkv, Index tokens, Index head, float* out, float* scratch) {
    const float* query = qkv + head * shape::head_width;
    const float* key = query + shape::width;
    const float* value = key + shape::width;
    float* to = out + head * shape::head_width;
    float* keys = scratch;  // panels of tile_columns tokens, turned round
    Index turned = 0;
    for (; turned < tokens; turned += tile_columns) {
        turn_panel(key + turned * shape::qkv_width, shape::qkv_width, tokens - turned,
                   shape::head_width, keys + turned * shape::head_width);
    }
    float* scores = keys + turned * shape::head_width;
    for_each_tile(tokens, [&](Index row, auto count) {
        attend_rows<count>(query + row * shape::qkv_width, keys, value, tokens, scores,
                           to + row * shape::width);
    });
}

void add_and_norm(float* x, const float* added, const Norm& norm, Index rows) {
    for (Index row = 0; row < rows; ++row, x += shape::width, added += shape::width) {
        Vec total{};
        for (Index i = 0; i < shape::width; i += lanes) {
            const Vec v = load(x + i) + load(added + i);
            store(x + i, v);
            total += v;
        }
        const float mean = sum(total) / static_cast<float>(shape::width);
        Vec squares{};
        for (Index i = 0; i < shape::width; i += lanes) {
            const Vec v = load(x + i) - mean;
            squares += v * v;
        }
        const float variance = sum(squares) / static_cast<float>(shape::width);
        const float factor = 1.0F / __builtin_sqrtf(variance + 1e-12F);
        for (Index i = 0; i < shape::width; i += lanes) {
            store(x + i,
                  (load(x + i) - mean) * factor * load(norm.scale + i) + load(norm.shift + i));
        }
    }
}

void pool(const float* x, Index rows, float* out) {
    Vec squares{};
    for (Index i = 0; i < shape::width; i += lanes) {
        Vec total{};
        for (Index row = 0; row < rows; ++row) total += load(x + row * shape::width + i);
        store(out + i, total);
        squares += total * total;
    }
    const float factor = 1.0F / __builtin_sqrtf(larger(fill(sum(squares)), fill(1e-24F))[0]);
    for (Index i = 0; i < shape::width; i += lanes) store(out + i, load(out + i) * factor);
}

}  // namespace
}  // namespace stoa::embedding
