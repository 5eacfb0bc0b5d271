// SPDX-License-Identifier: Apache-2.0
// No bytes are a valid token unless the key signed them: the key here is known to nobody.
#include "crypto/jwt.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace crypto = stoa::crypto;
    static const crypto::PublicKey key = crypto::make_key_pair().public_key;
    const crypto::FindKey find_key = [](std::string_view) { return std::optional(key); };
    const crypto::JwtRules rules{.issuer = "https://stoa.example", .audience = "stoa"};
    const std::string_view token(reinterpret_cast<const char*>(data), size);
    const auto verified =
        crypto::verify_jwt(token, find_key, rules, stoa::Time(std::chrono::seconds(1'800'000'000)));
    if (verified) std::abort();
    return 0;
}
