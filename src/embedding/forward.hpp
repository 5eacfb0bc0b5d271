// SPDX-License-Identifier: Apache-2.0
// Passes batches of texts through the network, one batch at a time; the texts' tokens lie one after
// another without padding. Several threads may pass one batch together: every stage of the network
// is cut into parts, whoever is free takes the next, and all go on when the last part is made.
// Owns the memory between the layers, some megabytes: made for one call, let go after.
#pragma once

#include "embedding/encoder.hpp"
#include "embedding/kernels.hpp"
#include "embedding/model.hpp"

#include <atomic>
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

    Forward(const Model& model, const Kernels& kernels, std::size_t tokens_max,
            std::size_t threads_max);

    /// What `pass` is about: at most `tokens_max` ids in all. Nobody may be in `pass`.
    void begin(Batch batch);
    /// Does parts of the batch until all are done. For `threads_max` threads at once, each of which
    /// may come late or not at all.
    void pass();

  private:
    struct Free {
        void operator()(float* floats) const;
    };
    using Floats = std::unique_ptr<float[], Free>;
    static Floats allocate(std::size_t count);

    /// A token and its place in its text.
    struct Token {
        std::int32_t id;
        std::size_t position;
    };
    struct alignas(64) Stage {
        std::size_t next = 0;              // part that nobody has begun; taken by `take`
        std::atomic<std::size_t> done{0};  // parts
    };
    /// Of one thread.
    struct Way {
        float* scratch;
        Stage* stage;  // the one it comes to
    };
    // The embedding, seven for each layer, and the mean.
    static constexpr std::size_t stages_max = 1 + 7 * shape::layers + 1;

    template <class Make>
    void share(Way& way, std::size_t parts, const Make& make);
    template <class Make>
    void share_rows(Way& way, const Make& make);
    void embed(std::size_t first, std::size_t end);
    void attend(Way& way);
    void pass_layer(Way& way, const Layer& layer);
    void multiply(Way& way, const Dense& layer, const Floats& in, std::size_t columns,
                  const Floats& out, Activation activation);
    void add_and_norm(const Norm& norm, std::size_t first, std::size_t end);

    const Model& model_;
    const Kernels& kernels_;
    Batch batch_;
    std::vector<Token> tokens_;        // of all texts
    std::vector<std::size_t> firsts_;  // of each text, its first token
    std::vector<Stage> stages_ = std::vector<Stage>(stages_max);
    std::atomic<std::size_t> entered_{0};  // threads in this batch so far
    Floats states_;                        // [tokens][width]
    Floats attended_;                      // [tokens][width]
    Floats wide_;   // [tokens][inner_width]: queries, keys, values; then the inner layer
    Floats delta_;  // [tokens][width]: what a sublayer adds to the states
    std::vector<Floats> scratches_;  // of each thread
};

}  // namespace stoa::embedding
