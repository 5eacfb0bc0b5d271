// SPDX-License-Identifier: Apache-2.0
#include "extraction/input_file.hpp"

#include <array>
#include <cerrno>
#include <string_view>
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
    return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

InputFile::~InputFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

Result<std::size_t> InputFile::read_at(std::size_t offset, std::span<char> to) const {
    while (true) {
        const ssize_t count = pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return unreadable();
    }
}

Result<bool> InputFile::is_pdf() const {
    std::array<char, 1024> head{};
    const auto count = read_at(0, head);
    if (!count) return fail(count);
    return std::string_view(head.data(), *count).find("%PDF-") != std::string_view::npos;
}

}  // namespace stoa::extraction
