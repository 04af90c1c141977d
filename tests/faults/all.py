#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every point of every fault, one after the other, with its control; then 200 random kills under 16 writers. Takes about 25
minutes on two cores.

usage: all.py [--sample N] [--rounds N] [--seed S] [--json FILE]
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = ("kill_points.py", "disk_errors.py", "small_disk.py", "descriptors.py", "clock.py", "gc_points.py")
NOT_POSSIBLE_HERE = 77


def run(script, *words):
    print(f"\n== {script.name} {' '.join(words)} ==", flush=True)
    return subprocess.run([sys.executable, "-B", str(script), *words], check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="only so many points of each kind")
    parser.add_argument("--rounds", type=int, default=200, help="random kills")
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    parser.add_argument("--json", help="writes a summary to this file")
    options = parser.parse_args()
    words = ["--seed", str(options.seed)] + (["--sample", str(options.sample)] if options.sample else [])
    kinds = collections.defaultdict(lambda: {"passed": 0, "failed": 0})
    for name in FAULTS:
        for control in ([], ["--control"]):
            with tempfile.NamedTemporaryFile(suffix=".json") as summary:
                status = run(HERE / name, *words, *control, "--json", summary.name)
                text = summary.read()
            if status == NOT_POSSIBLE_HERE:
                continue
            told = json.loads(text)["kinds"] if text else {"broke off": {"passed": 0, "failed": 1}}
            for kind, counts in told.items():
                row = kinds[f"{name.removesuffix('.py')} {kind}"]
                row["passed"] += counts["passed"]
                row["failed"] += counts["failed"]
    for rounds in (["--rounds", str(options.rounds)], ["--control"]):
        failed = run(HERE.parent / "kill/kill9.py", "--writers", "16", "--seed", str(options.seed), *rounds) != 0
        row = kinds["kill9 " + ("control" if rounds == ["--control"] else "rounds under 16 writers")]
        row["failed" if failed else "passed"] += 1 if failed or rounds == ["--control"] else options.rounds
    print()
    for kind, row in kinds.items():
        print(f"{kind}: {row['passed']} passed, {row['failed']} failed")
    passed, failed = (sum(row[word] for row in kinds.values()) for word in ("passed", "failed"))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"seed": options.seed, "passed": passed, "failed": failed, "kinds": kinds}, indent=1))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
