// SPDX-License-Identifier: Apache-2.0
// Asks the kernel, before anything is started, whether the API will get its port. Any thread.
#pragma once

#include "base/result.hpp"

#include <string>

namespace stoa::app {

/// The port that a server on `address` (an IP address) would get: `wanted`, or a free one for 0.
/// Errors: `port_busy` (with the way to choose another), `settings_invalid` for a bad address or
/// port.
Result<int> claim_port(const std::string& address, int wanted);

}  // namespace stoa::app
