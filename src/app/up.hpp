// SPDX-License-Identifier: Apache-2.0
// `stoa up`: everything on this machine, from PostgreSQL to the page, as children of one process
// that leaves none of them behind. Data stays in one folder between starts. One thread.
#pragma once

#include <string>

namespace stoa::app {

struct UpOptions {
    std::string data_dir = ".stoa/data";
    int port = 8080;           ///< 0: any free one
    bool no_demo = false;      ///< neither run the demo nor point to it
    bool once = false;         ///< stop when all is ready and the demo, if wanted, has run
    std::string demo_program;  ///< the demo client of the source tree; ./dev knows where it is
};

/// Runs until SIGINT or SIGTERM. The exit status: 0 stopped as asked, 1 failed (stderr says why),
/// 130 interrupted before it was ready or before `once` was done; with `once` else the demo's.
int run_up(const UpOptions& options);

}  // namespace stoa::app
