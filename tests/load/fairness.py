#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: nobody is starved by somebody else: stalled peers, one bulk writer, more load than fits, a neighbour who causes
it, idle connections and SSH sessions.

Method: each part runs against a server of its own, speaks to it over real sockets and `git`, and prints its figures and
a verdict. A verdict compares figures of one run with each other; none is a time by itself.

usage: fairness.py [stalled|bulk|writes|reads|neighbour|idle|ssh ...] [--quick] [--json] [--control]
--quick: small numbers, and only what does not depend on how fast this machine is at the moment.
--control: runs each verdict on figures that must fail; passes only if every one does.
"""
import argparse
import json
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import overload  # noqa: E402  It finds bench/ for the next ones.
import load  # noqa: E402
import neighbour  # noqa: E402
import ssh_sessions  # noqa: E402
import wire  # noqa: E402
from git_client import Repo  # noqa: E402
from measures import descriptors, is_sanitized, memory_kib  # noqa: E402
from origin_server import Server, wait_until  # noqa: E402

STALLED = 64
BULK_UNDER_WAY, BULK_FILES = 16, 200
BIG_FILE_BYTES = 24 << 20  # No socket buffer swallows it.


# What is true of the figures ----------------------------------------------------------------------

def judge_stalled(figures):
    yield "every clone, push and API commit beside the stalled ones succeeded", figures["failed"] == 0
    yield "the stalled clones and pushes were really under way", figures["stalled_clones"] + figures["stalled_pushes"] == figures["stalled"]
    if "clone_ratio" in figures:
        yield "others took less than 3 times as long as alone", max(figures["clone_ratio"], figures["push_ratio"]) < 3


def judge_bulk(figures):
    yield "every push was taken", figures["failed"] == 0
    yield "the bulk writer got on as well", figures["bulk_commits"] > 0
    if not figures["quick"]:
        yield "the longest wait of a pusher is under 10 times the median", figures["longest_ms"] < 10 * figures["median_ms"]


def judge_idle(figures):
    yield "all connections were held, and each still works", figures["working"] == figures["connections"]
    if not figures["sanitized"]:
        yield "under 32 KiB of memory a connection", figures["kib_each"] < 32
    yield "their descriptors are given back", figures["descriptors_after"] <= figures["descriptors_before"] + 4


# The parts ------------------------------------------------------------------------------------------

def head(server, method, path, length, kind="application/json"):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.key}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n").encode()


def seconds_of(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


class Seeded:
    """A server with one project whose clone no socket buffer holds."""

    def __init__(self, server=None):
        self.server = server or Server()
        self.server.init().start()
        self.folder = self.server.root / "work"
        self.folder.mkdir()
        self.repo = Repo(self.folder / "seed").init(self.server.code_url("load"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.remove()

    def push(self, **files):
        self.repo.commit("seed", **files)
        self.repo("push", "-q", "-u", "origin", "main")


def noise(count, seed=1):
    """Bytes that do not compress, the same each time."""
    import random
    return random.Random(seed).randbytes(count)


def stall_clone(server, path, want):
    body = wire.pkt("command=fetch") + b"0001" + wire.pkt("no-progress") + wire.pkt(f"want {want}\n") + wire.pkt("done\n") + b"0000"
    # A small window, set before the connection is made: the server's answer soon has nowhere to go.
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.settimeout(60)
    peer.connect(("127.0.0.1", server.port))
    request = head(server, "POST", f"{path}/git-upload-pack", len(body), "application/x-git-upload-pack-request")
    peer.sendall(request.replace(b"\r\n\r\n", b"\r\nGit-Protocol: version=2\r\n\r\n") + body)
    return peer


def stall_push(server, path, number):
    commands = wire.push_body([(wire.ZERO, "1" * 40, f"refs/heads/stalled-{number}")], b"PACK\0\0\0\2\0\0\0\5")
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    peer.sendall(head(server, "POST", f"{path}/git-receive-pack", 1 << 20, "application/x-git-receive-pack-request") + commands)
    return peer


def others(seeded, rounds):
    """(clone, push) seconds of somebody else on the same server, and how many failed."""
    clones, pushes, failed = [], [], 0
    for number in range(rounds):
        folder = seeded.folder / f"other-{time.monotonic_ns()}"
        url = seeded.server.code_url("small")
        try:
            clones.append(seconds_of(lambda: Repo(folder)("clone", "-q", url, folder)))
            repo = Repo(folder)
            repo.commit(f"c{number}", **{f"{time.monotonic_ns()}.txt": "x"})
            pushes.append(seconds_of(lambda: repo("push", "-q", "origin", "HEAD")))
            answer = seeded.server.post(f"/api/projects/{seeded.small}/commits", new_commit(time.monotonic_ns()))
            failed += answer.status != 201
        except AssertionError:
            failed += 1
    return statistics.median(clones), statistics.median(pushes), failed


def new_commit(number):
    return {"branch": "main", "message": f"n{number}",
            "files": [{"action": "create", "path": f"f/{number % 97}/{number}.txt", "content": f"{number}\n"}]}


def run_stalled(quick):
    count = 16 if quick else STALLED
    with Seeded() as seeded:
        server = seeded.server
        seeded.push(big=noise(BIG_FILE_BYTES))
        small = Repo(seeded.folder / "small-seed").init(server.code_url("small"))
        small.history(50)
        small("push", "-q", "origin", "main")
        seeded.small = next(row["projectId"] for row in server.get("/api/projects").json["projects"]
                            if row["codeUrl"].endswith("/small.git"))
        rounds = 3 if quick else 9
        alone = others(seeded, rounds)
        path = f"/{server.client}/load.git"
        clones = [stall_clone(server, path, seeded.repo.head()) for _ in range(count)]
        pushes = [stall_push(server, path, number) for number in range(count)]
        # Under way: the clones' first bytes are here; the pushes have been answered nothing.
        under_way = sum(bool(peer.recv(1)) for peer in clones)
        beside = others(seeded, rounds)
        for peer in pushes:
            peer.setblocking(False)
        waiting = sum(1 for peer in pushes if not readable(peer))
        for peer in clones + pushes:
            peer.close()
        figures = {"stalled": 2 * count, "stalled_clones": under_way, "stalled_pushes": waiting,
                   "failed": alone[2] + beside[2], "clone_ms_alone": round(alone[0] * 1000, 1), "clone_ms": round(beside[0] * 1000, 1),
                   "push_ms_alone": round(alone[1] * 1000, 1), "push_ms": round(beside[1] * 1000, 1)}
        if not quick:
            figures["clone_ratio"] = round(beside[0] / alone[0], 2)
            figures["push_ratio"] = round(beside[1] / alone[1], 2)
        return figures


def readable(peer):
    try:
        return bool(peer.recv(1, socket.MSG_PEEK)) or True  # Closed counts as answered.
    except BlockingIOError:
        return False


def bulk_requests(server, project, writer):
    """Commits of 200 new files each, to a branch of `writer`."""
    files = [{"action": "create", "path": f"d{load.COUNTER}/{at}.txt", "content": f"{load.COUNTER} {at}\n" * 20} for at in range(BULK_FILES)]
    body = json.dumps({"branch": f"b{writer}", "message": "bulk", "files": files}).encode()
    headers = {**server.headers(), "Content-Type": "application/json"}
    return load.write(server.root / "requests" / f"bulk-{writer}", [
        load.request("POST", f"/api/projects/{project}/commits", headers, body)])


def run_bulk(quick):
    """One writer that keeps 16 requests of 200 files each under way (bench_load), and 8 pushers that take turns with nobody."""
    with Seeded(overload.Loaded(apart=False)) as seeded:
        server = seeded.server
        seeded.push(readme="hello\n")
        bulk = server.post("/api/projects", {"name": "bulk"}).json["projectId"]
        over, bulk_runs, failures, waits, lock = threading.Event(), [], [], [], threading.Lock()
        bulk_files = [bulk_requests(server, bulk, writer) for writer in range(BULK_UNDER_WAY)]

        def write_bulk():
            while not over.is_set():
                bulk_runs.append(server.run(bulk_files, BULK_UNDER_WAY, clients=BULK_UNDER_WAY, milliseconds=1000))

        def push(number):
            repo = Repo(seeded.folder / f"pusher-{number}")
            repo("clone", "-q", server.code_url("load"), repo.path)
            for round_number in range(4 if quick else 25):
                repo.commit(f"{number} {round_number}", **{f"p{number}.txt": f"{round_number}\n"})
                begun = time.monotonic()
                done = repo.run("push", "-q", "origin", f"HEAD:refs/heads/p{number}", check=False)
                with lock:
                    waits.append(time.monotonic() - begun)
                    if done.returncode != 0:
                        failures.append(done.stderr)

        writer = threading.Thread(target=write_bulk)
        pushers = [threading.Thread(target=push, args=(number,)) for number in range(8)]
        for thread in [writer, *pushers]:
            thread.start()
        for thread in pushers:
            thread.join()
        over.set()
        writer.join()
        return {"quick": quick, "pushes": len(waits), "failed": len(failures), "bulk_commits": sum(found["served"] for found in bulk_runs),
                "bulk_refused": sum(found["refused"] for found in bulk_runs),
                "median_ms": round(statistics.median(waits) * 1000, 1), "longest_ms": round(max(waits) * 1000, 1)}


def run_idle(quick):
    count = 200 if quick else 1000
    with Server() as server:
        request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()

        def ask(peer):
            peer.sendall(request)
            return peer.recv(65536).startswith(b"HTTP/1.1 200")
        for _ in range(50):
            server.get("/healthz", key=None)
        before, fds = memory_kib(server), descriptors(server)
        peers = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(count)]
        for peer in peers:
            ask(peer)
        held = memory_kib(server) - before
        working = sum(ask(peer) for peer in peers)
        for peer in peers:
            peer.close()
        after = wait_until("the descriptors", lambda: (now := descriptors(server)) <= fds + 4 and now, 60)
        return {"connections": count, "working": working, "held_kib": held, "kib_each": round(held / count, 2),
                "descriptors_before": fds, "descriptors_after": after, "sanitized": is_sanitized(server)}


PARTS = {"stalled": (run_stalled, judge_stalled), "bulk": (run_bulk, judge_bulk),
         "writes": (lambda quick: overload.run(overload.Commits, quick), overload.judge),
         "reads": (lambda quick: overload.run(overload.Listings, quick), overload.judge),
         "neighbour": (neighbour.run, neighbour.judge),
         "idle": (run_idle, judge_idle), "ssh": (ssh_sessions.run, ssh_sessions.judge)}

WITHOUT_LIMITS = ("bulk", "writes", "reads", "neighbour")  # Whoever loads a server has one key.

# Each verdict of a part must fail on at least one of these.
FAILING = {
    "stalled": {"failed": 1, "stalled": 128, "stalled_clones": 64, "stalled_pushes": 63, "clone_ratio": 3.5, "push_ratio": 1},
    "bulk": {"quick": False, "failed": 1, "bulk_commits": 0, "longest_ms": 1000, "median_ms": 90},
    "writes": overload.FAILING,
    "reads": overload.FAILING,
    "neighbour": neighbour.FAILING,
    "ssh": ssh_sessions.FAILING,
    "idle": {"connections": 1000, "working": 999, "kib_each": 33, "sanitized": False, "descriptors_after": 99, "descriptors_before": 20},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    passed = failed = 0
    found = {}
    for name in asked.parts or PARTS:
        run, judge = PARTS[name]
        figures = FAILING[name] if asked.control else run(asked.quick)
        found[name] = figures
        if not asked.json:
            figures = figures | ({"client_limits": "none"} if name in WITHOUT_LIMITS else {})
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
        for sentence, holds in judge(figures):
            good = holds != asked.control
            passed, failed = passed + good, failed + (not good)
            if not asked.json:
                print(f"  {'ok' if good else 'FAILED'}: {sentence}", flush=True)
    if asked.json:
        print(json.dumps({"figures": found, "passed": passed, "failed": failed}))
    else:
        print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
