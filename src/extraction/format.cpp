// SPDX-License-Identifier: Apache-2.0
#include "extraction/format.hpp"

#include "base/text_encoding.hpp"
#include "tables/csv_dialect.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace stoa::extraction {
namespace {

constexpr std::array formats = {
    FormatInfo{Format::pdf, "application/pdf", "PDF"},
    FormatInfo{Format::text, "text/plain", "plain text"},
    FormatInfo{Format::markdown, "text/markdown", "Markdown"},
    FormatInfo{Format::html, "text/html", "HTML"},
    FormatInfo{Format::docx,
               "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
               "Word (DOCX)"},
    FormatInfo{Format::csv, "text/csv", "CSV"},
};

constexpr std::string_view blanks = " \t\r\n\f";

bool is_binary(std::string_view bytes) {
    return std::any_of(bytes.begin(), bytes.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x08 || byte == 0x0B || (byte >= 0x0E && byte <= 0x1A) ||
               (byte >= 0x1C && byte <= 0x1F);
    });
}

bool begins_with_tag(std::string_view text, std::string_view tag) {
    if (text.size() <= tag.size()) return false;
    const bool same = std::equal(tag.begin(), tag.end(), text.begin(), [](char want, char is) {
        return want == (is >= 'A' && is <= 'Z' ? static_cast<char>(is - 'A' + 'a') : is);
    });
    const char after = text[tag.size()];
    return same && (after == '>' || blanks.find(after) != std::string_view::npos);
}

bool is_html(std::string_view text) {
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        const bool comment = text.starts_with("<!--");
        if (!comment && !text.starts_with("<?xml")) break;
        const std::string_view end = comment ? "-->" : ">";
        const auto found = text.find(end, 4);
        if (found == std::string_view::npos) return false;
        text.remove_prefix(found + end.size());
    }
    for (const std::string_view tag : {"<!doctype html", "<html", "<head", "<body", "<title", "<h1",
                                       "<div", "<table", "<p", "<article", "<main"}) {
        if (begins_with_tag(text, tag)) return true;
    }
    return false;
}

/// Counts the kinds of Markdown's marks, one line after another.
class MarkdownMarks {
  public:
    void add(std::string_view line) {
        const auto level = line.find_first_not_of('#');
        heading_ |= level >= 1 && level <= 6 && line.size() > level && line[level] == ' ';
        fence_ |= line.starts_with("```") || line.starts_with("~~~");
        list_ += line.starts_with("- ") || line.starts_with("* ") || line.starts_with("1. ");
        quote_ |= line.starts_with("> ");
        table_ |= line.starts_with("|-") || line.starts_with("| -") || line.starts_with("|:-");
        const auto link = line.find("](");
        link_ |= link != std::string_view::npos && line.find('[') < link &&
                 line.find(')', link) != std::string_view::npos;
        const auto strong = line.find("**");
        strong_ |= strong != std::string_view::npos &&
                   line.find("**", strong + 3) != std::string_view::npos;
    }
    [[nodiscard]] bool is_markdown() const {
        const int kinds = heading_ + fence_ + (list_ >= 2) + quote_ + table_ + link_ + strong_;
        return kinds >= 2 || table_ || (heading_ && headings_alone_);
    }
    void allow_headings_alone(bool allowed) { headings_alone_ = allowed; }

  private:
    bool heading_ = false, fence_ = false, quote_ = false, table_ = false, link_ = false,
         strong_ = false, headings_alone_ = false;
    int list_ = 0;
};

bool is_markdown(std::string_view text) {
    MarkdownMarks marks;
    // "# " begins a comment in scripts; as the very first line before a blank one it is a title.
    const auto first_end = text.find('\n');
    marks.allow_headings_alone(text.starts_with('#') && !text.starts_with("#!") &&
                               first_end != std::string_view::npos &&
                               text.substr(first_end + 1).starts_with('\n'));
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        marks.add(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return marks.is_markdown();
}

std::string without_returns(std::string_view bytes) {
    std::string text;
    std::string piece;
    TextDecoder decoder(bytes, detect_encoding(bytes));
    while (text.size() < sniffed_bytes && decoder.next(piece)) text += piece;
    std::erase(text, '\r');
    return text;
}

}  // namespace

std::span<const FormatInfo> readable_formats() { return formats; }

const FormatInfo& info_of(Format format) {
    return *std::find_if(formats.begin(), formats.end(),
                         [&](const FormatInfo& info) { return info.format == format; });
}

std::optional<Format> sniff(std::string_view head, std::string_view tail) {
    if (head.substr(0, 1024).find("%PDF-") != std::string_view::npos) return Format::pdf;
    if (head.starts_with("PK\x03\x04")) {
        constexpr std::string_view part = "word/document.xml";
        const bool is_docx =
            head.find(part) != std::string_view::npos || tail.find(part) != std::string_view::npos;
        return is_docx ? std::optional(Format::docx) : std::nullopt;
    }
    const auto encoding = detect_encoding(head);
    const bool wide = encoding == TextEncoding::utf_16le || encoding == TextEncoding::utf_16be;
    if (!wide && is_binary(head)) return std::nullopt;
    const std::string text = without_returns(head);
    if (wide && is_binary(text)) return std::nullopt;
    if (is_html(text)) return Format::html;
    if (is_markdown(text)) return Format::markdown;
    return tables::looks_like_csv(text) ? Format::csv : Format::text;
}

}  // namespace stoa::extraction
