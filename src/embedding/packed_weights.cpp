// SPDX-License-Identifier: Apache-2.0
#include "embedding/packed_weights.hpp"

#include "embedding/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
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

// Before the pairs stand a line that names the format, the model's SHA-256 and that of the pairs.
// A change of the panels' layout needs a new name, so that no old file is taken for a new one.
constexpr std::string_view format_name = "stoa bfloat16 panels 1";
constexpr std::size_t header_bytes = 256;

std::string make_header(std::string_view model_sha256, std::span<const std::byte> pairs) {
    std::string header = std::string(format_name) + "\nmodel " + std::string(model_sha256) +
                         "\npairs " + sha256_hex(pairs) + "\n";
    header.resize(header_bytes, ' ');
    return header;
}

/// The nearest bfloat16, ties to even; the weights are finite.
std::uint32_t round_to_bfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return (bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U;
}

std::uint32_t* pack(const DenseSource& source, std::uint32_t* to) {
    for (std::size_t panel = 0; panel < source.columns; panel += panel_columns) {
        for (std::size_t p = 0; p < source.depth; p += 2) {
            const float* from = source.weights + panel * source.depth + p;
            for (std::size_t i = 0; i < panel_columns; ++i, from += source.depth) {
                *to++ = round_to_bfloat16(from[0]) | round_to_bfloat16(from[1]) << 16U;
            }
        }
    }
    return to;
}

std::optional<Mapping> map_if_whole(const std::filesystem::path& file,
                                    std::string_view model_sha256, std::size_t bytes) {
    auto mapping = Mapping::of_file(file);
    if (!mapping || mapping->bytes().size() != bytes) return std::nullopt;
    const auto header = make_header(model_sha256, mapping->bytes().subspan(header_bytes));
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

std::size_t file_bytes(std::span<const DenseSource> sources) {
    std::size_t bytes = header_bytes;
    for (const auto& source : sources) bytes += source.pairs() * sizeof(std::uint32_t);
    return bytes;
}

}  // namespace

PackedWeights PackedWeights::make(std::span<const DenseSource> sources) {
    Mapping mapping = Mapping::of_memory(file_bytes(sources));
    auto* to = reinterpret_cast<std::uint32_t*>(mapping.writable().data() + header_bytes);
    for (const auto& source : sources) to = pack(source, to);
    return {std::move(mapping), false};
}

PackedWeights PackedWeights::open(const std::filesystem::path& file, std::string_view model_sha256,
                                  std::span<const DenseSource> sources) {
    const std::size_t bytes = file_bytes(sources);
    if (auto found = map_if_whole(file, model_sha256, bytes)) return {std::move(*found), true};
    PackedWeights made = make(sources);
    const auto memory = made.mapping_.writable();
    const auto header = make_header(model_sha256, memory.subspan(header_bytes));
    std::memcpy(memory.data(), header.data(), header_bytes);
    if (!replace_file(file, memory)) return made;
    if (auto found = map_if_whole(file, model_sha256, bytes)) return {std::move(*found), true};
    return made;
}

const std::uint32_t* PackedWeights::pairs() const {
    return reinterpret_cast<const std::uint32_t*>(mapping_.bytes().data() + header_bytes);
}

}  // namespace stoa::embedding
