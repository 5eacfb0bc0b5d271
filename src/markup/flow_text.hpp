// SPDX-License-Identifier: Apache-2.0
// Text without pages, as HTML, DOCX and Markdown have it, with its headings. Readers build it
// through a FlowWriter, which collapses white space as a browser does: lines end with "\n",
// paragraphs with "\n\n", and nothing is doubled. Values; a writer belongs to one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace stoa::markup {

/// A heading is the bytes [begin, end) of the text, never empty.
struct FlowHeading {
    std::size_t begin, end;
    int level;  ///< 1 to 6
    bool operator==(const FlowHeading&) const = default;
};

struct FlowText {
    std::string text;  ///< UTF-8 without NUL; a "\f" parts pages where the document does
    std::vector<FlowHeading> headings;
    std::string title;         ///< the document's own; often empty
    std::size_t replaced = 0;  ///< characters that could not be read
};

enum class ReadFailure {
    damaged,   ///< not what it claims to be, or cut off
    too_large  ///< it unpacks to more than is allowed
};

template <class T>
using Read = tl::expected<T, ReadFailure>;

class FlowWriter {
  public:
    explicit FlowWriter(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// Text between marks; runs of white space become one space unless `preformatted`.
    void add(std::string_view text, bool preformatted = false);
    void end_line() { widen(Gap::line); }
    void end_paragraph() { widen(Gap::paragraph); }
    void end_page() { widen(Gap::page); }
    /// A gap within a line that is wider than a space, between the cells of a table.
    void end_cell() { widen(Gap::cell); }
    /// Text until `end_heading` is a heading; headings do not nest.
    void begin_heading(int level);
    void end_heading();
    /// True once there is more text than allowed; what comes then is dropped.
    [[nodiscard]] bool is_full() const { return text_.size() > bytes_max_; }

    FlowText take();

  private:
    enum class Gap { none, space, cell, line, paragraph, page };
    void widen(Gap gap) { gap_ = gap > gap_ ? gap : gap_; }
    void put(char c);

    std::size_t bytes_max_;
    std::string text_;
    std::vector<FlowHeading> headings_;
    Gap gap_ = Gap::none;
    std::size_t indent_ = 0;  ///< spaces of preformatted text that are to stand behind the gap
    int level_ = 0;           ///< of the open heading
    bool heading_begun_ = false;
};

/// Headings of Markdown: "# …" to "###### …" and lines underlined with "=" or "-" (CommonMark 4.2
/// and 4.3), outside fenced code.
std::vector<FlowHeading> markdown_headings(std::string_view text);

}  // namespace stoa::markup
