// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret_box.hpp"

#include "crypto/random.hpp"

#include <sodium.h>

namespace stoa::crypto {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

}  // namespace

std::string seal(std::string_view plain, const SecretKey& key, std::string_view purpose) {
    std::string box = random_bytes(nonce_bytes);
    box.resize(nonce_bytes + plain.size() + tag_bytes);
    auto* out = reinterpret_cast<unsigned char*>(box.data());
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + nonce_bytes, nullptr, data(plain),
                                               plain.size(), data(purpose), purpose.size(), nullptr,
                                               out, key.data());
    return box;
}

std::optional<std::string> open(std::string_view box, const SecretKey& key,
                                std::string_view purpose) {
    if (box.size() < nonce_bytes + tag_bytes) return std::nullopt;
    const auto sealed = box.substr(nonce_bytes);
    std::string plain(sealed.size() - tag_bytes, '\0');
    const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, data(sealed),
        sealed.size(), data(purpose), purpose.size(), data(box), key.data());
    if (failed != 0) return std::nullopt;
    return plain;
}

}  // namespace stoa::crypto
