// SPDX-License-Identifier: Apache-2.0
// Whatever Tesseract, or what has taken it over, may say of a picture: its words stay in order and
// between characters of the text, and their boxes on the page. The first two bytes say how large
// the picture is.
#include "base/text.hpp"
#include "extraction/ocr.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stoa::extraction;
    if (size < 2) return 0;
    const std::string_view tsv(reinterpret_cast<const char*>(data + 2), size - 2);
    Page page;
    page.width = 300;
    page.height = 200;
    page.needs_ocr = true;
    const bool found = take_recognised_words(tsv, data[0], data[1] * 256U, page);
    require(found == !page.words.empty() && found != page.needs_ocr);
    require(stoa::is_utf8(page.text) && page.text.find('\0') == std::string::npos);
    std::uint32_t before = 0;
    for (const Word& word : page.words) {
        require(word.begin >= before && word.begin < word.end && word.end <= page.text.size());
        require(
            stoa::is_utf8(std::string_view(page.text).substr(word.begin, word.end - word.begin)));
        require(0 <= word.box.x0 && word.box.x0 <= word.box.x1 && word.box.x1 <= page.width);
        require(0 <= word.box.y0 && word.box.y0 <= word.box.y1 && word.box.y1 <= page.height);
        before = word.end;
    }
    return 0;
}
