#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a disk that refuses or fails at any one call of a push or a run costs that push or run at most (promises 2 to 4).

Method: strace lists the calls; each that changes the data folder or the log is asked again and answered with an error:
  ENOSPC, EDQUOT  at each write, sync, rename, mkdir, making of a file: refused or done, and the same server goes on.
                  Only where the store itself cannot be written may it end, with status 74: LMDB cannot undo a torn write.
  EIO             at each sync: the process ends with status 74 before it acknowledges; a start recovers.
After each: everything acknowledged there once, nothing by half, and the same asked again is done.

usage: disk_errors.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control answers a rename with success and does not do it, and hides an EIO from the server: both must be noticed.
"""
import contextlib
import re

import tracing
from kill_points import traced
from world import FAILED, TASKS, attempt, look, play

SYNC = {"fsync", "fdatasync", "msync", "sync_file_range", "syncfs"}
WRITE = {"write", "writev", "pwrite64", "pwritev", "pwritev2", "fallocate", "ftruncate", "truncate", "copy_file_range"}
NAME = {"rename", "renameat", "renameat2", "mkdir", "mkdirat", "link", "linkat", "symlink", "symlinkat"}
EXIT_DISK = 74
# What the kernel answers to a call that strace took away and, told to go, did not bring to its end (ENOSYS).
LET_GO = "Function not implemented"


def is_on_disk(root, text):
    """Whether the call's first descriptor or any path it gives is below the server's folder."""
    return bool(re.match(r"\d+<" + re.escape(str(root)), text)) or f'"{root}' in text


def changes(root, place):
    if not is_on_disk(root, place.text):
        return False
    return place.call in SYNC | WRITE | NAME or (place.call in ("open", "openat") and "O_CREAT" in place.text)


def file_of(root, line):
    """Which file: store, log, pack, ... for people."""
    found = re.search(re.escape(str(root)) + r"/([^\">]*)", line)
    name = found[1] if found else "?"
    name = re.sub(r"prj_\w{26}", "prj", re.sub(r"incoming-[\d-]+", "incoming", name))
    return re.sub(r"[0-9a-f]{40}", "*", name)


def error_at(world, kind, place, error):
    """Returns (what happened, the complaints)."""
    server, task = world.server, world.task(kind)
    said = len(server.log())
    with tracing.met_by(server, place, f"error={error}") as trace:
        refusal = attempt(task)
        if refusal is None:
            with contextlib.suppress(*FAILED, AssertionError):
                task.settle()
    met = [line for line in trace.injected() if is_on_disk(server.root, tracing.LINE.sub(r"\3", line))]
    status = world.status()
    ended = status is not None
    wrong = []
    if ended:
        if met or LET_GO not in server.log()[said:]:
            wrong += judge_end(status, error, met, server)
        server.start()
    elif error == "EIO" and met:
        wrong.append("EIO on a sync, and the process goes on")
    wrong += world.leftovers() if ended else []
    again = attempt(task)
    if again is not None:
        wrong.append(f"asked again it was refused: {again}")
    elif error != "EIO":
        wrong += [line for line in world.leftovers() if not ended]
    wrong += look(task)
    if not met:
        return "missed", wrong
    how = f"ended with {EXIT_DISK}" if ended else "refused" if refusal else "done nevertheless"
    return how, wrong


def judge_end(status, error, met, server):
    if status != EXIT_DISK:
        return [f"the server ended with {status}"]
    in_store = any(file_of(server.root, line).startswith("data/store/") for line in met)
    if error != "EIO" and not in_store:
        return ["the server ended, and could have refused"]
    return []


def mark_at(world, call, error):
    """The mark that a project gets before its first file of a server's life. Later pushes, which traced() sees, have it."""
    server, task = world.server, world.task("large")
    server.stop()
    server.start()
    folder = server.data / "projects/written"
    path = folder if call in SYNC else folder / task.place.project
    with tracing.Strace(tracing.threads(server.process.pid), "-P", path, "-e", f"trace={call}", "-e", f"inject={call}:error={error}") as trace:
        refusal = attempt(task)
    wrong = [] if trace.injected() else ["no mark was made"]
    wrong += [] if refusal else ["it was acknowledged without a mark"]
    status = world.status()
    if status is not None:
        wrong += [] if (status, error) == (EXIT_DISK, "EIO") else [f"the server ended with {status}"]
        server.start()
    elif error == "EIO":
        wrong.append("EIO on a sync, and the process goes on")
    wrong += world.leftovers()
    again = attempt(task)
    if again is not None:
        wrong.append(f"asked again it was refused: {again}")
    return f"ended with {status}" if status is not None else "refused", wrong + look(task)


def marks(world, told):
    for call, error in (("openat", "ENOSPC"), ("openat", "EDQUOT"), ("fsync", "ENOSPC"), ("fsync", "EIO")):
        note, wrong = mark_at(world, call, error)
        told.tell(f"{error}.mark", f"{call} of the mark of a project written to", wrong, note, world.server.log())


def sweep(world, told):
    root = world.server.root
    if told.wants("mark"):
        marks(world, told)
    for kind in TASKS:
        if not told.wants(kind):
            continue
        places = [place for place in traced(world, kind) if changes(root, place)]
        syncs = [place for place in places if place.call in SYNC]
        print(f"{kind}: {len(places)} calls that change the disk, {len(syncs)} of them sync", flush=True)
        faults = [(place, "EIO") for place in syncs] + [(place, error) for place in places for error in ("ENOSPC", "EDQUOT")]
        for place, error in told.some(faults):
            note, wrong = error_at(world, kind, place, error)
            if note == "missed" and not wrong:
                note, wrong = error_at(world, kind, place, error)
            told.tell(f"{error}.{kind}", f"{place} {file_of(root, place.text)}", wrong, note, world.server.log())
    told.tell("doctor", "all data folders' rows, packs and refs", world.doctor())


def control(world, told):
    """Faults that nobody handles: a sync that lies, and an EIO that is swallowed."""
    server = world.server
    sync = next(place for place in traced(world, "large") if place.call == "fsync" and changes(server.root, place))
    rename = next(place for place in traced(world, "large") if place.call == "rename" and place.thread == sync.thread)
    task = world.task("large")
    with tracing.met_by(server, rename, "retval=0"):  # The pack stays in quarantine; the server believes it was moved.
        attempt(task)
    server.kill()
    server.start()
    told.tell("control", "a rename that was not done", [] if look(task) else ["nobody noticed"])
    world.place = None
    real = tracing.met_by
    tracing.met_by = lambda server, place, fault: real(server, place, "delay_exit=1")  # The fault does not reach the server.
    note, wrong = error_at(world, "large", sync, "EIO")
    tracing.met_by = real
    told.end_control([note] if note == "missed" or wrong else [], "an EIO that nobody sees counts as missed")


if __name__ == "__main__":
    play(__doc__, sweep, control)
