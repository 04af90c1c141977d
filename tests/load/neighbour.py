# SPDX-License-Identifier: Apache-2.0
"""One client asks for more than fits, from one address; another, at another address, asks for one thing after the other.

The crowd is told 503 when there is too much of it; the neighbour has its turn in each round and is told nothing of it.
"""
import statistics
import threading
import time

import overload
from origin_server import wait_until

ADDRESS = "127.0.0.2"


def run(quick):
    crowd, milliseconds = (400, 2000) if quick else (4000, 10_000)
    with overload.Loaded() as server:
        work = overload.Commits(server)
        other = server.command_json("client", "create", "neighbour", "--data", server.data)
        key = server.make_key(client=other["clientId"])["key"]
        over, asked = threading.Event(), []

        def ask_on():
            while not over.is_set():
                begun = time.monotonic()
                status = server.get("/api/projects?limit=1", key=key, source=ADDRESS).status
                asked.append((status, time.monotonic() - begun))

        neighbour = threading.Thread(target=ask_on)
        neighbour.start()
        wait_until("the neighbour to begin", lambda: asked)
        found = server.run(work.files, min(crowd, overload.CONNECTIONS_MAX), clients=crowd, milliseconds=milliseconds)
        over.set()
        neighbour.join()
        waits = [wait * 1000 for _, wait in asked]
        return {"quick": quick, "crowd": crowd, "crowd_served": found["served"], "crowd_refused": found["refused"],
                "crowd_p50_ms": round(found["latency_us"]["p50"] / 1000, 1), "neighbour_asked": len(asked),
                "neighbour_refused": sum(status != 200 for status, _ in asked),
                "neighbour_p50_ms": round(statistics.median(waits), 1), "neighbour_longest_ms": round(max(waits), 1)}


def judge(figures):
    yield "the neighbour was served, and never refused", figures["neighbour_asked"] > 1 and figures["neighbour_refused"] == 0
    if not figures["quick"]:
        yield "the crowd was more than fits", figures["crowd_refused"] > 0
        yield "the neighbour waited less than the crowd", figures["neighbour_p50_ms"] < figures["crowd_p50_ms"]


# Each verdict must fail on this.
FAILING = {"quick": False, "neighbour_asked": 5, "neighbour_refused": 1, "crowd_refused": 0, "neighbour_p50_ms": 2, "crowd_p50_ms": 1}
