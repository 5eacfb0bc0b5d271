// SPDX-License-Identifier: Apache-2.0
// A long text under a key, in segments that can be opened one by one: STREAM (Hoang, Reyhanitabar,
// Rogaway, Vizár 2015) over XChaCha20-Poly1305. A header with a random nonce, then segments of 64
// KiB, each with its tag; what was cut, swapped or moved to another place does not open. `place` is
// authenticated but not stored. Pure; any thread.
#pragma once

#include "crypto/secret_box.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoa::crypto {

class SealedStream {
  public:
    static constexpr std::size_t segment_bytes = 64 * 1024;
    static constexpr std::size_t tag_bytes = 16;
    static constexpr std::size_t sealed_segment_bytes = segment_bytes + tag_bytes;
    static constexpr std::size_t header_bytes = 8 + 19;  ///< "stoa-s1\n" and the nonce's first part
    static constexpr std::uint64_t segments_max = std::uint64_t{1} << 32;

    /// A new stream for `plain_bytes` bytes, with a nonce of its own.
    static SealedStream make(const SecretKey& key, std::string place, std::uint64_t plain_bytes);
    /// A stream as it lies there: its first `header_bytes` and its whole length. Nothing if it is
    /// none.
    static std::optional<SealedStream> read(std::string_view header, std::uint64_t sealed_bytes,
                                            const SecretKey& key, std::string place);

    [[nodiscard]] const std::string& header() const { return header_; }
    [[nodiscard]] std::uint64_t plain_bytes() const { return plain_bytes_; }
    [[nodiscard]] std::uint64_t segment_count() const;
    /// Where a sealed segment lies in the stream, and how long it is.
    [[nodiscard]] static std::uint64_t offset_of(std::uint64_t segment);
    [[nodiscard]] std::size_t sealed_bytes_of(std::uint64_t segment) const;

    /// `plain` has `segment_bytes` bytes, or what is left for the last one.
    [[nodiscard]] std::string seal(std::uint64_t segment, std::string_view plain) const;
    /// Nothing if a bit was changed, or it is another segment.
    [[nodiscard]] std::optional<std::string> open(std::uint64_t segment,
                                                  std::string_view sealed) const;

  private:
    SealedStream(const SecretKey& key, std::string place, std::string header,
                 std::uint64_t plain_bytes);
    [[nodiscard]] ByteArray<24> nonce_of(std::uint64_t segment) const;

    SecretKey key_;
    std::string place_;
    std::string header_;
    std::uint64_t plain_bytes_;
};

}  // namespace stoa::crypto
