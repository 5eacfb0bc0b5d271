// SPDX-License-Identifier: Apache-2.0
// Any bytes as text: the ids are a whole sequence within its limit, and a smaller limit cuts the
// same sequence shorter.
#include "embedding/tokenizer.hpp"
#include "embedding/vocabulary.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace stoa::embedding;

/// The special tokens at their places, then letters and pairs of letters, alone and going on.
Tokenizer make_tokenizer() {
    std::string lines;
    for (int id = 0; id < 104; ++id) {
        constexpr std::string_view special[] = {"[UNK]", "[CLS]", "[SEP]", "[MASK]"};
        lines += id < 100 ? "[unused" + std::to_string(id) + "]" : std::string(special[id - 100]);
        lines += '\n';
    }
    for (char a = 'a'; a <= 'z'; ++a) {
        lines += std::string{a, '\n', '#', '#', a, '\n'};
        for (char b = 'a'; b <= 'z'; b = static_cast<char>(b + 3)) {
            lines += std::string{a, b, '\n', '#', '#', a, b, '\n'};
        }
    }
    auto vocabulary = Vocabulary::parse_lines(lines);
    if (!vocabulary) std::abort();
    return Tokenizer(std::make_shared<const Vocabulary>(std::move(*vocabulary)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Tokenizer tokenizer = make_tokenizer();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto ids = tokenizer.encode(text);
    if (ids.size() < 2 || ids.size() > 256 || ids.front() != 101 || ids.back() != 102) std::abort();
    for (const auto id : ids) {
        if (id < 0 || static_cast<std::size_t>(id) >= tokenizer.vocabulary().size()) std::abort();
    }
    auto shorter = tokenizer.encode(text, 9);
    if (shorter.size() > 9 || shorter.back() != 102) std::abort();
    shorter.pop_back();
    if (!std::equal(shorter.begin(), shorter.end(), ids.begin())) std::abort();
    (void)Vocabulary::parse_lines(text);
    (void)Vocabulary::parse_json(text);
    return 0;
}
