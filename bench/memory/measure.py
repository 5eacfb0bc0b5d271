# SPDX-License-Identifier: Apache-2.0
"""measure.py STOA: starts `stoa up` in a temporary folder and prints what its idle `serve` and
`work` keep in memory: all resident pages less those of the mapped model, in MB."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

MODEL = "model.safetensors"


def children(pid):
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if re.search(rf"^PPid:\t{pid}$", text, re.M):
            yield int(status.parent.name)


def resident_kilobytes(pid):
    """(of the model's mapping, of everything else, of that: private to the process)"""
    model = rest = private = 0
    of_model = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            of_model = line.endswith(MODEL)
        elif match := re.match(r"(Rss|Private_Clean|Private_Dirty):\s+(\d+)", line):
            size = int(match[2])
            if match[1] == "Rss":
                model, rest = (model + size, rest) if of_model else (model, rest + size)
            elif not of_model:
                private += size
    return model, rest, private


def wait_for(log, text, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if text in log.read_text():
            return
        time.sleep(0.1)
    sys.exit(f"stoa up was not ready within {seconds} s:\n{log.read_text()}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "up.log"
        with log.open("w") as out:
            up = subprocess.Popen(
                [sys.argv[1], "up", "--data", f"{folder}/data", "--port", "0", "--no-demo"],
                stdout=out,
                stderr=out,
                env={k: v for k, v in os.environ.items() if k != "STOA_BUILD_DIR"},
            )
        try:
            wait_for(log, "Ctrl-C stops everything")
            print("process   resident beside the model   private   the model's own pages (shared)")
            for pid in children(up.pid):
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                name = command[1].decode() if len(command) > 1 else ""
                if os.path.basename(command[0]) == b"stoa" and name in ("serve", "work"):
                    model, rest, private = (size / 1024 for size in resident_kilobytes(pid))
                    print(f"{name:8}  {rest:20.1f} MB {private:12.1f} MB {model:14.1f} MB")
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(60)


if __name__ == "__main__":
    main()
