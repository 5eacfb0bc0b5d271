// SPDX-License-Identifier: Apache-2.0
#include "http/body_reader.hpp"

#include <algorithm>
#include <charconv>

namespace stoa::http {
namespace {

constexpr std::size_t line_bytes_max = 1024;
constexpr std::size_t trailer_bytes_max = 8 * 1024;

}  // namespace

bool BodyReader::read_line(std::string_view& bytes) {
    const auto lf = bytes.find('\n');
    const auto taken = lf == std::string_view::npos ? bytes.size() : lf + 1;
    line_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (line_.size() > line_bytes_max) state_ = State::malformed;
    if (lf == std::string_view::npos) return false;
    const bool ends_well = line_.ends_with("\r\n") && line_.find('\r') == line_.size() - 2;
    if (!ends_well || line_.find('\0') != std::string::npos) {
        state_ = State::malformed;
    }
    return state_ == State::more;
}

void BodyReader::begin_chunk() {
    const char* end = line_.data() + line_.size() - 2;
    std::uint64_t size = 0;
    const auto read = std::from_chars(line_.data(), end, size, 16);
    if (read.ec != std::errc() || (read.ptr != end && *read.ptr != ';')) {
        state_ = State::malformed;
    } else if (size > bytes_max_) {
        state_ = State::too_large;
    } else {
        bytes_max_ -= size;
        left_ = size;
        expect_ = size == 0 ? Expect::trailer_line : Expect::data;
    }
}

void BodyReader::end_line() {
    switch (expect_) {
        case Expect::size_line:
            begin_chunk();
            break;
        case Expect::data_end:
            if (line_.size() != 2) state_ = State::malformed;
            expect_ = Expect::size_line;
            break;
        case Expect::trailer_line:
            trailer_bytes_ += line_.size();
            if (line_.size() == 2) state_ = State::done;
            if (trailer_bytes_ > trailer_bytes_max) state_ = State::malformed;
            break;
        case Expect::data:
            break;
    }
    line_.clear();
}

BodyReader::State BodyReader::read(std::string_view& bytes, std::string& body,
                                   std::size_t body_size_max) {
    while (state_ == State::more && !bytes.empty()) {
        if (chunked_ && expect_ != Expect::data) {
            if (read_line(bytes)) end_line();
            continue;
        }
        const auto room = body_size_max - std::min(body_size_max, body.size());
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>({left_, bytes.size(), room}));
        if (take == 0) break;
        body.append(bytes.substr(0, take));
        bytes.remove_prefix(take);
        left_ -= take;
        if (left_ > 0) continue;
        if (chunked_) {
            expect_ = Expect::data_end;
        } else {
            state_ = State::done;
        }
    }
    return state_;
}

}  // namespace stoa::http
