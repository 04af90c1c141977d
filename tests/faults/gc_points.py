#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: kill -9 anywhere in `origind gc` - sealing the journal, collecting, folding, the swap, removing files - leaves every
acknowledged ref with all it reaches, and the next gc finishes the work (docs/decisions/0009, 0010).

Method: a data folder is made once: packs of which some died in an earlier gc, garbage, more packs, a journal. Its clock then
stands 40 days later (libfaketime), so all three kinds of work are due. strace lists what `origind gc` asks of the kernel; for
each call that changes the folder a fresh copy is made, gc is killed on entering that call, and then: an export has every ref
where it was and passes `git fsck --full --strict`; doctor is content; gc runs to its end; the same again; what should go is
gone. A kill at a call that changes nothing leaves the same files as one at the next that does: those are not repeated.
The server's own gc, while it serves, is the kind "gc" of kill_points.py, disk_errors.py and descriptors.py.

usage: gc_points.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control does not do a rename that was answered with success, and loses a pack and an index, and passes only if each is noticed.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import points
import tracing
from clock import DAY_SECONDS, faketime_library
from disk_errors import NAME, SYNC, WRITE, file_of, is_on_disk
from origin_server import PATIENCE_SECONDS, program
from world import Repo, Server

DAYS_LATER = 40  # Ref history is kept 30, dead packs 1.
GOING = {"unlink", "unlinkat", "rmdir"}
LARGE_BYTES = 1_100_000  # More than a row of the journal takes.
KILLED = (-9, 137)


class Template:
    """The folder that each point begins with, and what was acknowledged in it: {ref: id}."""

    def __init__(self, folder):
        self.folder = folder
        with Server(folder / "making") as server:
            self.repo = Repo(folder / "work").init(server.code_url("packs"))
            self.push("one", LARGE_BYTES)
            self.push("gone", LARGE_BYTES, "gone")
            self.push("gone-small", 100, "gone-small")
            for name in ("two", "three"):
                self.push(name, LARGE_BYTES)
                self.push(f"{name}-small", 100)
            self.gone = [self.repo("rev-parse", name) for name in ("gone", "gone-small")]
            self.repo("push", "-q", "origin", ":refs/heads/gone", ":refs/heads/gone-small")
            server.command("gc", "--data", server.data)  # The garbage is too young; the packs before it die.
            self.push("side", LARGE_BYTES, "side")
            self.push("four", LARGE_BYTES)
            for number in range(3):
                self.push(f"small-{number}", 100)
            self.repo("tag", "-a", "-m", "a tag", "v1")
            self.repo("push", "-q", "origin", "v1")
            listed = self.repo("ls-remote", "origin").splitlines()
            self.refs = {name: oid for oid, name in (line.split("\t") for line in listed) if name != "HEAD" and not name.endswith("^{}")}
            server.stop()
            shutil.copytree(server.data, folder / "data", symlinks=True)
        self.packs = sum(1 for _ in (folder / "data").rglob("*.pack"))

    def push(self, name, size, branch="main"):
        if branch != "main":
            self.repo("checkout", "-q", "-b", branch)
        self.repo.commit(name, **{f"{name}.bin": os.urandom(size)})
        self.repo("push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        if branch != "main":
            self.repo("checkout", "-q", "main")


class Copy:
    """One point's data folder; every command on it runs 40 days later."""

    def __init__(self, template, root):
        self.template, self.root = template, root
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(template.folder / "data", root / "data", symlinks=True)
        self.later = {"LD_PRELOAD": faketime_library(), "FAKETIME": f"+{DAYS_LATER}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.environment = {**os.environ, **self.later}

    def command(self, *words):
        return subprocess.run([program(), *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=self.environment)

    def gc(self, *options):
        """`origind gc` under strace; returns its exit status, what it printed and the trace."""
        preload = [word for name, value in self.later.items() for word in ("-E", f"{name}={value}")]
        with tempfile.NamedTemporaryFile("r", prefix="origind-strace-", suffix=".txt", errors="replace") as trace:
            done = subprocess.run(["strace", "-f", "-y", "-s", "160", "-o", trace.name, *preload, *options,
                                   program(), "gc", "--data", str(self.root / "data"), "--json"],
                                  capture_output=True, text=True, timeout=PATIENCE_SECONDS)
            return done, trace.read().splitlines()

    def closures(self):
        """Every acknowledged ref is where it was, with all it reaches; nothing unfinished is left."""
        out = self.root / "export"
        shutil.rmtree(out, ignore_errors=True)
        done = self.command("export", out, "--data", self.root / "data")
        if done.returncode != 0:
            return [f"export: exit {done.returncode}: {done.stdout}{done.stderr}"]
        found = sorted(out.rglob("HEAD"))
        if not found:
            return ["nothing was exported"]
        repo = Repo(found[0].parent)
        wrong = []
        checked = repo.run("fsck", "--full", "--strict", check=False)
        if checked.returncode != 0 or "missing" in checked.stdout + checked.stderr:
            wrong.append(f"git fsck: {checked.stdout}{checked.stderr}"[:1000])
        refs = dict(reversed(line.split(" ")) for line in repo("for-each-ref", "--format=%(objectname) %(refname)").splitlines())
        wrong += [f"{name} was acknowledged at {oid} and is at {refs.get(name)}" for name, oid in self.template.refs.items() if refs.get(name) != oid]
        wrong += [f"left behind: {path.name}" for path in (self.root / "data").rglob("*")
                  if not path.is_dir() and ("quarantine" in path.parts or path.name.startswith(("tmp", "incoming")))]
        doctor = self.command("doctor", "--data", self.root / "data")
        return wrong + ([] if doctor.returncode == 0 else [f"doctor: {doctor.stdout}{doctor.stderr}"[:1000]])

    def finished(self):
        """A gc to its end: nothing of the journal is left, one pack is named, the garbage and the files that were due are gone."""
        done = self.command("gc", "--data", self.root / "data", "--json")
        if done.returncode != 0:
            return [f"the next gc: exit {done.returncode}: {done.stdout}{done.stderr}"]
        report = json.loads(done.stdout)["projects"][0]
        wrong = [] if report["packs"] == 1 else [f"after gc there are {report['packs']} packs"]
        if unclosed := self.closures():
            return wrong + unclosed
        out = Repo(next(self.root.joinpath("export").rglob("HEAD")).parent)
        return wrong + [f"garbage {oid} is still there" for oid in self.template.gone if out.run("cat-file", "-e", oid, check=False).returncode == 0]


def changing_calls(copy):
    """Each (call, number) that changes the folder. strace counts for each thread; whoever is first at a number meets the fault."""
    done, lines = copy.gc()
    assert done.returncode == 0, done.stdout + done.stderr
    counts, places = collections.Counter(), {}
    for line in lines:
        found = tracing.LINE.match(line)
        if not found:
            continue
        counts[found[1], found[2]] += 1
        changes = found[2] in SYNC | WRITE | NAME | GOING or (found[2] in ("open", "openat") and "O_CREAT" in found[3])
        if changes and is_on_disk(copy.root, found[3]):
            places.setdefault((found[2], counts[found[1], found[2]]), found[3])
    places = [tracing.Place("gc", call, number, text) for (call, number), text in places.items()]
    return done, [*places, tracing.Place("gc", "exit_group", 1, "")]


def kill_at(template, root, place):
    copy = Copy(template, root)
    done, _ = copy.gc("-e", f"trace={place.call}", "-e", f"inject={place.call}:signal=SIGKILL:when={place.number}")
    if done.returncode not in KILLED:
        return "missed", [f"gc: exit {done.returncode}: {done.stdout}{done.stderr}"] if done.returncode else copy.closures()
    wrong = copy.closures()
    return "killed", wrong + copy.finished()


def sweep(template, told, root):
    copy = Copy(template, root)
    done, places = changing_calls(copy)
    report = json.loads(done.stdout)["projects"][0]
    due = [f"the template has no {what}" for what in ("objectsDropped", "journalRowsSealed", "packsRemoved") if not report[what]]
    told.tell("whole", f"gc of {template.packs} packs: {report}", due + copy.closures() + copy.finished())
    print(f"gc: {len(places)} calls that change the folder", flush=True)
    for place in told.some(places):
        note, wrong = kill_at(template, root, place)
        told.tell("gc", f"{place} {file_of(root, place.text)}", wrong, note)


def control(template, told, root):
    """A gc that is told of a rename that was not done; then a folder that lost a file."""
    _, places = changing_calls(Copy(template, root))
    rename = [place for place in places if place.call.startswith("rename") and ".pack" in place.text][-1]
    copy = Copy(template, root)
    copy.gc("-e", f"trace={rename.call}", "-e", f"inject={rename.call}:retval=0:when={rename.number}")
    told.tell("control", "a rename that was not done", [] if copy.closures() else ["nobody noticed"])
    copy = Copy(template, root)
    assert not copy.closures() + copy.finished(), "the control begins with a fault"
    pack = only_named_pack(copy)
    lose_a_blob(template, pack)
    noticed = [line for line in copy.closures() if "git fsck" in line]
    told.tell("control", "a pack that lost one blob, by git fsck", [] if noticed else ["nobody noticed"])
    pack.unlink()
    told.end_control(copy.closures(), "a pack lost in a gc")


def only_named_pack(copy):
    """The one that the last gc wrote: the files of those it replaced stay for a day."""
    return max((copy.root / "data").rglob("*.pack"), key=lambda path: path.stat().st_mtime_ns)


def lose_a_blob(template, pack):
    """The pack and its index are written anew, without one file of main."""
    oids = [line.split(" ")[0] for line in template.repo("rev-list", "--objects", "--all").splitlines()]
    oids.remove(template.repo("rev-parse", "main:two.bin"))
    pack.chmod(0o600)
    pack.write_bytes(template.repo.pack(oids))
    index = pack.with_suffix(".idx")
    index.unlink()
    template.repo("index-pack", "-o", index, pack)


def main():
    told = points.Points(points.options(__doc__))
    faketime_library()
    root = tempfile.mkdtemp(prefix="origind-gc-")
    try:
        folder = pathlib.Path(root)
        template = Template(folder)
        (control if told.chosen.control else sweep)(template, told, folder / "point")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    told.end()


if __name__ == "__main__":
    main()
