# SPDX-License-Identifier: Apache-2.0
"""Measurements of a whole process: start and memory with many projects, memory of idle connections."""
import socket
import subprocess
import time

import places
from figures import Figure, spread
from world import Origin


def _seed(world, origin, first, count):
    done = subprocess.run([places.tool("bench_seed"), str(origin.data), str(first), str(count)], input=origin.key + "\n",
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _start_seconds(origin):
    begun = time.perf_counter()
    origin.start()
    assert origin.get("/healthz", key=None).status == 200
    return time.perf_counter() - begun


def _catch_up(origin):
    """One life in which what the seeding left to do is done: nobody has read its events yet."""
    origin.start()
    before = None
    while before is None or places.cpu_seconds(origin.pids()) - before > 0.02:
        before = places.cpu_seconds(origin.pids())
        time.sleep(1)
    origin.stop()


def _mb(kib):
    return kib * 1024 / 1e6


def start(world):
    """Start after kill -9 and after an orderly stop, and memory when idle, with more and more projects."""
    figures, have = [], 0
    origin = Origin(world.root / "many")
    origin.init()
    try:
        for count in world.sizes.projects:
            world.say(f"  seeding {count:,} projects")
            _seed(world, origin, have, count - have)
            have = count
            _catch_up(origin)
            killed, stopped, resident, own = [], [], [], []
            for _ in range(world.sizes.starts):
                stopped.append(_start_seconds(origin))
                memory = places.memory_kib(origin.process.pid)
                resident.append(_mb(memory["VmRSS"]))
                own.append(_mb(memory["RssAnon"]))
                origin.kill()
                killed.append(_start_seconds(origin))
                origin.stop()
            figures += _scale_figures(count, killed, stopped, resident, own)
    finally:
        origin.remove()
    return figures


def _scale_figures(count, killed, stopped, resident, own):
    most = count >= 100_000
    after_kill = Figure(f"start_{count}", f"start after kill -9, {count:,} projects", "s", spread(killed),
                        goal="under 0.3 s" if most else "", more={"after_stop": spread(stopped)})
    memory = Figure(f"idle_memory_{count}", f"idle memory, {count:,} projects", "MB", spread(resident),
                    goal="under 40 MB" if most else "", more={"anonymous_mb": spread(own)})
    if most:
        after_kill.met = after_kill.ours["median"] < 0.3
        memory.met = memory.ours["median"] < 40
    return [after_kill, memory]


def idle(world):
    """What connections that say nothing after one request cost."""
    count, origin = world.sizes.idle_connections, world.origin
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    def ask(peer):
        peer.sendall(request)
        assert peer.recv(4096).startswith(b"HTTP/1.1 200"), "healthz"

    origin.get("/healthz")
    before = places.memory_kib(origin.process.pid)["VmRSS"]
    connections = []
    try:
        for _ in range(count):
            connections.append(socket.create_connection(("127.0.0.1", origin.port), timeout=60))
            ask(connections[-1])
        more = _mb(places.memory_kib(origin.process.pid)["VmRSS"] - before)
    finally:
        for peer in connections:
            peer.close()
    figure = Figure("idle_connections", f"memory of {count:,} idle connections", "MB", spread([more]),
                    goal="under 32 MB" if count >= 1000 else "")
    figure.met = more < 32 if count >= 1000 else None
    return [figure]
