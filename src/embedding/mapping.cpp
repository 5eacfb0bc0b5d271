// SPDX-License-Identifier: Apache-2.0
#include "embedding/mapping.hpp"

#include "crypto/hash.hpp"

#include <new>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::embedding {

std::optional<Mapping> Mapping::of_file(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return std::nullopt;
    struct stat status{};
    void* address = MAP_FAILED;
    if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        address = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED,
                         descriptor, 0);
    }
    ::close(descriptor);
    if (address == MAP_FAILED) return std::nullopt;
    return Mapping({static_cast<std::byte*>(address), static_cast<std::size_t>(status.st_size)},
                   false);
}

Mapping Mapping::of_memory(std::size_t bytes) {
    void* address =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) throw std::bad_alloc();
    return Mapping({static_cast<std::byte*>(address), bytes}, true);
}

Mapping::Mapping(Mapping&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), writable_(other.writable_) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(writable_, other.writable_);
    return *this;
}

Mapping::~Mapping() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

std::span<std::byte> Mapping::writable() const {
    if (!writable_) throw std::logic_error("a mapped file is not for writing");
    return bytes_;
}

void Mapping::release_pages() const {
    if (!writable_) ::madvise(bytes_.data(), bytes_.size(), MADV_DONTNEED);
}

std::string sha256_hex(std::span<const std::byte> bytes) {
    const auto* first = reinterpret_cast<const char*>(bytes.data());
    return crypto::to_hex(crypto::sha256({first, bytes.size()}));
}

}  // namespace stoa::embedding
