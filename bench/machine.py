# SPDX-License-Identifier: Apache-2.0
"""What a ratio was measured on, for the first line of what a bench prints."""

import os
from pathlib import Path


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def describe(load_before):
    """Processor, cores, and the load average before and after the run."""
    loads = f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after the run"
    return f"{processor()}, {os.cpu_count()} cores, load {loads}"
