// SPDX-License-Identifier: Apache-2.0
#include "embedding/model.hpp"

#include <optional>
#include <string>
#include <utility>

namespace stoa::embedding {
namespace {

using namespace shape;

/// Looks tensors up until one is missing; then `error` says which.
class Finder {
  public:
    explicit Finder(const Safetensors& file) : file_(file) {}

    const float* floats(const std::string& name, std::initializer_list<std::uint64_t> sizes) {
        const auto found = file_.floats(name, sizes);
        if (found) return found->data();
        if (!error_) error_ = found.error();
        return nullptr;
    }
    const float* bias(const std::string& name, std::size_t columns) {
        return floats(name + ".bias", {columns});
    }
    Norm norm(const std::string& name) {
        return {floats(name + ".weight", {width}), bias(name, width)};
    }
    DenseSource dense(const std::string& name, std::size_t columns, std::size_t depth) {
        return {floats(name + ".weight", {columns, depth}), columns, depth};
    }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    const Safetensors& file_;
    std::optional<Error> error_;
};

std::string layer_name(std::size_t layer) { return "encoder.layer." + std::to_string(layer) + "."; }

/// The order in which the dense layers are packed; find_layer walks it again.
std::vector<DenseSource> list_sources(Finder& find) {
    std::vector<DenseSource> sources;
    for (std::size_t i = 0; i < layers; ++i) {
        const std::string name = layer_name(i);
        for (const auto* part : {"query", "key", "value"}) {
            sources.push_back(find.dense(name + "attention.self." + part, width, width));
        }
        sources.push_back(find.dense(name + "attention.output.dense", width, width));
        sources.push_back(find.dense(name + "intermediate.dense", inner_width, width));
        sources.push_back(find.dense(name + "output.dense", width, inner_width));
    }
    return sources;
}

/// `pairs` and `steps` move behind the layer's.
Layer find_layer(Finder& find, const std::string& name, const std::uint32_t*& pairs,
                 const float*& steps) {
    const auto take = [&](const float* bias, std::size_t columns, std::size_t depth) {
        const Dense dense{pairs, steps, bias, depth};
        pairs += columns * depth / 2;
        if (steps != nullptr) steps += columns;
        return dense;
    };
    Layer layer{};
    for (const auto* part : {"query", "key", "value"}) {
        const float* bias = find.bias(name + "attention.self." + part, width);
        if (bias == nullptr) continue;
        layer.query_key_value_bias.insert(layer.query_key_value_bias.end(), bias, bias + width);
    }
    layer.query_key_value = take(layer.query_key_value_bias.data(), qkv_width, width);
    layer.attended = take(find.bias(name + "attention.output.dense", width), width, width);
    layer.inner = take(find.bias(name + "intermediate.dense", inner_width), inner_width, width);
    layer.outer = take(find.bias(name + "output.dense", width), width, inner_width);
    layer.attended_norm = find.norm(name + "attention.output.LayerNorm");
    layer.outer_norm = find.norm(name + "output.LayerNorm");
    return layer;
}

Result<> check_hash(const Safetensors& file, const std::filesystem::path& path,
                    std::string_view sha256) {
    const std::string found = sha256_hex(file.mapping().bytes());
    if (found == sha256) return {};
    return fail(ErrorKind::unavailable, "model_corrupt",
                "The model file " + path.string() + " has the SHA-256 " + found + ", not " +
                    std::string(sha256) + ".");
}

}  // namespace

Result<Model> Model::open(const std::filesystem::path& dir, std::string_view sha256,
                          Packing packing) {
    const auto path = dir / "model.safetensors";
    auto file = Safetensors::open(path);
    if (!file) return fail(file);
    if (!sha256.empty()) {
        const auto checked = check_hash(*file, path, sha256);
        if (!checked) return fail(checked);
    }
    Finder find(*file);
    const auto sources = list_sources(find);
    if (find.error()) return tl::unexpected<Error>(*find.error());
    auto packed = sha256.empty() ? PackedWeights::make(sources, packing)
                                 : PackedWeights::open(dir, sha256, sources, packing);

    Model model{.file = std::move(*file), .packed = std::move(packed)};
    Finder rest(model.file);
    model.words = rest.floats("embeddings.word_embeddings.weight", {vocabulary_size, width});
    model.positions = rest.floats("embeddings.position_embeddings.weight", {positions_max, width});
    model.sentence = rest.floats("embeddings.token_type_embeddings.weight", {2, width});
    model.embedding_norm = rest.norm("embeddings.LayerNorm");
    const std::uint32_t* pairs = model.packed.pairs();
    const float* steps = model.packed.steps();
    for (std::size_t i = 0; i < shape::layers; ++i) {
        model.layers[i] = find_layer(rest, layer_name(i), pairs, steps);
    }
    if (rest.error()) return tl::unexpected<Error>(*rest.error());
    model.file.mapping().release_pages();
    return model;
}

}  // namespace stoa::embedding
