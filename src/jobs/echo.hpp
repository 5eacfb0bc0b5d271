// SPDX-License-Identifier: Apache-2.0
// A task for other programs to try the way to Stoa and back: it gives back what it is given, after
// a while if asked, or fails if asked. Any thread.
#pragma once

#include "jobs/worker.hpp"

#include <string_view>

namespace stoa::jobs {

constexpr std::string_view echo_task_name = "stoa.echo";

/// Takes `value` (any JSON), and of choice `seconds` (0 to 60: work that long) and `error` (a text
/// to fail with for good).
Task echo_task();

}  // namespace stoa::jobs
