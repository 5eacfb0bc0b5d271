// SPDX-License-Identifier: Apache-2.0
// A read-only mapping of a safetensors file and its table of tensors. The header is foreign bytes:
// everything it says is checked against the file before it is used. Immutable after `open`; any
// thread.
#pragma once

#include "base/result.hpp"
#include "embedding/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stoa::embedding {

/// Where one tensor lies in the data that follows the header, in bytes.
struct TensorPlace {
    std::string dtype;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};
using TensorTable = std::map<std::string, TensorPlace, std::less<>>;

constexpr std::size_t header_bytes_max = 1U << 20;
constexpr std::size_t tensors_max = 4096;

/// Reads the header at the start of `file` (8 bytes of length, JSON, then data to the end). Refused
/// as `model_corrupt`: a header over 1 MiB or longer than the file, other JSON than the format's, a
/// place outside the data, misaligned, or of another size than dtype and shape say.
Result<TensorTable> parse_tensor_table(std::span<const std::byte> file);

class Safetensors {
  public:
    /// `model_missing` if the file cannot be mapped, `model_corrupt` if it is no safetensors file.
    static Result<Safetensors> open(const std::filesystem::path& file);

    /// The F32 tensor of this name and shape; `model_corrupt` if the file has no such.
    [[nodiscard]] Result<std::span<const float>> floats(
        std::string_view name, std::initializer_list<std::uint64_t> shape) const;
    /// The whole file.
    [[nodiscard]] const Mapping& mapping() const { return mapping_; }

  private:
    explicit Safetensors(Mapping mapping) : mapping_(std::move(mapping)) {}

    Mapping mapping_;
    std::span<const std::byte> data_;
    TensorTable table_;
};

}  // namespace stoa::embedding
