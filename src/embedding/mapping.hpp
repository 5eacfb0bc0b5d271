// SPDX-License-Identifier: Apache-2.0
// A stretch of mapped memory: a whole file, read-only and shared with every process that maps it,
// or private zeroed pages. Whoever replaces a mapped file renames a new one over it, never writes
// into it. Owns the mapping; move-only; reading is for any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace stoa::embedding {

class Mapping {
  public:
    /// Nothing if `file` is not a regular file of one byte or more that can be mapped.
    static std::optional<Mapping> of_file(const std::filesystem::path& file);
    /// Private memory; throws std::bad_alloc if there is none.
    static Mapping of_memory(std::size_t bytes);

    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    /// Only of private memory.
    [[nodiscard]] std::span<std::byte> writable() const;
    /// Lets go of the pages read so far; a file's come back from the file when touched.
    void release_pages() const;

  private:
    Mapping(std::span<std::byte> bytes, bool writable) : bytes_(bytes), writable_(writable) {}

    std::span<std::byte> bytes_;
    bool writable_;
};

/// The SHA-256 of `bytes` in hex.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace stoa::embedding
