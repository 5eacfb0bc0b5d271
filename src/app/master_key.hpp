// SPDX-License-Identifier: Apache-2.0
// The keys that wrap every other stored key. They come from the settings, or lie in
// data_dir/master.key (64 hex digits a line, mode 0600), made by whichever process comes first.
// Losing them loses what they wrap: back them up apart from the database. Any process, any thread.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"
#include "crypto/secret_box.hpp"

#include <filesystem>
#include <vector>

namespace stoa::app {

/// The master key, then the one it replaces if there is one. `master_key_invalid` if a setting or
/// the file does not hold 64 hex digits; `data_dir_unusable` if the file cannot be read or made.
Result<std::vector<crypto::SecretKey>> load_master_keys(const Settings& settings);

/// What is wrong with the settings alone; the file is not looked at. `master_key_invalid`.
Result<void> check_master_keys(const Settings& settings);

/// Puts a new key in front of data_dir/master.key, unless there are two already: those of a
/// rotation that was not finished. The file's keys then.
Result<std::vector<crypto::SecretKey>> add_master_key(const std::filesystem::path& data_dir);

/// Leaves the first key only. Nothing is done if that is not `key`.
Result<void> drop_replaced_master_keys(const std::filesystem::path& data_dir,
                                       const crypto::SecretKey& key);

}  // namespace stoa::app
