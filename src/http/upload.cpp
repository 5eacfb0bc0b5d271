// SPDX-License-Identifier: Apache-2.0
#include "http/upload.hpp"

#include "base/text.hpp"

#include <array>

#include <openssl/evp.h>

namespace stoa::http {
namespace {

std::string to_hex(const unsigned char* bytes, std::size_t size) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        hex.push_back(digits[bytes[i] >> 4]);
        hex.push_back(digits[bytes[i] & 15]);
    }
    return hex;
}

}  // namespace

void Upload::FreeDigest::operator()(evp_md_ctx_st* digest) const { EVP_MD_CTX_free(digest); }

Upload::Upload(std::filesystem::path directory, std::string_view boundary,
               std::uint64_t file_bytes_max)
    : directory_(std::move(directory)),
      file_bytes_left_(file_bytes_max),
      parser_(boundary, *this) {}

Result<std::vector<Part>> Upload::finish() {
    if (auto finished = parser_.finish(); !finished) return fail(finished);
    return std::move(parts_);
}

Result<void> Upload::begin_part(PartHead head) {
    auto& part = parts_.emplace_back();
    part.name = std::move(head.name);
    part.file_name = std::move(head.file_name);
    part.content_type = std::move(head.content_type);
    in_file_ = head.is_file;
    return in_file_ ? open_file() : Result<void>();
}

Result<void> Upload::open_file() {
    auto file = UnnamedFile::make(directory_);
    if (!file) return fail(file);
    parts_.back().file = std::make_shared<UnnamedFile>(std::move(*file));
    digest_.reset(EVP_MD_CTX_new());
    if (!digest_ || EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) != 1) {
        return fail(ErrorKind::internal, "storage_failed", "OpenSSL has no SHA-256.");
    }
    return {};
}

Result<void> Upload::write_part(std::string_view bytes) {
    if (in_file_) return write_file(bytes);
    auto& value = parts_.back().value;
    if (value.size() + bytes.size() > value_bytes_max) {
        return fail(ErrorKind::too_large, "value_too_large",
                    "A part without a file name should have at most 64 KiB.");
    }
    value.append(bytes);
    return {};
}

Result<void> Upload::write_file(std::string_view bytes) {
    if (bytes.size() > file_bytes_left_) {
        return fail(ErrorKind::too_large, "file_too_large", "The upload is too large.");
    }
    file_bytes_left_ -= bytes.size();
    parts_.back().file_bytes += bytes.size();
    EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size());
    return parts_.back().file->append(bytes);
}

Result<void> Upload::end_part() {
    if (!in_file_) {
        const auto& value = parts_.back().value;
        if (is_utf8(value) && value.find('\0') == std::string::npos) return {};
        return fail(ErrorKind::malformed, "malformed_multipart",
                    "A part without a file name should be UTF-8 text without U+0000.");
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    unsigned int size = 0;
    EVP_DigestFinal_ex(digest_.get(), hash.data(), &size);
    parts_.back().file_sha256_hex = to_hex(hash.data(), size);
    return {};
}

}  // namespace stoa::http
