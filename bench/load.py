# SPDX-License-Identifier: Apache-2.0
"""Requests as files, and bench_load to replay them. See bench/requests.h for the file's format."""
import json
import pathlib
import subprocess

import places

COUNTER = "@COUNTER@"


def request(method, path, headers=None, body=b""):
    """The bytes of one HTTP/1.1 request."""
    sent = {"Host": "127.0.0.1", "User-Agent": "git/2.39.5", **(headers or {})}
    if body or method == "POST":
        sent["Content-Length"] = str(len(body))
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
    return head.encode() + body


def write(path, requests):
    """Writes a file that bench_load reads; returns its path."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        for one in requests:
            file.write(b"request %d\n" % len(one))
            file.write(one)
    return path


class LoadFailed(AssertionError):
    pass


def run(server, files, connections=1, per_operation=1, expect="", **more):
    """One run against `server` (it has .port and .pids()); returns what bench_load printed and the
    server's processor time. `more`: operations, milliseconds, warm, counter, once."""
    words = [places.tool("bench_load"), "--port", server.port, "--connections", connections,
             "--per-operation", per_operation]
    if more.pop("once", False):
        words.append("--once")
    if expect:
        words += ["--expect", expect]
    for name, value in more.items():
        words += [f"--{name}", value]
    files = [files] if isinstance(files, (str, pathlib.Path)) else list(files)
    before = places.cpu_seconds(server.pids())
    done = subprocess.run([str(word) for word in [*words, *files]], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadFailed(f"bench_load: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    found["server_cpu_seconds"] = places.cpu_seconds(server.pids()) - before
    if found["failed"]:
        raise LoadFailed(f"{found['failed']} of {found['operations']} operations failed: {found['first_failure']}")
    return found
