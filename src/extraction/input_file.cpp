// SPDX-License-Identifier: Apache-2.0
#include "extraction/input_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::extraction {
namespace {

auto unreadable() {
    return unavailable("file_unreadable", "The uploaded file cannot be read at the moment.");
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
    return adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

Result<InputFile> InputFile::hold(std::initializer_list<std::string_view> pieces) {
    const int descriptor = memfd_create("stoa", MFD_CLOEXEC);
    bool written = descriptor >= 0;
    for (const std::string_view piece : pieces) written = written && write_all(descriptor, piece);
    auto file = adopt(descriptor);
    if (!written || lseek(descriptor, 0, SEEK_SET) != 0) return unreadable();
    return file;
}

Result<InputFile> InputFile::adopt(int descriptor) {
    InputFile file(descriptor);
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
