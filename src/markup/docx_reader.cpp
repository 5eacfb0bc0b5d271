// SPDX-License-Identifier: Apache-2.0
#include "markup/docx_reader.hpp"

#include "markup/xml_events.hpp"
#include "markup/zip_archive.hpp"

#include <charconv>
#include <map>
#include <string>

namespace stoa::markup {
namespace {

/// The heading level of a style, 1 to 6, or 0; Word counts outline levels from 0.
int level_of_outline(std::string_view value) {
    int level = -1;
    std::from_chars(value.data(), value.data() + value.size(), level);
    return level >= 0 && level < 9 ? std::min(level + 1, 6) : 0;
}

/// "heading 1", which is a style's name in every language of Word; 0 for other names.
int level_of_name(std::string_view name) {
    if (name == "Title" || name == "title") return 1;
    if (name.size() != 9 || (name.substr(0, 8) != "heading " && name.substr(0, 8) != "Heading ")) {
        return 0;
    }
    return name[8] >= '1' && name[8] <= '9' ? std::min(name[8] - '0', 6) : 0;
}

using StyleLevels = std::map<std::string, int, std::less<>>;

/// Reads word/styles.xml.
class Styles : public XmlEvents {
  public:
    void on_start(std::string_view name, const XmlAttributes& attributes) override {
        if (name == "style") style_ = attributes.value("styleId");
        if (style_.empty() || levels.size() > 10'000) return;
        const std::string_view value = attributes.value("val");
        if (name == "name" && level_of_name(value) > 0) levels[style_] = level_of_name(value);
        if (name == "outlineLvl") levels[style_] = level_of_outline(value);
    }
    void on_end(std::string_view name) override {
        if (name == "style") style_.clear();
    }
    void on_text(std::string_view) override {}

    StyleLevels levels;

  private:
    std::string style_;
};

/// Reads word/document.xml and the notes.
class Body : public XmlEvents {
  public:
    Body(FlowWriter& writer, const StyleLevels& levels) : writer_(writer), levels_(levels) {}

    void on_start(std::string_view name, const XmlAttributes& attributes) override {
        if (name == "Fallback") ++hidden_;
        in_text_ = name == "t";
        if (name == "p") {
            end_paragraph();
        } else if (name == "pStyle") {
            const auto level = levels_.find(attributes.value("val"));
            if (level != levels_.end() && level->second > 0) writer_.begin_heading(level->second);
        } else if (name == "outlineLvl") {
            if (const int level = level_of_outline(attributes.value("val")); level > 0) {
                writer_.begin_heading(level);
            }
        } else if (name == "tab") {
            writer_.add(" ");
        } else if (name == "br" && attributes.value("type") == "page") {
            writer_.end_page();
        } else if (name == "br" || name == "cr") {
            writer_.end_line();
        } else if (name == "noBreakHyphen") {
            writer_.add("-");
        } else if (name == "tc") {
            ++cells_;
        }
    }
    void on_end(std::string_view name) override {
        in_text_ = false;
        if (name == "Fallback" && hidden_ > 0) --hidden_;
        if (name == "p") end_paragraph();
        if (name == "tc") {
            if (cells_ > 0) --cells_;
            writer_.end_cell();
        }
        if (name == "tr") writer_.end_line();
        if (name == "tbl") writer_.end_paragraph();
    }
    void on_text(std::string_view text) override {
        if (in_text_ && hidden_ == 0) writer_.add(text);
    }

  private:
    /// Paragraphs within a row of a table stay on its line.
    void end_paragraph() {
        writer_.end_heading();
        if (cells_ > 0)
            writer_.add(" ");
        else
            writer_.end_paragraph();
    }

    FlowWriter& writer_;
    const StyleLevels& levels_;
    bool in_text_ = false;
    int hidden_ = 0;
    int cells_ = 0;
};

/// Reads docProps/core.xml.
class Properties : public XmlEvents {
  public:
    void on_start(std::string_view name, const XmlAttributes&) override {
        in_title_ = name == "title";
    }
    void on_end(std::string_view) override { in_title_ = false; }
    void on_text(std::string_view text) override {
        if (in_title_) title.add(text);
    }

    FlowWriter title{1000};

  private:
    bool in_title_ = false;
};

/// False if the archive has no such part.
Read<bool> read_part(ZipArchive& archive, const char* name, XmlEvents& events,
                     const FlowWriter* writer = nullptr) {
    XmlParser parser(events);
    bool well_formed = true;
    bool full = false;
    const auto found = archive.read(name, [&](std::string_view piece) {
        well_formed = parser.feed(piece);
        full = writer != nullptr && writer->is_full();
        return well_formed && !full;
    });
    if (!found) return found;
    if (full) return tl::unexpected(ReadFailure::too_large);
    if (*found && (!well_formed || !parser.finish())) return tl::unexpected(ReadFailure::damaged);
    return found;
}

}  // namespace

Read<FlowText> read_docx(std::string_view bytes, const DocxLimits& limits) {
    auto archive = ZipArchive::open(bytes, limits.inflated_bytes_max);
    if (!archive) return tl::unexpected(archive.error());
    Styles styles;
    if (const auto read = read_part(*archive, "word/styles.xml", styles); !read) {
        return tl::unexpected(read.error());
    }
    Properties properties;
    if (const auto read = read_part(*archive, "docProps/core.xml", properties); !read) {
        return tl::unexpected(read.error());
    }
    FlowWriter writer(limits.text_bytes_max);
    for (const char* part : {"word/document.xml", "word/footnotes.xml", "word/endnotes.xml"}) {
        Body body(writer, styles.levels);
        const auto read = read_part(*archive, part, body, &writer);
        if (!read) return tl::unexpected(read.error());
        if (!*read && std::string_view(part) == "word/document.xml") {
            return tl::unexpected(ReadFailure::damaged);
        }
        writer.end_paragraph();
    }
    FlowText flow = writer.take();
    flow.title = properties.title.take().text;
    return flow;
}

}  // namespace stoa::markup
