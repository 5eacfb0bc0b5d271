// SPDX-License-Identifier: Apache-2.0
// Full text over words that nobody can read: PostgreSQL makes lexemes of a text, and each is
// replaced by its HMAC under the installation's key before it is stored or searched for. Equal
// words stay equal, which is what searching needs and all that the index gives away. Pure; any
// thread.
#pragma once

#include "crypto/hash.hpp"
#include "crypto/secret_box.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace stoa::documents {

class KeyedLexemes {
  public:
    explicit KeyedLexemes(const crypto::SecretKey& key) : hmac_(crypto::view(key)) {}

    /// A lexeme as it is stored: the first 36 bits of its HMAC-SHA-256 as 6 letters of Base64url.
    /// In a library of a million words, one sought word in 70,000 is expected to be taken for
    /// another.
    [[nodiscard]] std::string of(std::string_view lexeme) const;
    /// A tsvector as `tsvectorsend` gives it (PostgreSQL's binary format), with keyed lexemes in
    /// the same format. Nothing if it is none.
    [[nodiscard]] std::optional<std::string> of_vector(std::string_view tsvector_bytes) const;
    /// A tsquery as text, with keyed lexemes: what stands in quotes, operators as they were.
    [[nodiscard]] std::string of_query(std::string_view tsquery) const;

  private:
    crypto::HmacSha256 hmac_;
};

}  // namespace stoa::documents
