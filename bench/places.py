# SPDX-License-Identifier: Apache-2.0
"""Where things are, and the helpers that the tests have already."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "scenarios"))


def folder_of_programs():
    """Where bench_load and its like are: $ORIGIN_BENCH_BIN, else the release build."""
    return pathlib.Path(os.environ.get("ORIGIN_BENCH_BIN") or ROOT / "build/release/bench")


def tool(name):
    path = folder_of_programs() / name
    if not path.is_file():
        raise SystemExit(f"There is no {path}: build it first (./dev bench does).")
    return str(path)


def cpu_seconds(pids):
    """User and system time of processes and of the children they have waited for."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        total += sum(int(fields[i]) for i in range(11, 15))
    return total / tick


def memory_kib(pid):
    """{"VmRSS": ..., "RssAnon": ..., "RssFile": ...} of a process, in KiB."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmRSS", "RssAnon", "RssFile", "VmHWM"):
            found[name] = int(rest.split()[0])
    return found


def output_of(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()
