// SPDX-License-Identifier: Apache-2.0
// What only a part of the program understands of its settings (addresses of PostgreSQL and Redis,
// the master key, networks, origins, limits), checked before anything starts. Pure; any
// thread.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"

namespace stoa::app {

/// `settings_invalid` with one line for each setting that its part refuses; never with a secret.
Result<void> check_settings(const Settings& settings);

}  // namespace stoa::app
