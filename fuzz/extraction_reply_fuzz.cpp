// SPDX-License-Identifier: Apache-2.0
// Whatever a taken-over stoa-extract may write: it is read within bounds, and the pages that come
// out keep their promises. The first byte says in pieces of what size the rest arrives.
#include "base/text.hpp"
#include "extraction/chunking.hpp"
#include "extraction/reply.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>

namespace {

using namespace stoa::extraction;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const Page& page) {
    require(stoa::is_utf8(page.text));
    require(page.text.find('\0') == std::string::npos);
    for (const Word& word : page.words) {
        require(word.begin < word.end && word.end <= page.text.size());
    }
    require(words_from_json(words_to_json(page.words))->size() == page.words.size());
    for (const Chunk& chunk : split_page(page, {20, 5}, 0)) {
        require(chunk.begin < chunk.end && chunk.end <= page.text.size());
        const std::string_view text =
            std::string_view(page.text).substr(chunk.begin, chunk.end - chunk.begin);
        require(stoa::is_utf8(text) && stoa::count_code_points(text) <= 20);
    }
}

/// False once the bytes are refused.
bool drain(ReplyParser& parser) {
    while (true) {
        const auto event = parser.next();
        if (!event) return false;
        if (!*event) return true;
        if (const auto* page = std::get_if<Page>(&**event)) check(*page);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const std::size_t piece = data[0] + std::size_t{1};
    Limits limits;
    limits.pages_max = 100;
    limits.page_bytes_max = 4096;
    ReplyParser parser(limits);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        parser.feed(bytes.substr(0, piece));
        if (!drain(parser)) break;
    }
    return 0;
}
