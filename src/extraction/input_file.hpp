// SPDX-License-Identifier: Apache-2.0
// An uploaded file that is open for reading. Opened once, so that what
// was checked is what is read, whatever becomes of the path. One thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

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
    /// At most `bytes_max` from `offset`. `file_unreadable` (unavailable).
    [[nodiscard]] Result<std::string> read_string(std::size_t offset, std::size_t bytes_max) const;
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    explicit InputFile(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
    std::size_t size_ = 0;
};

}  // namespace stoa::extraction
