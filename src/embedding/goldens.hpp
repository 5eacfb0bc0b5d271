// SPDX-License-Identifier: Apache-2.0
// What the tests of this module share: the golden texts, made with Sentence-Transformers, and the
// place of the model. One thread.
#pragma once

#include "embedding/encoder.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

namespace stoa::embedding {

struct Golden {
    std::string text;
    std::vector<std::int32_t> ids;
    Embedding vector{};
};

inline std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The items of a file of vectors; `ids` are empty where it has none.
inline std::vector<Golden> read_goldens(const std::string& name) {
    const auto root = boost::json::parse(read_file(STOA_VECTORS "/" + name));
    std::vector<Golden> read;
    for (const auto& item : root.at("items").as_array()) {
        auto& golden = read.emplace_back();
        golden.text = item.at("text").as_string();
        if (const auto* ids = item.as_object().if_contains("ids")) {
            golden.ids = boost::json::value_to<std::vector<std::int32_t>>(*ids);
        }
        std::size_t i = 0;
        for (const auto& x : item.at("embedding").as_array()) {
            golden.vector.at(i++) = x.to_number<float>();
        }
    }
    return read;
}

inline const std::vector<Golden>& goldens() {
    static const auto items = read_goldens("minilm_embeddings.json");
    return items;
}

inline std::filesystem::path model_dir() {
    const char* dir = std::getenv("STOA_MODEL_DIR");
    if (dir == nullptr || !std::filesystem::exists(std::filesystem::path(dir) / "vocab.txt")) {
        throw std::runtime_error(
            "STOA_MODEL_DIR should name the folder of all-MiniLM-L6-v2 (model.safetensors, "
            "tokenizer.json, vocab.txt)");
    }
    return dir;
}

inline double cosine(const Embedding& a, const Embedding& b) {
    double dot = 0;
    double a_square = 0;
    double b_square = 0;
    for (std::size_t i = 0; i < dimensions; ++i) {
        dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        a_square += static_cast<double>(a[i]) * static_cast<double>(a[i]);
        b_square += static_cast<double>(b[i]) * static_cast<double>(b[i]);
    }
    return dot / std::sqrt(a_square * b_square);
}

}  // namespace stoa::embedding
