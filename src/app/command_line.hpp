// SPDX-License-Identifier: Apache-2.0
// The subcommands of `stoa` and their flags. Every setting of `setting_table` is a flag of the
// commands that read settings. One thread.
#pragma once

namespace stoa::app {

/// Parses and runs; the process's exit status: 0 done, 1 failed, 2 wrong usage or settings.
int run_command_line(int argc, char** argv);

}  // namespace stoa::app
