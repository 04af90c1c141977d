#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: kill -9 at any system call of a push, of a run or of a gc loses nothing acknowledged and leaves nothing by half (promises 2 to 4).

Method: strace lists the calls of one push, one large push, one push that makes a project, one run and one gc; then, for each of these,
the same is asked again and the server is killed on entering that call, started, and seen from outside. A call that did
not come again (threads are free to take turns) is counted as missed.

usage: kill_points.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control believes an acknowledgement that was never given, and loses a pack, and passes only if the checks notice both.
"""
import contextlib

import tracing
from world import FAILED, TASKS, attempt, look, play


def traced(world, kind):
    """The calls of the second of two: the first fills caches, and is different."""
    for _ in range(2):
        task = world.task(kind)

        def whole(task=task):
            task.ask()
            task.settle()
        places = tracing.calls_of(world.server, whole)
    return places


def kill_at(world, kind, place):
    """Returns (what happened, the complaints)."""
    server = world.server
    task = world.task(kind)
    with tracing.met_by(server, place, "signal=SIGKILL"):
        refusal = attempt(task)
        if refusal is None:
            with contextlib.suppress(*FAILED, AssertionError):
                task.settle()
    status = world.status()
    if status is None:
        wrong = [f"it was refused without a fault: {refusal}"] if refusal else []
        return "missed", wrong + look(task)
    wrong = [] if status == -9 else [f"the server ended with {status}"]
    server.start()
    wrong += world.leftovers() + look(task)
    again = attempt(task)
    if again is not None:
        wrong.append(f"after the restart it was refused: {again}")
    return f"killed {'before' if refusal else 'after'} the acknowledgement", wrong


def sweep(world, told):
    for kind in TASKS:
        if not told.wants(kind):
            continue
        places = traced(world, kind)
        print(f"{kind}: {len(places)} system calls in {len({place.thread for place in places})} threads", flush=True)
        for place in told.some(places):
            note, wrong = kill_at(world, kind, place)
            if note == "missed" and not wrong:
                note, wrong = kill_at(world, kind, place)
            told.tell(kind, place, wrong, note, world.server.log())
    told.tell("doctor", "all data folders' rows, packs and refs", world.doctor())


def control(world, told):
    task = world.task("push")
    task.ask()
    assert not look(task), "the control begins with a fault"
    row = task.place.oracle.of("main")[-1]
    task.place.oracle.write("main", ref=row["ref"], commit="1" * 40, forced=False)
    believed = look(task)
    told.tell("control", "an acknowledgement without effect", [] if believed else ["nobody noticed"])
    task.place.oracle.rows.pop()
    large = world.task("large")
    large.ask()
    world.server.kill()
    for pack in (world.server.data / "projects" / task.place.project / "pack").glob("*.pack"):
        if pack.stat().st_size > 1_000_000:
            pack.unlink()
    world.server.start()
    told.end_control(look(large), "a pack lost in the kill")


if __name__ == "__main__":
    play(__doc__, sweep, control)
