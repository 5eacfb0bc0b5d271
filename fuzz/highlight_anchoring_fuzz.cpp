// SPDX-License-Identifier: Apache-2.0
// A quote and what stands around it, looked for in pages of any text: what is found stands there,
// reads as the quote does, and lies within its pages.
#include "base/text.hpp"
#include "documents/highlight_anchoring.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace documents = stoa::documents;

void check(const documents::Candidate& candidate, const documents::FoldedSelector& selector,
           const std::vector<stoa::extraction::Page>& pages) {
    const auto anchor = documents::anchor_at(candidate, pages);
    if (!anchor) std::abort();
    if (anchor->page < 1 || anchor->page_end < anchor->page) std::abort();
    if (anchor->page_end > static_cast<int>(pages.size())) std::abort();
    if (!stoa::is_utf8(anchor->selector.quote) || !stoa::is_utf8(anchor->selector.prefix) ||
        !stoa::is_utf8(anchor->selector.suffix)) {
        std::abort();
    }
    if (candidate.similarity < 1) return;
    const auto reads = stoa::fold(anchor->selector.quote, stoa::Folding::typography);
    if (reads.find(selector.quote) == std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (size > 8'192 || !stoa::is_utf8(text)) return 0;
    std::vector<std::string> parts;  // quote, prefix, suffix, pages
    for (std::size_t end = 0; end != std::string_view::npos && parts.size() < 20;) {
        end = text.find('\x01');
        parts.emplace_back(text.substr(0, end));
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    if (parts.size() < 4) return 0;
    const documents::FoldedSelector selector({parts[0], parts[1], parts[2]});
    std::vector<stoa::extraction::Page> pages;
    documents::FoldedPages folded(1);
    for (std::size_t i = 3; i < parts.size(); ++i) {
        stoa::extraction::Page page;
        page.number = static_cast<int>(pages.size()) + 1;
        page.text = parts[i];
        folded.add(page.text);
        pages.push_back(std::move(page));
    }
    folded.finish();
    std::vector<documents::Candidate> found;
    const documents::PageRange all{1, folded.last_page()};
    documents::find_exact(folded, all, selector, found);
    documents::find_similar(folded, all, selector, found);
    for (const auto& candidate : found) check(candidate, selector, pages);
    return 0;
}
