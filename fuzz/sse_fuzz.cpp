// SPDX-License-Identifier: Apache-2.0
// Any bytes, cut anywhere, give the same events as when they come whole.
#include "llm/sse_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::size_t step = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto read = [&](std::size_t piece) {
        std::vector<std::string> seen;
        stoa::llm::SseParser parser;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            const auto fed =
                parser.feed(bytes.substr(at, piece), [&](const stoa::llm::ServerEvent& event) {
                    seen.push_back(event.type + "\n" + event.data);
                    return true;
                });
            if (!fed) break;
        }
        return seen;
    };
    if (read(step) != read(bytes.size() + 1)) std::abort();
    return 0;
}
