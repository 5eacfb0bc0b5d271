// SPDX-License-Identifier: Apache-2.0
// Sentence embeddings of all-MiniLM-L6-v2 on the CPU, the same vectors as Sentence-Transformers
// gives (cosine >= 0.9999). The weights stay where they lie: a read-only mapping of
// model.safetensors that all processes of a machine share. Texts are never padded; the instruction
// set is chosen at run time. Owner: the composition root; `encode` from any thread.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace stoa::embedding {

constexpr std::size_t dimensions = 384;
using Embedding = std::array<float, dimensions>;

class Encoder {
  public:
    struct Options {
        std::filesystem::path
            model_dir;            ///< holds model.safetensors and tokenizer.json or vocab.txt
        std::size_t threads = 1;  ///< of all calls together, 1 to 64
        bool verify_hash = true;  ///< refuse any other file than the known model
    };

    static constexpr std::string_view model = "all-MiniLM-L6-v2";
    static constexpr std::string_view model_version = "53aa51172d14";  ///< of the file's SHA-256

    /// Maps the model and checks it. `model_missing` if a file is not there, `model_corrupt` if one
    /// is not what it should be; both say which, and how to fetch the model again.
    static Result<std::unique_ptr<Encoder>> open(const Options& options);

    virtual ~Encoder() = default;
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    /// One vector of length 1 for each text, in order: the mean of its first 256 tokens' states.
    /// Any number of texts; memory is bounded by the token budget of a batch, not by their number.
    Result<std::vector<Embedding>> encode(std::span<const std::string_view> texts) {
        return encode_beside(texts, {});
    }
    /// As `encode`, while `meanwhile` runs in this thread, exactly once: idle threads begin at
    /// once, and this one joins them when it is back.
    virtual Result<std::vector<Embedding>> encode_beside(
        std::span<const std::string_view> texts, const std::function<void()>& meanwhile) = 0;

  protected:
    Encoder() = default;
};

}  // namespace stoa::embedding
