// SPDX-License-Identifier: Apache-2.0
#include "markup/html_reader.hpp"

#include "base/text_encoding.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>

namespace stoa::markup {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 10> never_shown = {
    "script", "style", "template", "noscript", "iframe",
    "object", "svg",   "math",     "select",   "textarea"};
constexpr std::array<std::string_view, 23> paragraphs = {
    "p",     "div",        "section", "article", "main",    "header", "footer", "nav",
    "aside", "blockquote", "pre",     "table",   "ul",      "ol",     "dl",     "figure",
    "form",  "fieldset",   "address", "hr",      "details", "body",   "summary"};
constexpr std::array<std::string_view, 7> lines = {"br", "li",      "tr",        "dt",
                                                   "dd", "caption", "figcaption"};

int heading_level(std::string_view name) {
    return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' ? name[1] - '0'
                                                                                  : 0;
}

/// Takes the parser's events.
class HtmlText {
  public:
    explicit HtmlText(std::size_t bytes_max) : writer_(bytes_max), title_(title_bytes_max) {}

    static void start(void* self, const xmlChar* name, const xmlChar**) {
        static_cast<HtmlText*>(self)->on_start(reinterpret_cast<const char*>(name));
    }
    static void end(void* self, const xmlChar* name) {
        static_cast<HtmlText*>(self)->on_end(reinterpret_cast<const char*>(name));
    }
    static void text(void* self, const xmlChar* bytes, int count) {
        static_cast<HtmlText*>(self)->on_text(
            {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
    }

    [[nodiscard]] bool is_full() const { return writer_.is_full(); }
    FlowText take() {
        FlowText flow = writer_.take();
        flow.title = title_.take().text;
        return flow;
    }

  private:
    static constexpr std::size_t title_bytes_max = 1000;

    void on_start(std::string_view name) {
        hidden_ += is_one_of(name, never_shown);
        if (name == "title") in_title_ = true;
        pre_ += name == "pre";
        if (const int level = heading_level(name); level > 0) {
            writer_.end_paragraph();
            writer_.begin_heading(level);
        }
        around(name);
    }
    void on_end(std::string_view name) {
        if (hidden_ > 0 && is_one_of(name, never_shown)) --hidden_;
        if (name == "title") in_title_ = false;
        if (pre_ > 0 && name == "pre") --pre_;
        if (name == "td" || name == "th") writer_.end_cell();
        if (heading_level(name) > 0) {
            writer_.end_heading();
            writer_.end_paragraph();
        }
        around(name);
    }
    void around(std::string_view name) {
        if (is_one_of(name, paragraphs)) writer_.end_paragraph();
        if (is_one_of(name, lines)) writer_.end_line();
    }
    void on_text(std::string_view text) {
        if (in_title_)
            title_.add(text);
        else if (hidden_ == 0)
            writer_.add(text, pre_ > 0);
    }

    FlowWriter writer_;
    FlowWriter title_;
    int hidden_ = 0;
    int pre_ = 0;
    bool in_title_ = false;
};

/// What the page says of itself, as far as it is to be believed.
TextEncoding encoding_of(std::string_view bytes) {
    const TextEncoding detected = detect_encoding(bytes);
    if (detected == TextEncoding::utf_16le || detected == TextEncoding::utf_16be) return detected;
    if (bytes.starts_with("\xEF\xBB\xBF")) return TextEncoding::utf_8;
    std::string head(bytes.substr(0, 1024));
    std::transform(head.begin(), head.end(), head.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    auto at = head.find("charset=");
    if (at == std::string::npos) return detected;
    at += 8;
    while (at < head.size() && (head[at] == '"' || head[at] == '\'')) ++at;
    const std::string_view name = std::string_view(head).substr(at);
    if (name.starts_with("utf-8")) return TextEncoding::utf_8;
    if (name.starts_with("iso-8859-1") || name.starts_with("windows-1252") ||
        name.starts_with("latin1")) {
        return TextEncoding::windows_1252;
    }
    return detected;
}

}  // namespace

void prepare_xml_library() { xmlInitParser(); }

Read<FlowText> read_html(std::string_view bytes, std::size_t text_bytes_max) {
    htmlSAXHandler events{};
    events.startElement = HtmlText::start;
    events.endElement = HtmlText::end;
    events.characters = HtmlText::text;
    events.cdataBlock = nullptr;
    events.ignorableWhitespace = HtmlText::text;
    HtmlText text(text_bytes_max);
    const std::unique_ptr<htmlParserCtxt, void (*)(htmlParserCtxtPtr)> parser(
        htmlCreatePushParserCtxt(&events, &text, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8),
        htmlFreeParserCtxt);
    if (!parser) return tl::unexpected(ReadFailure::too_large);
    // The bytes are UTF-8 by then, whatever the page says: libxml2 must not convert them again.
    htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                         HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                         HTML_PARSE_IGNORE_ENC);
    TextDecoder decoder(bytes, encoding_of(bytes));
    for (std::string piece; decoder.next(piece);) {
        htmlParseChunk(parser.get(), piece.data(), static_cast<int>(piece.size()), 0);
        if (text.is_full()) return tl::unexpected(ReadFailure::too_large);
    }
    htmlParseChunk(parser.get(), nullptr, 0, 1);
    if (text.is_full()) return tl::unexpected(ReadFailure::too_large);
    FlowText flow = text.take();
    flow.replaced += decoder.replaced();
    return flow;
}

}  // namespace stoa::markup
