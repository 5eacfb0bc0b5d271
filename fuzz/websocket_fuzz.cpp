// SPDX-License-Identifier: Apache-2.0
// However frames are cut, the same messages come out; no message is longer than allowed, and texts
// are UTF-8. The first byte says where to cut.
#include "base/text.hpp"
#include "http/websocket_frame.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using stoa::http::FrameReader;
using Event = FrameReader::Event;

constexpr std::size_t message_bytes_max = 300;

std::string read(std::string_view bytes, std::size_t piece) {
    std::string text;
    FrameReader reader(message_bytes_max);
    while (!bytes.empty()) {
        auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        for (;;) {
            const auto event = reader.next(part);
            if (event == Event::more) break;
            text += static_cast<char>('0' + static_cast<int>(event));
            if (event == Event::failed) return text + std::to_string(reader.close_code());
            text += reader.payload();
            if (reader.payload().size() > message_bytes_max) std::abort();
            const bool is_text = event == Event::text || event == Event::close;
            if (is_text && !stoa::is_utf8(reader.payload())) std::abort();
            if (event == Event::close) return text + std::to_string(reader.close_code());
        }
        if (!part.empty()) std::abort();
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read(bytes, size);
    if (read(bytes, 1) != whole || read(bytes, 1U + data[0]) != whole) std::abort();
    (void)stoa::http::accept_key(bytes);
    return 0;
}
