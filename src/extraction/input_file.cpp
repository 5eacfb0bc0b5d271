// SPDX-License-Identifier: Apache-2.0
#include "extraction/input_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::extraction {
namespace {

auto unreadable() {
    return unavailable("file_unreadable", "The uploaded file cannot be read at the moment.");
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
    InputFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (file.descriptor_ < 0 || fstat(file.descriptor_, &status) != 0) return unreadable();
    if (!S_ISREG(status.st_mode)) return unreadable();
    if (status.st_size == 0) {
        return fail(ErrorKind::invalid, "file_empty",
                    "The file is empty (0 bytes); upload one that has content.");
    }
    file.size_ = static_cast<std::size_t>(status.st_size);
    return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

InputFile::~InputFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

Result<std::string> InputFile::read_string(std::size_t offset, std::size_t bytes_max) const {
    std::string bytes(bytes_max, '\0');
    while (true) {
        const ssize_t count =
            pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable();
        bytes.resize(static_cast<std::size_t>(count));
        return bytes;
    }
}

}  // namespace stoa::extraction
