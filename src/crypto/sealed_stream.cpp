// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_stream.hpp"

#include "crypto/random.hpp"

#include <algorithm>
#include <utility>

#include <sodium.h>

namespace stoa::crypto {
namespace {

constexpr std::string_view magic = "stoa-s1\n";
constexpr std::size_t prefix_bytes = SealedStream::header_bytes - magic.size();
static_assert(SealedStream::tag_bytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(prefix_bytes + 5 == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

/// Even nothing has a segment, so that its end is authenticated.
std::uint64_t segments_of(std::uint64_t plain_bytes) {
    return std::max<std::uint64_t>(
        1, (plain_bytes + SealedStream::segment_bytes - 1) / SealedStream::segment_bytes);
}

}  // namespace

SealedStream::SealedStream(const SecretKey& key, std::string place, std::string header,
                           std::uint64_t plain_bytes)
    : key_(key), place_(std::move(place)), header_(std::move(header)), plain_bytes_(plain_bytes) {}

SealedStream SealedStream::make(const SecretKey& key, std::string place,
                                std::uint64_t plain_bytes) {
    return {key, std::move(place), std::string(magic) + random_bytes(prefix_bytes), plain_bytes};
}

std::optional<SealedStream> SealedStream::read(std::string_view header, std::uint64_t sealed_bytes,
                                               const SecretKey& key, std::string place) {
    if (header.size() != header_bytes || !header.starts_with(magic)) return std::nullopt;
    if (sealed_bytes < header_bytes + tag_bytes) return std::nullopt;
    const auto body = sealed_bytes - header_bytes;
    const auto segments = (body + sealed_segment_bytes - 1) / sealed_segment_bytes;
    if (segments > segments_max || body < segments * tag_bytes) return std::nullopt;
    const auto plain_bytes = body - segments * tag_bytes;
    if (segments_of(plain_bytes) != segments) return std::nullopt;
    return SealedStream(key, std::move(place), std::string(header), plain_bytes);
}

std::uint64_t SealedStream::segment_count() const { return segments_of(plain_bytes_); }

std::uint64_t SealedStream::offset_of(std::uint64_t segment) {
    return header_bytes + segment * sealed_segment_bytes;
}

std::size_t SealedStream::sealed_bytes_of(std::uint64_t segment) const {
    const auto left = plain_bytes_ - std::min(plain_bytes_, segment * segment_bytes);
    return static_cast<std::size_t>(std::min<std::uint64_t>(left, segment_bytes)) + tag_bytes;
}

/// The random part, the segment's number, and whether it is the last.
ByteArray<24> SealedStream::nonce_of(std::uint64_t segment) const {
    ByteArray<24> nonce{};
    std::copy_n(data(header_) + magic.size(), prefix_bytes, nonce.begin());
    for (std::size_t i = 0; i < 4; ++i) {
        nonce[prefix_bytes + i] = static_cast<std::uint8_t>(segment >> (8 * (3 - i)));
    }
    nonce[prefix_bytes + 4] = segment + 1 == segment_count() ? 1 : 0;
    return nonce;
}

std::string SealedStream::seal(std::uint64_t segment, std::string_view plain) const {
    std::string sealed(plain.size() + tag_bytes, '\0');
    const auto nonce = nonce_of(segment);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        reinterpret_cast<unsigned char*>(sealed.data()), nullptr, data(plain), plain.size(),
        crypto::data(place_), place_.size(), nullptr, nonce.data(), key_.data());
    return sealed;
}

std::optional<std::string> SealedStream::open(std::uint64_t segment,
                                              std::string_view sealed) const {
    if (segment >= segment_count() || sealed.size() != sealed_bytes_of(segment)) {
        return std::nullopt;
    }
    std::string plain(sealed.size() - tag_bytes, '\0');
    const auto nonce = nonce_of(segment);
    const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, data(sealed),
        sealed.size(), crypto::data(place_), place_.size(), nonce.data(), key_.data());
    if (failed != 0) return std::nullopt;
    return plain;
}

}  // namespace stoa::crypto
