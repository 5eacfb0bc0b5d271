// SPDX-License-Identifier: Apache-2.0
// A file that is open for reading: on the disk, or in memory alone. Opened once, so that what was
// checked is what is read, whatever becomes of the path. One thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace stoa::extraction {

class InputFile {
  public:
    /// `file_unreadable` (unavailable) if there is no such regular file, `file_empty` (invalid).
    static Result<InputFile> open(const std::filesystem::path& path);
    /// Takes over a descriptor of a regular file or of memory; errors as `open`.
    static Result<InputFile> adopt(int descriptor);
    /// A file without a name that holds these bytes, one piece behind the other; errors as `open`.
    static Result<InputFile> hold(std::initializer_list<std::string_view> pieces);
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
