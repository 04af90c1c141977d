#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: whatever arrives, the answer is the one the tables promise, and the process stays alive, lean, answering and discreet.

Method: tables of attacks (HTTP, Git, API and configuration, storage) against a live server. After each case: the process
runs, its memory is back within 64 MiB, descriptors and threads are back, /healthz stayed below a second, there is a log
line, and no secret stands in the log, in an answer or in the data folder.

usage: run.py [--origind FILE] [--only ROW[,ROW]] [--list] [--control]
--control aims every checker at servers that misbehave, and passes only if each one notices.
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import tables  # noqa: E402
from harness import World, Wrong  # noqa: E402


class Tally:
    def __init__(self):
        self.passed, self.failed, self.lock = 0, 0, threading.Lock()

    def say(self, row, name, words, wrong):
        with self.lock:
            if wrong:
                self.failed += 1
            else:
                self.passed += 1
            print(f"{'FAIL' if wrong else 'ok  '} {row:<4} {name}: {'; '.join(wrong) or words}", flush=True)


def attempt(world, case):
    """(a few words on the answer, what is wrong with it)."""
    seen = len(world.answers)
    try:
        words, wrong = case.run(world) or "as promised", []
    except Wrong as error:
        words, wrong = "", [str(error)]
    except Exception as error:  # A case that breaks is a case that failed.
        where = traceback.extract_tb(error.__traceback__)[-1]
        words, wrong = "", [f"{type(error).__name__}: {str(error)[:400]} ({pathlib.Path(where.filename).name}:{where.lineno})"]
    for answer in world.answers[seen:]:
        if found := world.secrets.found_in(answer):
            wrong.append(f"an answer tells {found}")
    del world.answers[seen:]
    return words, wrong


def watched(world, cases):
    """Runs `cases` at once, each server under its watch; yields (case, words, wrong)."""
    watches = {case.on: world.watches[case.on] for case in cases if case.on in world.watches}
    for watch in watches.values():
        watch.begin()
    begun, found = time.monotonic(), {}
    threads = [threading.Thread(target=lambda case=case: found.update({id(case): attempt(world, case)})) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    told = set()
    for case in cases:
        words, wrong = found[id(case)]
        if case.on in watches and case.on not in told:  # What is wrong with a server is told once.
            told.add(case.on)
            wrong = wrong + watches[case.on].complaints(case)
        peak = f", peak +{watches[case.on].peak_mib:.1f} MiB" if case.on in watches else ""
        yield case, f"{words} [{took:.2f} s{peak}]", wrong


def play(world, cases, tally):
    """One case after another. False: a server is gone."""
    for case in cases:
        for about, words, wrong in watched(world, [case]):
            tally.say(about.row, about.name, words, wrong)
        dead = [name for name, server in world.servers.items() if server.process.poll() is not None]
        if dead:
            print(f"the server {dead[0]} is gone:\n{world.servers[dead[0]].log()[-3000:]}")
            return False
    return True


def play_slow(world, cases, tally):
    """Those that wait for a deadline, all at once, against servers of their own."""
    world.start()
    for about, words, wrong in watched(world, cases):
        tally.say(about.row, about.name, words, wrong)
    close_down(world, tally, " of the slow ones")


def close_down(world, tally, which=""):
    """What is looked at once: a clean stop, no secret in any file, how slow /healthz ever was."""
    slowest = max(watch.probe.slowest for watch in world.watches.values())
    asked = sum(watch.probe.count for watch in world.watches.values())
    for name, status in world.end().items():
        tally.say("all", f"the server {name}{which} stops in order", "exit 0", [] if status == 0 else [f"exit {status}"])
        said = world.servers[name].log()
        tally.say("all", f"no sanitizer spoke ({name}{which})", "silent",
                  re.findall(r".*(?:ERROR: \w+Sanitizer|runtime error|WARNING: ThreadSanitizer).*", said)[:3])
        tally.say("all", f"no secret in the data folder ({name}{which})", "none",
                  [*world.secrets.found_below(world.servers[name].data)][:5])
    print(f"/healthz{which} was asked {asked} times meanwhile; the slowest answer took {slowest * 1000:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origind", help="the program; default: $ORIGIND, else what was built")
    parser.add_argument("--only", default="", help="rows, or beginnings of rows: H, G13, A1,A2")
    parser.add_argument("--list", action="store_true", help="the rows and where each is looked at; runs nothing")
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    if options.origind:
        os.environ["ORIGIND"] = str(pathlib.Path(options.origind).resolve())
    if options.control:
        import control
        return control.main()
    only = [row for row in options.only.split(",") if row]
    cases = tables.chosen(only)
    elsewhere = tables.elsewhere(only)
    for item in elsewhere:
        print(f"n/a  {item.row:<4} {item.what}: {item.why}")
    for row in tables.missing():
        print(f"FAIL {row:<4} is in no table")
    if options.list:
        for case in cases:
            print(f"     {case.row:<4} {case.name}")
        return 1 if tables.missing() else 0
    tally = Tally()
    tally.failed = len(tables.missing())
    begun = time.monotonic()
    worlds = [World(tempfile.mkdtemp(prefix="origind-hostile-")) for _ in range(2)]
    slow = [case for case in cases if case.slow]
    beside = threading.Thread(target=play_slow, args=(worlds[1], slow, tally))
    try:
        if slow:
            beside.start()
        worlds[0].start()
        if play(worlds[0], [case for case in cases if not case.slow], tally):
            close_down(worlds[0], tally)
        if slow:
            beside.join()
    finally:
        for world in worlds:
            world.remove()
    print(f"{time.monotonic() - begun:.0f} s, {len(elsewhere)} not sent here (n/a above)")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
