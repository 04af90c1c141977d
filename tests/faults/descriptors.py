#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: without file descriptors the server refuses or lets wait, keeps what it acknowledged, and goes on when there are some again.

Method: prlimit on the running server: as many descriptors as it has open, and one more, two more ...; at each limit a push, a
large push, a push that makes a project, a run, a clone. Then idle connections take them all.

usage: descriptors.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control does not raise the limit again, and passes only if that is noticed.
"""
import os
import resource
import shutil
import socket
import threading

from world import TASKS, Repo, attempt, look, play, wait_until

SPARE_MAX = 6
CLEAR = ("503", "too many files open", "try again")
PATIENCE_MET_SECONDS = 1.5  # So long the limit holds; who waits in the accept queue then goes on.


class Clone:
    def __init__(self, place, number):
        self.place, self.folder = place, place.folder / f"clone-{number}"

    def ask(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        Repo.clone(self.place.code_url, self.folder, "--mirror")

    def complaints(self):
        return self.place.complaints()


TASKS["clone"] = Clone


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def limit(pid, count):
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count or hard, hard))


def under_limit(world, kind, spare):
    """Returns (what happened, the complaints)."""
    server, task = world.server, world.task(kind)
    pid, answers = server.process.pid, []
    limit(pid, open_descriptors(pid) + spare)
    asking = threading.Thread(target=lambda: answers.append(attempt(task)))
    asking.start()
    asking.join(PATIENCE_MET_SECONDS)
    waited = asking.is_alive()
    limit(pid, None)
    asking.join()
    wrong = [f"refused without saying why: {answers[0]}"] if unclear(answers[0]) else []
    return ("waited" if waited else "refused" if answers[0] else "done"), wrong + recovered(world, task, pid)


def unclear(refusal):
    """A refusal tells the peer to come again: 503, or Git's sentence for it."""
    return refusal is not None and not any(word in str(refusal) for word in CLEAR)


def recovered(world, task, pid):
    status = world.status()
    if status is not None:
        world.server.start()
        return [f"the server ended with {status}"]
    wrong = []
    if (refusal := attempt(task)) is not None:
        wrong.append(f"with descriptors again it was refused: {refusal}")
    return wrong + world.leftovers() + look(task)


def taken_by_idle_connections(world):
    server, task = world.server, world.task("push")
    pid = server.process.pid
    limit(pid, open_descriptors(pid) + 40)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    wait_until("the descriptors to be taken", lambda: open_descriptors(pid) >= resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] - 1)
    for peer in idle:
        peer.close()
    wrong = recovered(world, task, pid)  # Under the low limit still: the idle ones gave theirs back.
    limit(pid, None)
    return wrong


def sweep(world, told):
    warm = world.task("push")
    warm.ask()
    warm.settle()
    for kind in TASKS:
        if told.wants(kind):
            for spare in told.some(range(SPARE_MAX + 1)):
                note, wrong = under_limit(world, kind, spare)
                told.tell(f"EMFILE.{kind}", f"{spare} descriptors to spare", wrong, note, world.server.log())
    if told.wants("idle"):
        told.tell("EMFILE.idle", "60 idle connections", taken_by_idle_connections(world), log=world.server.log())
    told.tell("doctor", "all data folders' rows, packs and refs", world.doctor())


def control(world, told):
    task = world.task("push")
    pid = world.server.process.pid
    limit(pid, 3)
    red, asked = [], []
    asking = threading.Thread(target=lambda: asked.append(attempt(task)))
    asking.start()
    asking.join(PATIENCE_MET_SECONDS)
    if asking.is_alive() or asked[0]:
        red = ["a push is not done while there are no descriptors"]
    limit(pid, None)
    asking.join()
    told.end_control(red, "a limit that is not raised again")


if __name__ == "__main__":
    play(__doc__, sweep, control)
