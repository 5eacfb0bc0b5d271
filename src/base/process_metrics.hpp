// SPDX-License-Identifier: Apache-2.0
// What every Prometheus client tells of its process, under the usual names: processor time, memory,
// threads, open files, start time. Read from /proc when the metrics are asked for.
#pragma once

#include "base/metrics.hpp"

namespace stoa {

/// Adds `process_…` to `metrics`. To be called once.
void collect_process(Metrics& metrics);

}  // namespace stoa
