// SPDX-License-Identifier: Apache-2.0
// Reads the frames of wire.hpp as hostile bytes: a process that parses a stranger's file may have
// been taken over by it. Every length is bounded before anything is kept, text must be UTF-8
// without NUL, offsets must lie within it, pages must come in order, and nothing may follow the
// end. One thread.
#pragma once

#include "base/result.hpp"
#include "extraction/extractor.hpp"
#include "extraction/format.hpp"
#include "extraction/page.hpp"
#include "extraction/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace stoa::extraction {

struct ReplyStart {
    Format format = Format::text;
    int page_count = 0;
    std::string title;
};
/// The picture of the page that comes next.
struct ReplyImage {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string grey;  ///< width × height bytes, rows from the top
};
struct ReplyEnd {
    int broken_pages = 0;
    std::uint32_t replaced_characters = 0;
    std::uint32_t rows_left_out = 0;
};
struct ReplyTable {
    std::string json;  ///< not looked at but for its length
};
using ReplyEvent = std::variant<ReplyStart, ReplyImage, Page, ReplyEnd, ReplyTable, wire::Failure>;

class ReplyParser {
  public:
    explicit ReplyParser(const Limits& limits) : limits_(limits) {}

    /// Adds bytes as they come; call `next` until it has nothing before adding more.
    void feed(std::string_view bytes);
    /// The next event, or nothing while its frame is not complete. After a failure nothing may be
    /// asked any more: `extraction_crashed` (invalid) for bytes that the program would not have
    /// written.
    Result<std::optional<ReplyEvent>> next();
    /// True after the end or a failure.
    [[nodiscard]] bool finished() const { return finished_; }

  private:
    Result<ReplyEvent> read_frame(wire::FrameType type, std::string_view payload);
    Result<ReplyEvent> read_start(std::string_view payload);
    Result<ReplyEvent> read_image(std::string_view payload);
    Result<ReplyEvent> read_page(std::string_view payload);
    Result<ReplyEvent> read_end(std::string_view payload);
    Result<ReplyEvent> read_table(std::string_view payload);
    [[nodiscard]] std::size_t payload_bytes_max(wire::FrameType type) const;

    Limits limits_;
    std::string buffer_;
    std::size_t taken_ = 0;  ///< bytes of buffer_ that are read
    bool started_ = false;
    bool finished_ = false;
    bool table_read_ = false;
    bool image_read_ = false;  ///< and its page is still to come
    int page_count_ = 0;
    int pages_read_ = 0;
    std::size_t text_bytes_ = 0;
};

}  // namespace stoa::extraction
