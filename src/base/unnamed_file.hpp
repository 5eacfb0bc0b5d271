// SPDX-License-Identifier: Apache-2.0
// A file without a name, for what must not outlive its process: it is gone with its last
// descriptor, also when the process is killed. Owner: whoever holds it; one thread at a time.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace stoa {

class UnnamedFile {
  public:
    /// On the file system of `directory`. `storage_full` (503), `storage_failed` (internal).
    static Result<UnnamedFile> make(const std::filesystem::path& directory);
    ~UnnamedFile();
    UnnamedFile(UnnamedFile&& other) noexcept;
    UnnamedFile(const UnnamedFile&) = delete;
    UnnamedFile& operator=(const UnnamedFile&) = delete;
    UnnamedFile& operator=(UnnamedFile&&) = delete;

    /// Behind what is there; errors as `make`.
    Result<void> append(std::string_view bytes);
    /// At most `bytes_max` from `offset`, fewer only at the end. `storage_failed`.
    [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t bytes_max) const;
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Another descriptor of the same file, which the caller closes; -1 if there is none left.
    [[nodiscard]] int duplicate() const;

  private:
    explicit UnnamedFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
    std::uint64_t size_ = 0;
};

/// What a failed call on a file means to who waits for it: `storage_full` (503) without room,
/// else `storage_failed` (internal). `error` is an errno.
tl::unexpected<Error> storage_error(int error);

}  // namespace stoa
