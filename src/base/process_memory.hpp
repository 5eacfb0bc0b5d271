// SPDX-License-Identifier: Apache-2.0
// What a process keeps resident. Any thread.
#pragma once

namespace stoa {

/// Gives back what only the start needed: free heap, and the code and constants of the program and
/// its libraries that were read on the way. What is still used comes back from the page cache at
/// its first use, a few microseconds later. Many libraries come along with libcurl and libpq, set
/// themselves up and are never called again.
void release_start_memory();

}  // namespace stoa
