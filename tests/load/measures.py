# SPDX-License-Identifier: Apache-2.0
"""What a running server takes of the machine, as Linux tells it."""
import pathlib


def _status(server, field):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(f"{field}:")).split()[1])


def memory_kib(server):
    return _status(server, "VmRSS")


def is_sanitized(server):
    """Sanitizers reserve terabytes, and keep what is freed: their memory says nothing."""
    return _status(server, "VmPeak") > 8 << 30


def threads(server):
    return _status(server, "Threads")


def descriptors(server):
    return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))
