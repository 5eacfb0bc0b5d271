// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/frame_writer.hpp"

#include <bit>
#include <cerrno>

#include <unistd.h>

namespace stoa::extract {
namespace {

namespace wire = extraction::wire;

void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) _exit(1);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

class Frame {
  public:
    explicit Frame(wire::FrameType type) : bytes_(wire::header_bytes, '\0') {
        bytes_[0] = static_cast<char>(type);
    }

    void reserve(std::size_t count) { bytes_.reserve(count); }
    void integer(std::uint32_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) {
            bytes_ += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
        }
    }
    void coordinate(float value) { integer(std::bit_cast<std::uint32_t>(value), 4); }
    void bytes(std::string_view bytes) { bytes_ += bytes; }
    void text(std::string_view text, std::size_t length_width) {
        integer(static_cast<std::uint32_t>(text.size()), length_width);
        bytes_ += text;
    }
    void send() {
        const std::size_t length = bytes_.size() - wire::header_bytes;
        for (std::size_t i = 0; i < 4; ++i) {
            bytes_[1 + i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * i)));
        }
        write_all(bytes_);
    }

  private:
    std::string bytes_;
};

}  // namespace

void write_start(extraction::Format format, std::uint32_t page_count, std::string_view title) {
    Frame frame(wire::FrameType::start);
    frame.integer(static_cast<std::uint32_t>(format), 1);
    frame.integer(page_count, 4);
    frame.text(title, 2);
    frame.send();
}

void write_page(const Page& page) {
    Frame frame(wire::FrameType::page);
    frame.reserve(wire::header_bytes + wire::page_bytes_least + page.label.size() +
                  page.text.size() + page.headings.size() * wire::heading_bytes +
                  page.words.size() * wire::word_bytes);
    frame.integer(page.number, 4);
    frame.integer(page.is_scanned ? wire::page_is_scanned : 0, 1);
    frame.coordinate(page.width);
    frame.coordinate(page.height);
    frame.text(page.label, 2);
    frame.text(page.text, 4);
    frame.integer(static_cast<std::uint32_t>(page.headings.size()), 4);
    for (const Heading& heading : page.headings) {
        frame.integer(heading.begin, 4);
        frame.integer(heading.end, 4);
        frame.integer(heading.level, 1);
    }
    frame.integer(static_cast<std::uint32_t>(page.words.size()), 4);
    for (const Word& word : page.words) {
        frame.integer(word.begin, 4);
        frame.integer(word.end, 4);
        frame.coordinate(word.box.x0);
        frame.coordinate(word.box.y0);
        frame.coordinate(word.box.x1);
        frame.coordinate(word.box.y1);
    }
    frame.send();
}

void write_image(std::uint32_t width, std::uint32_t height, std::string_view grey) {
    Frame frame(wire::FrameType::image);
    frame.reserve(wire::header_bytes + 8 + grey.size());
    frame.integer(width, 4);
    frame.integer(height, 4);
    frame.bytes(grey);
    frame.send();
}

void write_end(const End& end) {
    Frame frame(wire::FrameType::end);
    frame.integer(end.broken_pages, 4);
    frame.integer(end.replaced_characters, 4);
    frame.integer(end.rows_left_out, 4);
    frame.send();
}

void write_table(std::string_view json) {
    Frame frame(wire::FrameType::table);
    frame.bytes(json);
    frame.send();
}

void write_failure_and_exit(wire::Failure failure) {
    const char frame[] = {
        static_cast<char>(wire::FrameType::failure), 1, 0, 0, 0, static_cast<char>(failure)};
    write_all({frame, sizeof frame});
    _exit(0);
}

}  // namespace stoa::extract
