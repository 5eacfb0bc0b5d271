// SPDX-License-Identifier: Apache-2.0
#include "extraction/reply.hpp"

#include "base/text.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

namespace stoa::extraction {
namespace {

constexpr float coordinate_max = 1e6F;

auto garbled() {
    return fail(ErrorKind::invalid, "extraction_crashed",
                "The file made its parser fail; it is damaged or hostile. Save it anew from the "
                "program that made it and upload that.");
}

/// Takes integers and strings from the front of a payload; once anything is missing, `ok` is false.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

    std::uint32_t integer(std::size_t width) {
        const std::string_view raw = take(width);
        std::uint32_t value = 0;
        for (std::size_t i = raw.size(); i > 0; --i) {
            value = (value << 8U) | static_cast<unsigned char>(raw[i - 1]);
        }
        return value;
    }
    float coordinate() {
        const float value = std::bit_cast<float>(integer(4));
        if (!std::isfinite(value) || std::fabs(value) > coordinate_max) ok_ = false;
        return value;
    }
    std::string_view text(std::size_t length_width, std::size_t bytes_max) {
        const std::size_t length = integer(length_width);
        if (length > bytes_max) ok_ = false;
        const std::string_view text = take(length);
        if (!is_utf8(text) || text.find('\0') != std::string_view::npos) ok_ = false;
        return text;
    }
    [[nodiscard]] std::size_t left() const { return bytes_.size(); }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool ok_and_empty() const { return ok_ && bytes_.empty(); }

  private:
    std::string_view take(std::size_t count) {
        if (!ok_ || count > bytes_.size()) {
            ok_ = false;
            return {};
        }
        const std::string_view taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }

    std::string_view bytes_;
    bool ok_ = true;
};

/// In order, disjoint, not empty, and between code points of `text`.
template <class Range>
bool range_fits(const Range& range, std::uint32_t previous_end, std::string_view text) {
    const auto splits_character = [&](std::size_t at) {
        return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    return range.begin >= previous_end && range.begin < range.end && range.end <= text.size() &&
           !splits_character(range.begin) && !splits_character(range.end);
}

bool read_headings(Cursor& cursor, Page& page) {
    const std::size_t count = cursor.integer(4);
    if (!cursor.ok() || count > wire::headings_max || cursor.left() < count * wire::heading_bytes) {
        return false;
    }
    std::uint32_t previous_end = 0;
    for (std::size_t i = 0; i < count; ++i) {
        Heading heading{};
        heading.begin = cursor.integer(4);
        heading.end = cursor.integer(4);
        heading.level = static_cast<int>(cursor.integer(1));
        if (!range_fits(heading, previous_end, page.text)) return false;
        if (heading.level < 1 || heading.level > 6) return false;
        previous_end = heading.end;
        page.headings.push_back(heading);
    }
    return true;
}

/// The last part of a page.
bool read_words(Cursor& cursor, Page& page) {
    const std::size_t count = cursor.integer(4);
    if (!cursor.ok() || count > wire::words_max || cursor.left() != count * wire::word_bytes) {
        return false;
    }
    page.words.reserve(count);
    std::uint32_t previous_end = 0;
    for (std::size_t i = 0; i < count; ++i) {
        Word word{};
        word.begin = cursor.integer(4);
        word.end = cursor.integer(4);
        word.box.x0 = cursor.coordinate();
        word.box.y0 = cursor.coordinate();
        word.box.x1 = cursor.coordinate();
        word.box.y1 = cursor.coordinate();
        if (!cursor.ok() || !range_fits(word, previous_end, page.text)) return false;
        if (word.box.x0 > word.box.x1 || word.box.y0 > word.box.y1) return false;
        previous_end = word.end;
        page.words.push_back(word);
    }
    return true;
}

}  // namespace

void ReplyParser::feed(std::string_view bytes) {
    buffer_.erase(0, std::exchange(taken_, 0));
    buffer_ += bytes;
}

Result<std::optional<ReplyEvent>> ReplyParser::next() {
    const std::string_view pending = std::string_view(buffer_).substr(taken_);
    if (pending.empty()) return std::nullopt;
    if (finished_) return garbled();
    Cursor header(pending.substr(0, wire::header_bytes));
    const auto type = static_cast<wire::FrameType>(header.integer(1));
    const std::size_t bytes_max = payload_bytes_max(type);
    if (bytes_max == 0) return garbled();
    if (pending.size() < wire::header_bytes) return std::nullopt;
    const std::size_t length = header.integer(4);
    if (length > bytes_max) return garbled();
    if (pending.size() - wire::header_bytes < length) return std::nullopt;
    taken_ += wire::header_bytes + length;
    auto event = read_frame(type, pending.substr(wire::header_bytes, length));
    if (!event) return fail(event);
    return std::optional<ReplyEvent>(std::move(*event));
}

std::size_t ReplyParser::payload_bytes_max(wire::FrameType type) const {
    switch (type) {
        case wire::FrameType::start:
            return 7 + wire::title_bytes_max;
        case wire::FrameType::image:
            return 8 + wire::pixels_max;
        case wire::FrameType::page:
            return wire::page_bytes_least + wire::label_bytes_max + limits_.page_bytes_max +
                   wire::headings_max * wire::heading_bytes + wire::words_max * wire::word_bytes;
        case wire::FrameType::end:
            return 12;
        case wire::FrameType::table:
            return wire::table_bytes_max;
        case wire::FrameType::failure:
            return 1;
    }
    return 0;
}

Result<ReplyEvent> ReplyParser::read_frame(wire::FrameType type, std::string_view payload) {
    switch (type) {
        case wire::FrameType::start:
            return read_start(payload);
        case wire::FrameType::image:
            return read_image(payload);
        case wire::FrameType::page:
            return read_page(payload);
        case wire::FrameType::end:
            return read_end(payload);
        case wire::FrameType::table:
            return read_table(payload);
        case wire::FrameType::failure:
            break;
    }
    if (payload.size() != 1 || payload[0] < static_cast<char>(wire::Failure::not_a_pdf) ||
        payload[0] > static_cast<char>(wire::failure_greatest)) {
        return garbled();
    }
    finished_ = true;
    return ReplyEvent(static_cast<wire::Failure>(payload[0]));
}

Result<ReplyEvent> ReplyParser::read_start(std::string_view payload) {
    Cursor cursor(payload);
    const std::uint32_t format = cursor.integer(1);
    const std::uint32_t page_count = cursor.integer(4);
    const std::string_view title = cursor.text(2, wire::title_bytes_max);
    if (started_ || !cursor.ok_and_empty() || page_count == 0) return garbled();
    if (page_count > static_cast<std::uint32_t>(limits_.pages_max)) return garbled();
    if (format < static_cast<std::uint32_t>(Format::pdf) ||
        format > static_cast<std::uint32_t>(Format::csv)) {
        return garbled();
    }
    started_ = true;
    page_count_ = static_cast<int>(page_count);
    return ReplyEvent(ReplyStart{static_cast<Format>(format), page_count_, std::string(title)});
}

Result<ReplyEvent> ReplyParser::read_image(std::string_view payload) {
    Cursor cursor(payload);
    ReplyImage image;
    image.width = cursor.integer(4);
    image.height = cursor.integer(4);
    const std::size_t pixels = std::size_t{image.width} * image.height;
    if (!cursor.ok() || !started_ || image_read_ || pages_read_ >= page_count_ || pixels == 0 ||
        pixels != cursor.left()) {
        return garbled();
    }
    image.grey = payload.substr(payload.size() - pixels);
    image_read_ = true;
    return ReplyEvent(std::move(image));
}

Result<ReplyEvent> ReplyParser::read_page(std::string_view payload) {
    Cursor cursor(payload);
    Page page;
    const std::uint32_t number = cursor.integer(4);
    const std::uint32_t flags = cursor.integer(1);
    page.needs_ocr = flags == wire::page_is_scanned;
    page.width = cursor.coordinate();
    page.height = cursor.coordinate();
    page.label = cursor.text(2, wire::label_bytes_max);
    page.text = cursor.text(4, limits_.page_bytes_max);
    if (!cursor.ok() || flags > wire::page_is_scanned || page.width < 0 || page.height < 0 ||
        !started_ || pages_read_ >= page_count_ || (image_read_ && !page.needs_ocr) ||
        number != static_cast<std::uint32_t>(pages_read_) + 1) {
        return garbled();
    }
    if (!read_headings(cursor, page) || !read_words(cursor, page)) return garbled();
    image_read_ = false;
    text_bytes_ += page.text.size();
    if (text_bytes_ > limits_.output_bytes_max) return garbled();
    page.number = ++pages_read_;
    return ReplyEvent(std::move(page));
}

Result<ReplyEvent> ReplyParser::read_end(std::string_view payload) {
    Cursor cursor(payload);
    const std::uint32_t broken = cursor.integer(4);
    const std::uint32_t replaced = cursor.integer(4);
    const std::uint32_t left_out = cursor.integer(4);
    if (!cursor.ok_and_empty() || !started_ || pages_read_ != page_count_ ||
        broken > static_cast<std::uint32_t>(page_count_)) {
        return garbled();
    }
    finished_ = true;
    return ReplyEvent(ReplyEnd{static_cast<int>(broken), replaced, left_out});
}

Result<ReplyEvent> ReplyParser::read_table(std::string_view payload) {
    if (table_read_) return garbled();
    table_read_ = true;
    finished_ = !started_;
    return ReplyEvent(ReplyTable{std::string(payload)});
}

}  // namespace stoa::extraction
