// SPDX-License-Identifier: Apache-2.0
#include "embedding/packed_weights.hpp"

#include "embedding/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::embedding {
namespace {

// Before the pairs stand a line that names the format, the model's SHA-256 and that of what
// follows: the pairs and, of integers, the columns' steps. A change of the panels' layout needs a
// new name, so that no old file is taken for a new one.
constexpr std::size_t header_bytes = 256;

std::string_view format_name(Packing packing) {
    return packing == Packing::int16 ? "stoa int16 panels 1" : "stoa bfloat16 panels 1";
}

std::string make_header(Packing packing, std::string_view model_sha256,
                        std::span<const std::byte> pairs) {
    std::string header = std::string(format_name(packing)) + "\nmodel " +
                         std::string(model_sha256) + "\npairs " + sha256_hex(pairs) + "\n";
    header.resize(header_bytes, ' ');
    return header;
}

/// The nearest bfloat16, ties to even; the weights are finite.
std::uint32_t round_to_bfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return (bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U;
}

/// The finest step by which the column's weights, and their products with the largest inputs added
/// up, stay within their bits.
float step_of(const float* weights, std::size_t depth) {
    constexpr auto whole_sum_max = 0x7FFFFFFF / int16_inputs_max - int16_depth_max;
    constexpr auto sum_max = static_cast<float>(whole_sum_max);
    float step = 1e-30F;
    for (std::size_t from = 0; from < depth; from += int16_depth_max) {
        float sum = 0;
        for (std::size_t p = from; p < from + int16_depth_max; ++p) {
            step = std::max(step, std::abs(weights[p]) / 32767.0F);
            sum += std::abs(weights[p]);
        }
        step = std::max(step, sum / sum_max);
    }
    return step;
}

/// `narrow` gives the 16 bits of a weight in a column.
template <class Narrow>
void pack(const DenseSource& source, std::uint32_t* to, const Narrow& narrow) {
    for (std::size_t panel = 0; panel < source.columns; panel += panel_columns) {
        for (std::size_t p = 0; p < source.depth; p += 2) {
            const float* from = source.weights + panel * source.depth + p;
            for (std::size_t i = 0; i < panel_columns; ++i, from += source.depth) {
                *to++ = narrow(from[0], panel + i) | narrow(from[1], panel + i) << 16U;
            }
        }
    }
}

void pack_bfloat16(const DenseSource& source, std::uint32_t* to) {
    pack(source, to, [](float weight, std::size_t) { return round_to_bfloat16(weight); });
}

void pack_int16(const DenseSource& source, std::uint32_t* to, float* steps) {
    for (std::size_t column = 0; column < source.columns; ++column) {
        steps[column] = step_of(source.weights + column * source.depth, source.depth);
    }
    pack(source, to, [steps](float weight, std::size_t column) {
        const auto whole = static_cast<std::int32_t>(std::lround(weight / steps[column]));
        return static_cast<std::uint32_t>(whole) & 0xFFFFU;
    });
}

std::optional<Mapping> map_if_whole(const std::filesystem::path& file, Packing packing,
                                    std::string_view model_sha256, std::size_t bytes) {
    auto mapping = Mapping::of_file(file);
    if (!mapping || mapping->bytes().size() != bytes) return std::nullopt;
    const auto header = make_header(packing, model_sha256, mapping->bytes().subspan(header_bytes));
    if (std::memcmp(mapping->bytes().data(), header.data(), header_bytes) != 0) return std::nullopt;
    mapping->release_pages();  // read to the end for the check; a process that encodes reads again
    return mapping;
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

/// Writes `bytes` under a name of its own, then puts it in the place of `file`.
bool replace_file(const std::filesystem::path& file, std::span<const std::byte> bytes) {
    std::string aside = file.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(aside.data(), O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool written = write_all(descriptor, bytes) && ::fchmod(descriptor, 0644) == 0;
    const bool closed = ::close(descriptor) == 0;
    std::error_code error;
    if (written && closed) std::filesystem::rename(aside, file, error);
    if (written && closed && !error) return true;
    std::filesystem::remove(aside, error);
    return false;
}

/// Where the steps begin, behind all pairs.
std::size_t steps_at(std::span<const DenseSource> sources) {
    std::size_t bytes = header_bytes;
    for (const auto& source : sources) bytes += source.pairs() * sizeof(std::uint32_t);
    return bytes;
}

std::size_t file_bytes(std::span<const DenseSource> sources, Packing packing) {
    std::size_t bytes = steps_at(sources);
    if (packing == Packing::bfloat16) return bytes;
    for (const auto& source : sources) bytes += source.columns * sizeof(float);
    return bytes;
}

}  // namespace

std::string_view PackedWeights::file_name(Packing packing) {
    return packing == Packing::int16 ? "model.int16-panels" : "model.bfloat16-panels";
}

PackedWeights::PackedWeights(Mapping mapping, bool shared, std::span<const DenseSource> sources,
                             Packing packing)
    : mapping_(std::move(mapping)), shared_(shared) {
    if (packing == Packing::bfloat16) return;
    steps_ = reinterpret_cast<const float*>(mapping_.bytes().data() + steps_at(sources));
}

PackedWeights PackedWeights::make(std::span<const DenseSource> sources, Packing packing) {
    Mapping mapping = Mapping::of_memory(file_bytes(sources, packing));
    auto* memory = mapping.writable().data();
    auto* pairs = reinterpret_cast<std::uint32_t*>(memory + header_bytes);
    auto* steps = reinterpret_cast<float*>(memory + steps_at(sources));
    for (const auto& source : sources) {
        if (packing == Packing::int16) {
            pack_int16(source, pairs, steps);
        } else {
            pack_bfloat16(source, pairs);
        }
        pairs += source.pairs();
        steps += source.columns;
    }
    return {std::move(mapping), false, sources, packing};
}

PackedWeights PackedWeights::open(const std::filesystem::path& dir, std::string_view model_sha256,
                                  std::span<const DenseSource> sources, Packing packing) {
    const auto file = dir / file_name(packing);
    const std::size_t bytes = file_bytes(sources, packing);
    const auto find = [&] { return map_if_whole(file, packing, model_sha256, bytes); };
    if (auto found = find()) return {std::move(*found), true, sources, packing};
    PackedWeights made = make(sources, packing);
    const auto memory = made.mapping_.writable();
    const auto header = make_header(packing, model_sha256, memory.subspan(header_bytes));
    std::memcpy(memory.data(), header.data(), header_bytes);
    if (!replace_file(file, memory)) return made;
    if (auto found = find()) return {std::move(*found), true, sources, packing};
    return made;
}

const std::uint32_t* PackedWeights::pairs() const {
    return reinterpret_cast<const std::uint32_t*>(mapping_.bytes().data() + header_bytes);
}

}  // namespace stoa::embedding
