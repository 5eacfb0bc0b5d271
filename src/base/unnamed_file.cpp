// SPDX-License-Identifier: Apache-2.0
#include "base/unnamed_file.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace stoa {
namespace {

/// File systems without O_TMPFILE: a name for a moment.
int open_and_unlink(const std::filesystem::path& directory) {
    std::string pattern = (directory / ".unnamed-XXXXXX").string();
    const int descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor >= 0) ::unlink(pattern.c_str());
    return descriptor;
}

}  // namespace

tl::unexpected<Error> storage_error(int error) {
    if (error == ENOSPC || error == EDQUOT) {
        return unavailable("storage_full", "There is no room to store the file; try again later.",
                           std::chrono::seconds(60));
    }
    return fail(ErrorKind::internal, "storage_failed",
                "storing a file: " + std::generic_category().message(error));
}

Result<UnnamedFile> UnnamedFile::make(const std::filesystem::path& directory) {
    int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        descriptor = open_and_unlink(directory);
    }
    if (descriptor < 0) return storage_error(errno);
    return UnnamedFile(descriptor);
}

UnnamedFile::~UnnamedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

UnnamedFile::UnnamedFile(UnnamedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

Result<void> UnnamedFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return storage_error(errno);
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> UnnamedFile::read(std::uint64_t offset, std::size_t bytes_max) const {
    std::string bytes(bytes_max, '\0');
    std::size_t got = 0;
    while (got < bytes_max) {
        const auto count = ::pread(descriptor_, bytes.data() + got, bytes_max - got,
                                   static_cast<off_t>(offset + got));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return storage_error(errno);
        if (count == 0) break;
        got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
}

int UnnamedFile::duplicate() const { return ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0); }

}  // namespace stoa
