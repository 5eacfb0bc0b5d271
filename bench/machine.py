# SPDX-License-Identifier: Apache-2.0
"""The machine under a bench: what a ratio was measured on, and what processes have used of it."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def describe(load_before):
    """Processor, cores, and the load average before and after the run."""
    loads = f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after the run"
    return f"{processor()}, {os.cpu_count()} cores, load {loads}"


def family(pid):
    """A process and all below it, whichever of its threads started them."""
    pids = [pid]
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for each in threads for child in (each / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return pids  # just ended
    for child in children:
        pids += family(int(child))
    return pids


def cpu_seconds(root):
    """What a process and its children have used so far, those that ended included."""
    total = 0
    for pid in family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # just ended: counted by its parent from now on
        total += sum(map(int, fields[11:15] if pid == root else fields[11:13]))
    return total / TICKS
