// SPDX-License-Identifier: Apache-2.0
// A model's answer, any bytes: whatever is read as a quote stands in its passage.
#include "llm/quotes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto half = bytes.find('\n') == std::string_view::npos ? size / 2 : bytes.find('\n');
    const std::vector<stoa::llm::Passage> passages{
        {"a", "A title", 1, std::string(bytes.substr(0, half))},
        {"b", "Another", 2, "The cell's power house is the mitochondrion.\nIt has two membranes."}};
    for (const auto& quote : stoa::llm::read_quotes(bytes.substr(half), passages)) {
        const std::string_view text = passages.at(quote.passage).text;
        const auto range = stoa::llm::find_quote(text, quote.text);
        if (!range || range->begin >= range->end || range->end > text.size()) std::abort();
    }
    return 0;
}
