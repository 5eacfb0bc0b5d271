// SPDX-License-Identifier: Apache-2.0
// `stoa keys rotate` and `stoa keys status`: another master key takes over while nodes and workers
// run. With `master_key` in the settings that one takes over from `master_key_previous`; without, a
// new one is made in data_dir/master.key and the running processes find it there. One thread;
// prints to stdout.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"

namespace stoa::app {

/// Harmless to run again, after it was killed, or twice at once. `master_key_wrong` if something is
/// wrapped by a key that is not given; errors of `accounts::rotate_master_key`.
Result<void> rotate_master_key(const Settings& settings);
/// A line for each master key: what it wraps, whether it is the active one, whether it is given.
Result<void> print_key_status(const Settings& settings);

}  // namespace stoa::app
