// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model file: every tensor of a table that is taken lies within the file's data.
#include "embedding/safetensors.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto table = stoa::embedding::parse_tensor_table(std::as_bytes(std::span(data, size)));
    if (!table) return 0;
    for (const auto& [name, place] : *table) {
        if (place.begin > place.end || place.end > size - 8) std::abort();
    }
    return 0;
}
