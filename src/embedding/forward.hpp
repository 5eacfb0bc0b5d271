// SPDX-License-Identifier: Apache-2.0
// Passes batches of texts through the network, one batch at a time; the texts' tokens lie one after
// another without padding. Owns the memory between the layers, some megabytes: made for one call,
// used by one thread, let go after.
#pragma once

#include "embedding/encoder.hpp"
#include "embedding/kernels.hpp"
#include "embedding/model.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace stoa::embedding {

struct TokenisedText {
    std::vector<std::int32_t> ids;  ///< 1 to shape::tokens_max, all in the vocabulary
    Embedding* vector;              ///< where the result goes
};

class Forward {
  public:
    using Batch = std::span<const TokenisedText* const>;

    Forward(const Model& model, const Kernels& kernels, std::size_t tokens_max);

    /// `batch` has at most `tokens_max` ids in all.
    void run(Batch batch);

  private:
    struct Free {
        void operator()(float* floats) const;
    };
    using Floats = std::unique_ptr<float[], Free>;
    static Floats allocate(std::size_t count);

    void embed(Batch batch);
    void attend(Batch batch);
    void pass_layer(const Layer& layer, Batch batch, std::size_t tokens);
    void multiply(const Dense& layer, const Floats& in, std::size_t tokens, std::size_t columns,
                  const Floats& out, Activation activation);
    void add_and_norm(const Norm& norm, std::size_t tokens);

    const Model& model_;
    const Kernels& kernels_;
    Floats states_;    // [tokens][width]
    Floats attended_;  // [tokens][width]
    Floats wide_;      // [tokens][inner_width]: queries, keys, values; then the inner layer
    Floats delta_;     // [tokens][width]: what a sublayer adds to the states
    Floats scratch_;
};

}  // namespace stoa::embedding
