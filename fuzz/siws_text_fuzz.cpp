// SPDX-License-Identifier: Apache-2.0
// What is read as a Sign-In-With-Solana text is written again byte by byte, so no two texts mean
// the same and none means two things.
#include "accounts/siws.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace accounts = stoa::accounts;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto input = accounts::parse_message(text);
    if (input && accounts::build_message(*input) != text) std::abort();
    return 0;
}
