// SPDX-License-Identifier: Apache-2.0
// Sign In With Solana: the text that a wallet shows and signs, written and read by the ABNF of the
// standard (github.com/phantom/sign-in-with-solana). Reading is stricter than the wallets' own
// JavaScript: fields in their order, each of its form, one line a statement, nothing behind the
// end. A statement may hold UTF-8, and a request id "/" and "?", because wallets write them. Pure;
// any thread.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::accounts {

inline constexpr std::size_t siws_bytes_max = 4096;

/// SolanaSignInInput as wallets take it; the names are JSON's.
struct SignInInput {
    std::string domain;
    std::optional<std::string> address;
    std::optional<std::string> statement;
    std::optional<std::string> uri;
    std::optional<std::string> version;
    std::optional<std::string> chainId;
    std::optional<std::string> nonce;
    std::optional<std::string> issuedAt;
    std::optional<std::string> expirationTime;
    std::optional<std::string> notBefore;
    std::optional<std::string> requestId;
    std::optional<std::vector<std::string>> resources;
    friend bool operator==(const SignInInput&, const SignInInput&) = default;
};
BOOST_DESCRIBE_STRUCT(SignInInput, (),
                      (domain, address, statement, uri, version, chainId, nonce, issuedAt,
                       expirationTime, notBefore, requestId, resources))

/// JSON without the absent fields, for `wallet.signIn(input)`.
std::string to_json(const SignInInput& input);

/// The text to sign. `address` must be there.
std::string build_message(const SignInInput& input);

/// The fields of a signed text: `parse_message(build_message(x)) == x` for every well-formed x.
/// `message_malformed` (401), naming the line.
Result<SignInInput> parse_message(std::string_view text);

/// The JSON name of the first field in which what was signed differs from what was issued; nothing
/// if none does. Only an address that was not issued is free.
std::optional<std::string_view> find_difference(const SignInInput& issued,
                                                const SignInInput& signed_input);

}  // namespace stoa::accounts
