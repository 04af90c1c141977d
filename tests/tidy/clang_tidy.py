#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: clang-tidy has nothing to say about any source file of the tree, and a second run costs little.

Method: one clang-tidy for each file that build/dev compiles. A file that came out clean is remembered by
the hash of what clang-tidy saw of it: its preprocessed text (comments too: NOLINT), the checks, the version.
The memory is a folder of empty files outside the tree, as a compiler cache is, so a fresh clone has it too.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

TIDY = "clang-tidy-19"
# In tests: a table is a long function, a constant may throw before main(), a fixture is never copied, nothing
# is hot, and the analyzer spends minutes in googletest's macros.
LEFT_OUT_OF_TESTS = ("--checks=-clang-analyzer-*,-readability-function-size,-cert-err58-cpp,"
                     "-cppcoreguidelines-special-member-functions,-performance-*")
IS_TEST = re.compile(r"_(test|fuzz)\.cc$|^tests/")
# The analyzer loses what a coroutine knew before it was suspended, and reports asio's own lines.
LEFT_OUT_OF_COROUTINES = "--checks=-clang-analyzer-*"
IS_COROUTINE = re.compile(rb"\bco_(await|return|yield)\b")


def memory():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(home) / "origind-tidy"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def preprocessed(entry):
    """The bytes clang-tidy reads for a compile command."""
    words = shlex.split(entry["command"])
    out = words.index("-o")
    del words[out:out + 2]
    words.remove("-c")
    return subprocess.run([*words, "-E", "-C"], cwd=entry["directory"], check=True, stdout=subprocess.PIPE).stdout


def examine(root, entry, rules):
    """Returns (path, what clang-tidy says: nothing where the file is clean)."""
    path = os.path.relpath(entry["file"], root)
    options = []
    if IS_TEST.search(path):
        options = [LEFT_OUT_OF_TESTS]
    elif IS_COROUTINE.search((root / path).read_bytes()):
        options = [LEFT_OUT_OF_COROUTINES]
    text = preprocessed(entry).replace(str(root).encode(), b"")
    clean = memory() / hashlib.sha256(b"\0".join([rules, repr(options).encode(), text])).hexdigest()
    if clean.exists():
        return path, ""
    ran = subprocess.run([TIDY, "-p", "build/dev", "--quiet", "--warnings-as-errors=*", *options, path],
                         cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if ran.returncode == 0 and not ran.stdout.strip():
        clean.touch()
        return path, ""
    return path, ran.stdout.strip() or ran.stderr.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", default="", help="only files whose path contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    tracked = set(subprocess.check_output(["git", "ls-files", "*.cc"], cwd=root, text=True).split())
    version = subprocess.check_output([TIDY, "--version"])
    rules = version + (root / ".clang-tidy").read_bytes()
    entries = {}
    for entry in json.loads((root / "build/dev/compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], root)
        if path in tracked and arguments.part in path:
            entries.setdefault(path, entry)
    unclean = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for done, (path, said) in enumerate(pool.map(lambda one: examine(root, one, rules), entries.values()), 1):
            if said:
                unclean += 1
                print(f"{said}\n", flush=True)
            if sys.stdout.isatty() or done % 50 == 0:
                print(f"clang-tidy: {done} of {len(entries)} files, {unclean} unclean", flush=True)
    missing = sorted(path for path in tracked if arguments.part in path and path not in entries)
    for path in missing:
        print(f"{path}: no compile command, not examined")
    print(f"clang-tidy: {len(entries) - unclean} passed, {unclean} failed")
    return 1 if unclean or missing else 0


if __name__ == "__main__":
    sys.exit(main())
