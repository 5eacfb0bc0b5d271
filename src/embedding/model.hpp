// SPDX-License-Identifier: Apache-2.0
// The weights of all-MiniLM-L6-v2 by their place in the network: views into the mapped model file
// and into the packed copy of the dense layers. Immutable after `open`; any thread.
#pragma once

#include "base/result.hpp"
#include "embedding/kernels.hpp"
#include "embedding/packed_weights.hpp"
#include "embedding/safetensors.hpp"

#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

namespace stoa::embedding {

struct Layer {
    Dense query_key_value;  ///< the three, side by side
    Dense attended;
    Norm attended_norm;
    Dense inner;
    Dense outer;
    Norm outer_norm;
    std::vector<float> query_key_value_bias;  ///< what query_key_value.bias points at
};

struct Model {
    /// Opens model.safetensors in `dir`, which must have this SHA-256 unless it is empty; only then
    /// are the packed weights shared through a file in `dir`. Errors: see Encoder::open.
    static Result<Model> open(const std::filesystem::path& dir, std::string_view sha256,
                              Packing packing);

    Safetensors file;
    PackedWeights packed;
    const float* words = nullptr;      ///< [vocabulary_size][width]
    const float* positions = nullptr;  ///< [positions_max][width]
    const float* sentence = nullptr;   ///< [width]: the type of all tokens here
    Norm embedding_norm{};
    std::array<Layer, shape::layers> layers{};
};

}  // namespace stoa::embedding
