// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_stream.hpp"

#include "crypto/random.hpp"

#include <gtest/gtest.h>

namespace stoa::crypto {
namespace {

constexpr std::uint64_t segment = SealedStream::segment_bytes;
const SecretKey key{1, 2, 3};

std::string seal_all(const std::string& plain, const std::string& place = "here") {
    const auto stream = SealedStream::make(key, place, plain.size());
    std::string sealed = stream.header();
    for (std::uint64_t i = 0; i < stream.segment_count(); ++i) {
        sealed += stream.seal(i, std::string_view(plain).substr(i * segment, segment));
    }
    return sealed;
}

/// Nothing if any segment does not open.
std::optional<std::string> open_all(const std::string& sealed, const SecretKey& with = key,
                                    const std::string& place = "here") {
    const auto header = std::string_view(sealed).substr(0, SealedStream::header_bytes);
    const auto stream = SealedStream::read(header, sealed.size(), with, place);
    if (!stream) return std::nullopt;
    std::string plain;
    for (std::uint64_t i = 0; i < stream->segment_count(); ++i) {
        const auto at = SealedStream::offset_of(i);
        auto opened =
            stream->open(i, std::string_view(sealed).substr(at, stream->sealed_bytes_of(i)));
        if (!opened) return std::nullopt;
        plain += *opened;
    }
    return plain.size() == stream->plain_bytes() ? std::optional(plain) : std::nullopt;
}

TEST(SealedStreamTest, Every_length_comes_back) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, segment - 1, segment,
                                     segment + 1, 2 * segment, 3 * segment + 7}) {
        const auto plain = random_bytes(size);
        EXPECT_EQ(open_all(seal_all(plain)), plain) << size;
    }
}

TEST(SealedStreamTest, One_segment_opens_without_the_others) {
    const auto plain = random_bytes(2 * segment + 10);
    const auto sealed = seal_all(plain);
    const auto stream = SealedStream::read(sealed.substr(0, SealedStream::header_bytes),
                                           sealed.size(), key, "here");
    EXPECT_EQ(stream->open(2, std::string_view(sealed).substr(SealedStream::offset_of(2))),
              plain.substr(2 * segment));
}

TEST(SealedStreamTest, Changed_cut_swapped_or_moved_it_does_not_open) {
    const auto sealed = seal_all(random_bytes(2 * segment));
    const auto second = SealedStream::offset_of(1);
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{9}, std::size_t{30}, sealed.size() - 1}) {
        auto changed = sealed;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_FALSE(open_all(changed)) << at;
    }
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{27}, std::size_t{40}, second, sealed.size() - 1}) {
        EXPECT_FALSE(open_all(sealed.substr(0, size))) << size;
    }
    const auto swapped =
        sealed.substr(0, SealedStream::header_bytes) + sealed.substr(second) +
        sealed.substr(SealedStream::header_bytes, second - SealedStream::header_bytes);
    EXPECT_FALSE(open_all(swapped));
    EXPECT_FALSE(open_all(sealed + "x"));
    EXPECT_FALSE(open_all(sealed, SecretKey{3, 2, 1}));
    EXPECT_FALSE(open_all(sealed, key, "there"));
}

TEST(SealedStreamTest, Two_of_one_text_differ) {
    EXPECT_NE(seal_all("whales"), seal_all("whales"));
}

}  // namespace
}  // namespace stoa::crypto
