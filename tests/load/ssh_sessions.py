# SPDX-License-Identifier: Apache-2.0
"""SSH sessions that stay without a command, and sessions that arrive as fast as bench_ssh_load opens them.

The door's own bounds (connections in all, of an address, of a client) are raised for it: they would refuse before
anything is measured. Only the early drop of unproved connections stays, so 8 are opened at a time.
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import places  # noqa: E402  It finds the tests' helpers for the next ones.
import peers  # noqa: E402
import ssh_works  # noqa: E402
from git_client import Repo  # noqa: E402
from measures import descriptors, is_sanitized, memory_kib, threads  # noqa: E402
from origin_server import wait_until  # noqa: E402

AT_ONCE = 8


class Held:
    """`count` connections that have proved a key and run nothing."""

    def __init__(self, server, count):
        self.process = subprocess.Popen(
            [places.tool("bench_ssh_load"), "--port", str(server.ssh_port), "--key", str(server.key_file), "--command",
             f"git-upload-pack '{server.ssh_path_of('listed')}'", "--cipher", peers.SSH_CIPHER, "--hold", str(count),
             "--workers", str(AT_ONCE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.open = json.loads(self.process.stdout.readline())["open"]

    def run_commands_and_close(self):
        told, _ = self.process.communicate()
        return json.loads(told)


def run(quick):
    count, milliseconds = (40, 1500) if quick else (500, 60_000)
    server = ssh_works.SshOrigin(None)
    try:
        server.init().start()
        repo = Repo(server.root / "seed").init(server.code_url("listed"))
        repo.commit("seed", readme="hello\n")
        repo("push", "-q", "origin", "main")
        ssh_works.sessions(server, "listed", sessions=100, workers=AT_ONCE)  # So that nothing is done for the first time.
        before = {"memory_kib": memory_kib(server), "threads": threads(server), "descriptors": descriptors(server)}
        held = Held(server, count)
        idle = {"memory_kib": memory_kib(server), "threads": threads(server), "descriptors": descriptors(server)}
        worked = held.run_commands_and_close()
        arrived = ssh_works.sessions(server, "listed", milliseconds=milliseconds, workers=AT_ONCE)

        def is_over():
            return threads(server) <= before["threads"] and descriptors(server) <= before["descriptors"] + 4
        wait_until("the last connection to be gone", is_over)
        return {"quick": quick, "sanitized": is_sanitized(server), "limits_raised_to": 100_000,
                "idle_sessions": held.open, "idle_asked": count, "idle_worked_after": worked["sessions"],
                "idle_kib_each": round((idle["memory_kib"] - before["memory_kib"]) / count, 1),
                "threads_before": before["threads"], "threads_idle": idle["threads"], "threads_after": threads(server),
                "arrived": arrived["sessions"], "failed": arrived["failed"] + worked["failed"],
                "arrived_per_s": round(arrived["per_second"], 1), "arrived_p50_ms": round(arrived["latency_us"]["p50"] / 1000, 2),
                "arrived_p99_ms": round(arrived["latency_us"]["p99"] / 1000, 2),
                "server_cpu_ms_each": round(arrived["server_cpu_seconds"] * 1000 / arrived["sessions"], 3),
                "descriptors_before": before["descriptors"], "descriptors_idle": idle["descriptors"],
                "descriptors_after": descriptors(server), "left_kib": memory_kib(server) - before["memory_kib"]}
    finally:
        server.remove()


def judge(figures):
    yield "all idle sessions were held, and each still works", figures["idle_sessions"] == figures["idle_worked_after"] == figures["idle_asked"]
    yield "an idle session has no thread of its own", figures["threads_idle"] < figures["threads_before"] + figures["idle_asked"] / 4
    yield "sessions arrived, and none was lost", figures["arrived"] > 0 and figures["failed"] == 0
    yield "threads are given back", figures["threads_after"] <= figures["threads_before"]
    yield "descriptors are given back", figures["descriptors_after"] <= figures["descriptors_before"] + 4
    if not figures["sanitized"]:
        yield "memory is given back, but for 64 MB", figures["left_kib"] < 64 << 10


# Each verdict must fail on this.
FAILING = {"sanitized": False, "idle_sessions": 500, "idle_asked": 500, "idle_worked_after": 499, "threads_before": 10, "threads_idle": 510,
           "threads_after": 11, "arrived": 7000, "failed": 1, "descriptors_before": 30, "descriptors_after": 35, "left_kib": 65 << 10}
