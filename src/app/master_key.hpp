// SPDX-License-Identifier: Apache-2.0
// The key that wraps every other stored key. It comes from the settings, or lies in
// data_dir/master.key (64 hex digits, mode 0600), made by whichever process comes first. Losing it
// loses what it wraps: back it up apart from the database. Start-up; one thread a process.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace stoa::app {

/// 32 bytes. `master_key_invalid` if the setting or the file is not 64 hex digits;
/// `data_dir_unusable` if the file cannot be read or made.
Result<std::string> load_master_key(const std::string& setting_hex,
                                    const std::filesystem::path& data_dir);

}  // namespace stoa::app
