// SPDX-License-Identifier: Apache-2.0
// The weights of the dense layers as the kernels want them (see Dense): in panels, 21 MB instead of
// 42. They are made once and left in a file beside the model, which every process of the
// machine then maps; where no file can be written they are made anew in private memory.
#pragma once

#include "embedding/kernels.hpp"
#include "embedding/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace stoa::embedding {

/// Weights as the model file has them: [columns][depth], columns a multiple of panel_columns and
/// depth an even number.
struct DenseSource {
    const float* weights;
    std::size_t columns;
    std::size_t depth;

    [[nodiscard]] std::size_t pairs() const { return columns * depth / 2; }
};

class PackedWeights {
  public:
    /// Packs `sources` one after another into private memory.
    static PackedWeights make(std::span<const DenseSource> sources, Packing packing);
    /// Maps the file of this packing in `dir` if it was made from the model with this SHA-256 and
    /// is whole; else makes the weights and tries to leave them there (written aside, then
    /// renamed).
    static PackedWeights open(const std::filesystem::path& dir, std::string_view model_sha256,
                              std::span<const DenseSource> sources, Packing packing);
    static std::string_view file_name(Packing packing);

    /// All pairs, in the order of the sources.
    [[nodiscard]] const std::uint32_t* pairs() const;
    /// The steps of all columns in that order; nullptr with Packing::bfloat16.
    [[nodiscard]] const float* steps() const { return steps_; }
    /// Whether a file holds them.
    [[nodiscard]] bool shared() const { return shared_; }

  private:
    PackedWeights(Mapping mapping, bool shared, std::span<const DenseSource> sources,
                  Packing packing);

    Mapping mapping_;
    bool shared_;
    const float* steps_ = nullptr;
};

}  // namespace stoa::embedding
