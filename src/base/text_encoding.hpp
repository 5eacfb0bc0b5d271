// SPDX-License-Identifier: Apache-2.0
// Text of unknown encoding as UTF-8. A byte order mark decides; without one, what reads as UTF-8 is
// UTF-8, also with a few bad bytes among good ones, and everything else is Windows-1252, of which
// ISO 8859-1 is a part. Nothing is refused and nothing lost: a bad byte among UTF-8 is read as
// Windows-1252, NUL and half a UTF-16 character become U+FFFD, and both are counted.
// Values and pure functions; a decoder belongs to one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stoa {

enum class TextEncoding { utf_8, utf_16le, utf_16be, windows_1252 };

/// The name by which the WHATWG Encoding Standard knows it, such as "utf-8".
std::string_view name_of(TextEncoding encoding);
/// The encoding of all of `bytes`.
TextEncoding detect_encoding(std::string_view bytes);

/// Decodes in pieces, so that a file of any size needs little memory.
class TextDecoder {
  public:
    /// `bytes` must outlive the decoder.
    TextDecoder(std::string_view bytes, TextEncoding encoding);

    /// Replaces `piece` with the next characters, about 64 KiB; false at the end. The text has no
    /// byte order mark at its start and no NUL.
    bool next(std::string& piece);
    /// Bytes or characters so far that are not of the encoding.
    [[nodiscard]] std::size_t replaced() const { return replaced_; }

  private:
    void take_utf_8(std::string& piece);
    void take_utf_16(std::string& piece);
    void take_windows_1252(std::string& piece);
    void take_stray(std::string& piece);
    void replace(std::string& piece);

    std::string_view left_;
    TextEncoding encoding_;
    std::size_t replaced_ = 0;
};

/// Appends a code point as UTF-8; a surrogate or a value past U+10FFFF becomes U+FFFD.
void append_code_point(std::string& to, char32_t code_point);

}  // namespace stoa
