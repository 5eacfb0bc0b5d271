// SPDX-License-Identifier: Apache-2.0
// An uploaded file that is open for reading. Opened once, so that what
// was checked is what is read, whatever becomes of the path. One thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace stoa::extraction {

class InputFile {
  public:
    /// `file_unreadable` (unavailable) if there is no such regular file, `file_empty` (invalid).
    static Result<InputFile> open(const std::filesystem::path& path);
    ~InputFile();
    InputFile(InputFile&& other) noexcept;
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;
    InputFile& operator=(InputFile&&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// Reads from `offset`; 0 bytes at the end. `file_unreadable` (unavailable).
    Result<std::size_t> read_at(std::size_t offset, std::span<char> to) const;
    /// Whether "%PDF-" is within the first 1024 bytes. `file_unreadable` (unavailable).
    [[nodiscard]] Result<bool> is_pdf() const;

  private:
    explicit InputFile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace stoa::extraction
