// SPDX-License-Identifier: Apache-2.0
// Solana's off-chain messages (docs.anza.xyz/proposals/off-chain-message-signing), version 0: what
// a hardware wallet signs in place of a bare text. The envelope begins with a byte that no
// transaction begins with, so that the signature can never be used for one. Read in both forms that
// wallets sign: the specified one, and that of the first Rust SDK and of older Ledger apps, without
// application domain and signers. Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "crypto/ed25519.hpp"

#include <string_view>

namespace stoa::accounts {

/// The text inside an envelope; what is no envelope comes back as it is. `message_malformed` (401):
/// an envelope of another version or length, or one that does not name `signer` among its signers.
Result<std::string_view> open_offchain_message(std::string_view signed_message,
                                               const crypto::PublicKey& signer);

}  // namespace stoa::accounts
