// SPDX-License-Identifier: Apache-2.0
// However a connection's bytes are cut, the same requests come out of them, or the same refusal at
// the same place. The first byte says where to cut.
#include "http/body_reader.hpp"
#include "http/request_head.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using stoa::http::BodyReader;
using stoa::http::HeadLimits;
using stoa::http::HeadScan;
using stoa::http::RequestHead;

// Small, so that inputs of some hundred bytes reach them.
constexpr HeadLimits limits{.bytes_max = 400, .fields_max = 8, .line_bytes_max = 100};
constexpr std::size_t body_bytes_max = 200;

void check_head(const RequestHead& head) {
    if (head.chunked && head.content_length > 0) std::abort();
    if (head.headers.size() > limits.fields_max) std::abort();
    for (const auto& [name, value] : head.headers) {
        if (name.empty() || name.find_first_of(" \t:\r\n") != std::string::npos) std::abort();
        if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) std::abort();
    }
}

/// The server's side of one connection, with a record of what it took.
class Peer {
  public:
    std::string seen;

    /// False once a request was refused: what follows is not read.
    bool feed(std::string_view bytes) {
        in_ += bytes;
        while (!in_.empty()) {
            const auto before = in_.size();
            if (!(body_ ? read_body() : read_head())) return false;
            if (in_.size() == before) break;
        }
        return true;
    }

  private:
    bool read_head() {
        const auto end = scan_.find_end(in_);
        if (!end) return refuse(end.error().code);
        if (*end == 0) return true;
        const auto head = stoa::http::parse_request_head(std::string_view(in_).substr(0, *end));
        if (!head) return refuse(head.error().code);
        check_head(*head);
        in_.erase(0, *end);
        seen += '<' + head->target;
        for (const auto& [name, value] : head->headers) seen += '|' + name + '=' + value;
        seen += '>';
        if (head->content_length > body_bytes_max) return refuse("too_large");
        body_ = std::make_unique<BodyReader>(head->chunked
                                                 ? BodyReader::of_chunks(body_bytes_max)
                                                 : BodyReader::of_length(head->content_length));
        return read_body();
    }

    bool read_body() {
        std::string_view bytes(in_);
        const auto state = body_->read(bytes, text_, body_bytes_max);
        in_.erase(0, in_.size() - bytes.size());
        if (text_.size() > body_bytes_max) std::abort();
        if (state == BodyReader::State::malformed) return refuse("malformed");
        if (state == BodyReader::State::too_large) return refuse("too_large");
        if (state == BodyReader::State::more) return true;
        seen += text_ + "</>";
        text_.clear();
        body_.reset();
        scan_ = HeadScan(limits);
        return true;
    }

    bool refuse(std::string_view code) {
        seen += '!';
        seen += code;
        return false;
    }

    std::string in_;
    std::string text_;
    HeadScan scan_{limits};
    std::unique_ptr<BodyReader> body_;
};

std::string parse(std::string_view bytes, std::size_t piece) {
    Peer peer;
    while (!bytes.empty()) {
        const auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        if (!peer.feed(part)) break;
    }
    return peer.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = parse(bytes, size);
    if (parse(bytes, 1) != whole || parse(bytes, 1U + data[0]) != whole) std::abort();
    return 0;
}
