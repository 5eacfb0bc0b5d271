// SPDX-License-Identifier: Apache-2.0
// `stoa work`: the background jobs. Same objects as `serve` less the edge. PostgreSQL and Redis may
// be away at the start; it goes on when they are back.
#pragma once

#include "base/result.hpp"
#include "base/settings.hpp"

namespace stoa::app {

/// Blocks until SIGINT or SIGTERM. Errors: `model_missing`, `model_corrupt`, `settings_invalid`.
Result<void> work(const Settings& settings);

}  // namespace stoa::app
