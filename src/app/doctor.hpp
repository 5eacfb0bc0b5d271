// SPDX-License-Identifier: Apache-2.0
// `stoa doctor`: looks at each part that this machine needs and says what is wrong and the fix.
// Changes nothing. One thread.
#pragma once

#include <string>

namespace stoa::app {

struct DoctorOptions {
    std::string data_dir = ".stoa/data";
    int port = 8080;
};

/// Prints a line for each part on stdout. The exit status: 0 if all are well, else 1.
int run_doctor(const DoctorOptions& options);

}  // namespace stoa::app
