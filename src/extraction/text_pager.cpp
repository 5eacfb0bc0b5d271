// SPDX-License-Identifier: Apache-2.0
#include "extraction/text_pager.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace stoa::extraction {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;

auto not_text() {
    return fail(ErrorKind::unsupported_type, "unsupported_file",
                "The file is neither a PDF nor text in UTF-8; upload a PDF or a text file.");
}

/// The bytes of the next page with what separates it from the one after; `text` is all there is if
/// `last`, and otherwise longer than a page.
std::size_t page_end(std::string_view text, bool last) {
    const std::string_view window = text.substr(0, text_page_bytes_max);
    if (const auto feed = window.find('\f'); feed != std::string_view::npos) return feed + 1;
    if (last && text.size() <= text_page_bytes_max) return text.size();
    // A page less than half full is worse than one that ends within a paragraph.
    for (const std::string_view end : {"\n\n", "\n", " "}) {
        const auto found = window.rfind(end);
        if (found != std::string_view::npos && found > text_page_bytes_max / 2) {
            return found + end.size();
        }
    }
    return cut_utf8(text, text_page_bytes_max).size();
}

/// Takes bytes as they are read and has pages of them.
class Pager {
  public:
    /// False if the bytes are not text.
    bool feed(std::string_view bytes, bool last) {
        raw_ += bytes;
        // The last character of a piece may be cut, and its "\r" may belong to a "\r\n".
        std::size_t whole = last ? raw_.size() : cut_utf8(raw_, raw_.size() - 1).size();
        if (!last && whole > 0 && raw_[whole - 1] == '\r') --whole;
        std::string_view text = std::string_view(raw_).substr(0, whole);
        if (!is_utf8(text) || text.find('\0') != std::string_view::npos) return false;
        if (std::exchange(at_start_, false) && text.starts_with("\xEF\xBB\xBF")) {
            text.remove_prefix(3);
        }
        append_lines(text);
        raw_.erase(0, whole);
        return raw_.size() < 8;
    }

    /// Moves the next page into `page`, unless it takes more bytes to know where it ends. Pages of
    /// white space alone are left out.
    bool next(Page& page, bool last) {
        while (!text_.empty() && (last || text_.size() > text_page_bytes_max)) {
            const std::size_t end = page_end(text_, last);
            std::string text = text_.substr(0, end);
            text_.erase(0, end);
            while (!text.empty() &&
                   std::string_view("\n\f ").find(text.back()) != std::string_view::npos) {
                text.pop_back();
            }
            if (text.empty()) continue;
            page = Page{};
            page.number = ++pages_;
            page.text = std::move(text);
            return true;
        }
        return false;
    }

  private:
    void append_lines(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool before_newline = i + 1 < text.size() && text[i + 1] == '\n';
            if (text[i] != '\r')
                text_ += text[i];
            else if (!before_newline)
                text_ += '\n';
        }
    }

    std::string raw_;   ///< not yet checked
    std::string text_;  ///< not yet given out
    bool at_start_ = true;
    int pages_ = 0;
};

}  // namespace

Result<void> for_each_text_page(const InputFile& file,
                                const std::function<Result<void>(Page&&)>& on_page) {
    Pager pager;
    std::array<char, piece_bytes> piece{};
    Page page;
    std::size_t offset = 0;
    for (bool last = false; !last;) {
        const auto count = file.read_at(offset, piece);
        if (!count) return fail(count);
        offset += *count;
        last = *count == 0;
        if (!pager.feed({piece.data(), *count}, last)) return not_text();
        while (pager.next(page, last)) {
            if (auto done = on_page(std::move(page)); !done) return done;
        }
    }
    return {};
}

Result<int> count_text_pages(const InputFile& file) {
    int count = 0;
    auto read = for_each_text_page(file, [&](Page&&) -> Result<void> {
        ++count;
        return {};
    });
    if (!read) return fail(read);
    return count;
}

}  // namespace stoa::extraction
