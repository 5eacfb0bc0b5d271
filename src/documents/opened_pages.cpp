// SPDX-License-Identifier: Apache-2.0
#include "documents/opened_pages.hpp"

#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

#include <algorithm>

namespace stoa::documents {
namespace {

struct TextRow {
    int page = 0;
    postgres::Bytes sealed_text;
};
BOOST_DESCRIBE_STRUCT(TextRow, (), (page, sealed_text))

struct PageRow {
    int page = 0;
    double width = 0;
    double height = 0;
    postgres::Bytes sealed_text;
    postgres::Bytes sealed_words;
};
BOOST_DESCRIBE_STRUCT(PageRow, (), (page, width, height, sealed_text, sealed_words))

constexpr int pages_at_once = 16;
constexpr std::size_t run_bytes = 1 << 20;
/// Kept before a run's own pages, so that what stands around a quote can be compared: 64 code
/// points, each of at most a few letters.
constexpr std::size_t context_bytes = 1'024;

}  // namespace

Result<std::vector<extraction::Page>> OpenedPages::list(const PageRange& wanted) {
    const auto rows =
        database_.list<PageRow>(sql::list_pages, document_, wanted.first, wanted.last);
    if (!rows) return fail(rows);
    std::vector<extraction::Page> pages;
    for (const auto& row : *rows) {
        auto text = key_.open(row.sealed_text, page_text_place(document_, row.page));
        if (!text) return fail(text);
        const auto sealed_words =
            key_.open(row.sealed_words, page_words_place(document_, row.page));
        if (!sealed_words) return fail(sealed_words);
        auto words = extraction::words_from_json(*sealed_words);
        if (!words) return fail(words);
        extraction::Page page;
        page.number = row.page;
        page.width = static_cast<float>(row.width);
        page.height = static_cast<float>(row.height);
        page.text = std::move(*text);
        page.words = std::move(*words);
        pages.push_back(std::move(page));
    }
    return pages;
}

Result<void> OpenedPages::read_texts(const PageRange& wanted, std::vector<PageText>& texts) {
    const auto rows =
        database_.list<TextRow>(sql::list_page_texts, document_, wanted.first, wanted.last);
    if (!rows) return fail(rows);
    std::size_t next = 0;
    for (int page = wanted.first; page <= wanted.last; ++page) {
        PageText read{page, {}};
        if (next < rows->size() && (*rows)[next].page == page) {
            auto text = key_.open((*rows)[next].sealed_text, page_text_place(document_, page));
            if (!text) return fail(text);
            read.text = std::move(*text);
            ++next;
        }
        texts.push_back(std::move(read));
    }
    return {};
}

Result<void> OpenedPages::visit_runs(const PageRange& wanted, std::size_t overlap_bytes,
                                     const Visit& visit) {
    std::vector<PageText> held;
    int next = wanted.first;       // not read yet
    int own_first = wanted.first;  // not visited yet
    std::size_t bytes_wanted = run_bytes + overlap_bytes;
    while (own_first <= wanted.last) {
        std::size_t bytes = 0;
        for (const auto& text : held) bytes += text.text.size();
        for (; next <= wanted.last && bytes < bytes_wanted; next += pages_at_once) {
            const auto known = held.size();
            const int last = std::min(next + pages_at_once - 1, wanted.last);
            if (auto read = read_texts({next, last}, held); !read) return read;
            for (auto i = known; i < held.size(); ++i) bytes += held[i].text.size();
        }
        FoldedPages pages(held.front().page);
        for (const auto& text : held) pages.add(text.text);
        pages.finish();
        int own_last = wanted.last;
        if (next <= wanted.last) {
            own_last = pages.last_page();
            const auto behind = [&](int page) {
                return pages.text().size() - pages.begin_of(page + 1);
            };
            while (own_last >= own_first && behind(own_last) < overlap_bytes) --own_last;
            if (own_last < own_first) {  // few letters on these pages
                bytes_wanted = bytes + run_bytes;
                continue;
            }
        }
        if (auto visited = visit(pages, {own_first, own_last}); !visited) return visited;
        own_first = own_last + 1;
        bytes_wanted = run_bytes + overlap_bytes;
        int kept = own_first;
        while (kept > pages.first_page() &&
               pages.begin_of(own_first) - pages.begin_of(kept) < context_bytes) {
            --kept;
        }
        std::erase_if(held, [&](const PageText& text) { return text.page < kept; });
    }
    return {};
}

}  // namespace stoa::documents
