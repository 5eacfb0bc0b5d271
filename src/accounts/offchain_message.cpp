// SPDX-License-Identifier: Apache-2.0
#include "accounts/offchain_message.hpp"

#include <optional>

namespace stoa::accounts {
namespace {

constexpr std::string_view signing_domain = "\xffsolana offchain";
constexpr std::size_t application_domain_bytes = 32;
constexpr std::size_t key_bytes = 32;
constexpr unsigned format_max = 2;  // restricted ASCII, short UTF-8, long UTF-8: we read all as one

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

/// What follows a 16-bit length in little-endian order, if that is exactly the rest.
std::optional<std::string_view> read_body(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    const std::size_t length = byte_at(text, 0) | byte_at(text, 1) << 8U;
    text.remove_prefix(2);
    if (length == 0 || text.size() != length) return std::nullopt;
    return text;
}

/// Format, then the message.
std::optional<std::string_view> read_first_form(std::string_view text) {
    if (text.empty() || byte_at(text, 0) > format_max) return std::nullopt;
    return read_body(text.substr(1));
}

/// Application domain, format, signers, then the message.
std::optional<std::string_view> read_specified_form(std::string_view text,
                                                    const crypto::PublicKey& signer) {
    if (text.size() < application_domain_bytes + 2) return std::nullopt;
    text.remove_prefix(application_domain_bytes);
    const std::size_t signers_bytes = byte_at(text, 1) * key_bytes;
    if (byte_at(text, 0) > format_max || text.size() < 2 + signers_bytes) return std::nullopt;
    bool is_named = false;
    for (std::size_t at = 2; at < 2 + signers_bytes; at += key_bytes) {
        is_named = is_named || text.substr(at, key_bytes) == crypto::view(signer);
    }
    if (!is_named) return std::nullopt;
    return read_body(text.substr(2 + signers_bytes));
}

}  // namespace

Result<std::string_view> open_offchain_message(std::string_view signed_message,
                                               const crypto::PublicKey& signer) {
    if (!signed_message.starts_with(signing_domain)) return signed_message;
    const auto versioned = signed_message.substr(signing_domain.size());
    if (!versioned.empty() && byte_at(versioned, 0) == 0) {
        const auto rest = versioned.substr(1);
        if (const auto body = read_specified_form(rest, signer)) return *body;
        if (const auto body = read_first_form(rest)) return *body;
    }
    return fail(ErrorKind::unauthenticated, "message_malformed",
                "This off-chain message is not of version 0, is cut off, or does not name this "
                "wallet as its signer.");
}

}  // namespace stoa::accounts
