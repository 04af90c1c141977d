#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what was acknowledged survives kill -9 at any instant, exactly once; nothing is there by half (promises 2 to 4).

Method: pushers, an atomic pusher, posters of requirements, a merger, a roller-back and a collector of garbage work on one
project; after a random number of acknowledgements and a random instant more the server is killed, started again, and seen
from outside.

usage: kill9.py [--rounds N] [--writers N] [--seed S] [--control]
--writers: at least one of each kind, the others pushers; a new project every 25 rounds, since the checks read all of one.
--control forges one acknowledgement of each kind, and passes only if the checks notice every one.
"""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import checks  # noqa: E402
from oracle import Oracle  # noqa: E402
from origin_server import PATIENCE_SECONDS, Server  # noqa: E402
from scenario import INVENTORY  # noqa: E402
from workers import Collector, Merger, PairPusher, Poster, Pusher, Roller  # noqa: E402

# What decides when a round is killed: so many acknowledgements of one kind, and an instant more.
TRIGGERS = {"push": 5, "main": 3, "pair": 3, "run": 4, "merge": 3, "rollback": 2, "gc": 2}
INSTANT_SECONDS_MAX = 0.08
KINDS = [Pusher, Poster, PairPusher, Merger, Roller, Collector, Pusher, Poster]  # The writers of a round.
MORE_KINDS = [Pusher, PairPusher]  # By turns, when there are more.
ROUNDS_OF_A_WORLD = 25


class World:
    """One project, those who write to it, and what they were told."""

    def __init__(self, server, seed, writers=len(KINDS), rounds_before=0):
        self.server, self.random = server, random.Random(seed)
        self.kinds = [KINDS[number] if number < len(KINDS) else MORE_KINDS[number % 2] for number in range(writers)]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="work-", dir=server.root))
        self.oracle = Oracle(self.folder / "oracle.jsonl")
        Poster.pending.clear()
        self.round, self.over, self.unexpected = rounds_before, threading.Event(), []
        made = server.require(INVENTORY, deployment={"platform": "local"}).json
        assert made["status"] == "complete", made
        self.project, self.code_url = made["projectId"], server.with_key(made["codeUrl"])
        self.first_deployment = made["deployment"]["id"]
        self.oracle.write("run", id=made["requestId"], key="the first")

    def play(self):
        """One round, from a running server to a restarted one."""
        self.round += 1
        self.over.clear()
        threads = [threading.Thread(target=kind(self, number).run) for number, kind in enumerate(self.kinds)]
        kind = list(TRIGGERS)[self.round % len(TRIGGERS)]
        goal = self.oracle.count(kind) + self.random.randint(1, TRIGGERS[kind])
        instant = self.random.uniform(0, INSTANT_SECONDS_MAX)
        for thread in threads:
            thread.start()
        if not self.oracle.wait_for(kind, goal, PATIENCE_SECONDS):
            self.unexpected.append(f"no {kind} was acknowledged in {PATIENCE_SECONDS} s")
        threading.Event().wait(instant)
        self.over.set()
        self.server.kill()
        for thread in threads:
            thread.join()
        self.server.start()


def keep(world):
    """Puts the data folder, the log and the oracle of a failed round aside: it may not come again."""
    world.server.kill()
    kept = tempfile.mkdtemp(prefix="origind-kill9-")
    shutil.copytree(world.server.root, kept, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    return f"kept for a look: {kept}"


def play_rounds(world, rounds):
    for _ in range(rounds):
        before = world.oracle.acknowledged()
        world.play()
        wrong = [*checks.leftovers(world), *world.unexpected, *checks.complaints(world)]
        print(f"round {world.round}: {world.oracle.acknowledged() - before} acknowledged, "
              f"{world.oracle.acknowledged()} in all, {len(wrong)} complaints", flush=True)
        if wrong:
            print("\n".join(wrong[:20]))
            print(keep(world), flush=True)
            print(world.server.log()[-6000:])
            return 1
    return not_tried(world, rounds)


def not_tried(world, rounds):
    """A campaign that acknowledged too little of a kind has shown nothing about it."""
    counts = {kind: world.oracle.count(kind) for kind in TRIGGERS}
    print(f"acknowledged: {counts}")
    few = [kind for kind, count in counts.items() if count < rounds // len(TRIGGERS)]
    if few:
        print(f"too few to say anything: {', '.join(few)}")
    return 1 if few else 0


def forgeries(world):
    """An acknowledgement that was never given, or that was taken back, of each kind: (name, act on oracle and sight)."""
    ghost = "1" * 40
    seen = checks.Seen(world)
    yield "nothing forged", lambda: None, seen, False
    rows = {
        "push": {"ref": "refs/heads/push/0", "commit": ghost, "forced": True},
        "main": {"ref": "refs/heads/main", "commit": ghost, "forced": False},
        "pair": {"refs": ["refs/heads/pair/x/a"], "commit": ghost},
        "merge": {"source": ghost, "commit": ghost, "deployments": []},
        "rollback": {"id": "dep_00000000000000000000000000", "key": "x"},
        "run": {"id": "run_00000000000000000000000000", "key": "x"},
    }
    for kind, row in rows.items():
        yield f"a {kind}", lambda kind=kind, row=row: world.oracle.rows.append({"kind": kind, **row}), seen, True
    again = checks.Seen(world)
    again.events.append(again.events[-1])
    yield "an event twice", lambda: None, again, True
    lost = checks.Seen(world)
    lost.deployments.pop()
    yield "a deployment lost", lambda: None, lost, True
    half = checks.Seen(world)
    half.refs["refs/heads/nobody-pushed-this"] = ghost
    yield "a ref without an event", lambda: None, half, True
    twice = checks.Seen(world)
    twice.requests[next(iter(twice.requests))] = 2
    yield "a run committed twice", lambda: None, twice, True


def control(world):
    world.play()
    failed = 0
    for name, act, seen, expected in forgeries(world):
        kept = list(world.oracle.rows)
        act()
        wrong = checks.complaints(world, seen)
        world.oracle.rows[:] = kept
        good = bool(wrong) == expected
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {wrong[0] if wrong else 'no complaint'}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ORIGIN_KILL_ROUNDS", "25")))
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    parser.add_argument("--writers", type=int, default=len(KINDS), help="at least 6")
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    if options.writers < 6:
        parser.error("--writers: at least 6, one of each kind")
    print(f"seed {options.seed}", flush=True)
    with Server() as server:
        if options.control:
            return control(World(server, options.seed, options.writers))
        killed = acknowledged = failed = 0
        while killed < options.rounds and not failed:
            world = World(server, options.seed + killed, options.writers, killed)
            failed = play_rounds(world, min(ROUNDS_OF_A_WORLD, options.rounds - killed))
            killed = world.round
            acknowledged += world.oracle.acknowledged()
        print(f"{killed} times killed under {options.writers} writers, {acknowledged} acknowledgements, "
              f"{'something is wrong' if failed else 'all there, each once'}")
        print(f"{killed - failed} passed, {failed} failed")
        return failed


if __name__ == "__main__":
    sys.exit(main())
