// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578, 2046) read as it comes: whatever the cuts between the bytes, the
// same parts come out, and memory stays bounded by the part headers' limit. Bytes of parts go to a
// `PartSink`. Pure; one thread at a time.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace stoa::http {

struct PartHead {
    std::string name;
    bool is_file = false;   ///< it has a file name, which may be empty
    std::string file_name;  ///< last path component, no control characters, <= 255 bytes of UTF-8
    std::string content_type;
};

class PartSink {
  public:
    virtual ~PartSink() = default;
    virtual Result<void> begin_part(PartHead head) = 0;
    virtual Result<void> write_part(std::string_view bytes) = 0;
    virtual Result<void> end_part() = 0;
};

/// The boundary of a multipart/form-data Content-Type. `unsupported_media_type` (415) for another
/// type, `malformed_multipart` (400) without a boundary of 1 to 70 allowed characters.
Result<std::string> find_boundary(std::string_view content_type);

/// `content_disposition` is a part's header value; nothing if it is no form-data with a name.
/// Reads quoted strings, browsers' %22 %0D %0A, and `filename*` (RFC 8187), which wins.
Result<PartHead> parse_disposition(std::string_view content_disposition);

class MultipartParser {
  public:
    static constexpr std::size_t parts_max = 32;
    static constexpr std::size_t part_head_bytes_max = 8 * 1024;

    MultipartParser(std::string_view boundary, PartSink& sink);
    /// `malformed_multipart` (400), `too_many_parts` (413), or the sink's error; then feed no more.
    Result<void> feed(std::string_view bytes);
    /// `malformed_multipart` unless the last boundary was seen.
    Result<void> finish() const;

  private:
    enum class State { preamble, delimiter_end, part_head, part_body, epilogue };
    enum class Step { on, more };

    Result<Step> step(std::string_view& bytes);
    Result<Step> read_delimiter_end(std::string_view& bytes);
    Result<Step> read_part_head(std::string_view& bytes);
    /// Up to the next delimiter; bytes before it are the part's, or dropped in the preamble.
    Result<Step> read_to_delimiter(std::string_view& bytes);

    const std::string delimiter_;
    PartSink& sink_;
    State state_ = State::preamble;
    std::size_t parts_ = 0;
    std::string carry_ = "\r\n";  ///< a delimiter may be the body's first line
};

}  // namespace stoa::http
