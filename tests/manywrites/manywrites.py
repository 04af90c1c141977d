#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: many small writes stay few packs, and a clone is as quick as from one pack.
Method: API commits and pushes, by clients that keep their connection, into one project and spread over many, while
`origind gc` runs over and over; then packs are counted, each acknowledged tip is looked for, and clones are timed beside
clones of the same history repacked by git. The oracle is `git fsck --full --strict` on a clone.

    manywrites.py [COMMITS [PUSHES [PROJECTS]]]     10000 2000 1000 is the full size; the default is a small one
Times count only with --timed: they are printed in any case.
"""
import argparse
import hashlib
import http.client
import json
import pathlib
import statistics
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
from git_client import Repo, ZERO  # noqa: E402
from origin_server import Server, wait_until  # noqa: E402

CLIENTS = 16
PACKS_MAX = 50
RATIO_MAX = 1.5
CLONES = 7


class Line:
    """One kept connection."""

    def __init__(self, server):
        self.server, self.connection = server, None

    def ask(self, method, path, body, headers):
        while True:
            if self.connection is None:
                self.connection = self.server.connect()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.getheader("Connection", "").lower() == "close":
                self.connection.close()
                self.connection = None
            if answer.status != 503:
                return answer.status, text

    def post(self, path, body):
        status, text = self.ask("POST", path, json.dumps(body), {
            "Authorization": f"Bearer {self.server.key}", "Content-Type": "application/json"})
        if status not in (200, 201):
            raise AssertionError(f"{path}: {status} {text[:500]}")
        return json.loads(text)


def stored(kind, data):
    """An object's id and its entry in a pack."""
    oid = hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data).hexdigest()
    size, head = len(data), {b"commit": 1, b"tree": 2, b"blob": 3}[kind] << 4
    head, size = head | size & 15, size >> 4
    out = bytearray()
    while size:
        out.append(head | 0x80)
        head, size = size & 127, size >> 7
    out.append(head)
    return oid, bytes(out) + zlib.compress(data)


def push_body(ref, old, parent, name, stamp):
    """A push of one commit with one file, as git would send it. Returns: the commit and the bytes."""
    blob, one = stored(b"blob", f"{name} {stamp}\n".encode() * 20)
    tree, two = stored(b"tree", b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob))
    who = f"Ada <ada@example.org> {1700000000 + stamp} +0000"
    text = f"tree {tree}\n" + (f"parent {parent}\n" if parent != ZERO else "") + f"author {who}\ncommitter {who}\n\n{name}\n"
    commit, three = stored(b"commit", text.encode())
    pack = b"PACK" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + one + two + three
    line = f"{old} {commit} {ref}\0report-status object-format=sha1\n".encode()
    return commit, b"%04x" % (len(line) + 4) + line + b"0000" + pack + hashlib.sha1(pack).digest()


class World:
    def __init__(self, server):
        self.server, self.passed, self.failed = server, 0, 0
        self.tips, self.waits, self.lock = {}, {"commit": [], "push": []}, threading.Lock()

    def check(self, what, good, more=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {what}{more}", flush=True)

    def commit(self, line, project, branch, number):
        begun = time.monotonic()
        made = line.post(f"/api/projects/{project['projectId']}/commits", {
            "branch": branch, "message": f"{branch} {number}", "files": [
                {"action": "create", "path": f"{branch}/{number % 100:02}/{number}.txt", "content": f"{number} of {branch}\n" * 30}]})
        self.waits["commit"].append(time.monotonic() - begun)
        self.tips[project["projectId"], f"refs/heads/{branch}"] = made["commit"]

    def push(self, line, project, branch, number):
        ref = f"refs/heads/{branch}"
        old = self.tips.get((project["projectId"], ref), ZERO)
        commit, body = push_body(ref, old, old, branch, number)
        path = "/" + project["codeUrl"].split("/", 3)[3] + "/git-receive-pack"
        begun = time.monotonic()
        status, text = line.ask("POST", path, body, {
            "Authorization": f"Bearer {self.server.key}", "Content-Type": "application/x-git-receive-pack-request"})
        if status != 200 or b"ok " + ref.encode() not in text:
            raise AssertionError(f"push: {status} {text[:500]}")
        self.waits["push"].append(time.monotonic() - begun)
        self.tips[project["projectId"], ref] = commit

    def write(self, projects, commits, pushes):
        """CLIENTS threads share the work; each has branches of its own, so nobody is refused."""
        broken = []

        def work(me):
            line = Line(self.server)
            try:
                for kind, count in ((self.commit, commits), (self.push, pushes)):
                    for number in range(me, count, CLIENTS):
                        kind(line, projects[number % len(projects)], f"{kind.__name__}-{me}", number)
            except (AssertionError, OSError, http.client.HTTPException) as error:
                broken.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        self.check(f"{commits} commits and {pushes} pushes into {len(projects)} projects", not broken,
                   f": {(commits + pushes) / took:.0f}/s " + (f"but {broken[0]}" if broken else ""))
        for kind, waits in self.waits.items():
            if waits:
                waits.sort()
                print(f"     {kind}: p50 {waits[len(waits) // 2] * 1000:.1f} ms, p99 {waits[len(waits) * 99 // 100] * 1000:.1f} ms")
                waits.clear()


def packs_of(server, projects):
    """Packs of each project, as their rows say: what a dead pack left on the disk for a day is not one."""
    counts = server.command_json("gc", "--data", server.data)["projects"]
    wanted = {project["projectId"] for project in projects}
    return [row["packsBefore"] for row in counts if row["projectId"] in wanted]


def repeat_gc(server, over, counts):
    while not over.is_set():
        counts.append(max((row["packsBefore"] for row in server.command_json("gc", "--data", server.data)["projects"]), default=0))
        over.wait(1)


def clone_seconds(server, url, folder, name):
    begun = time.monotonic()
    Repo(folder)("clone", "-q", "--mirror", url.replace("http://", f"http://x:{server.key}@"), folder / name)
    return time.monotonic() - begun


def compare_clones(world, project, folder):
    server = world.server
    server.command("export", folder / "out", "--data", server.data)
    bare = folder / "out" / (project["name"] + ".git")
    Repo(bare)("repack", "-adfq")
    server.command("import", bare, "--project", "repacked", "--data", server.data)
    repacked = project["codeUrl"].rsplit("/", 1)[0] + "/repacked.git"
    times = {"as it is": [], "repacked": []}
    for number in range(CLONES):
        times["as it is"].append(clone_seconds(server, project["codeUrl"], folder, f"a{number}.git"))
        times["repacked"].append(clone_seconds(server, repacked, folder, f"b{number}.git"))
    here, there = (statistics.median(times[key]) for key in ("as it is", "repacked"))
    fsck = Repo(folder / "a0.git").run("fsck", "--full", "--strict", check=False)
    world.check("a clone passes git fsck --full --strict", fsck.returncode == 0, " " + fsck.stderr[:300])
    print(f"     clone {here * 1000:.0f} ms, of the repacked one {there * 1000:.0f} ms: {here / there:.2f} times")
    return here / there


def check_tips(world, projects, folder):
    """Each acknowledged tip is what a ref points to now."""
    lost = []
    for project in projects:
        lines = Repo(folder)("ls-remote", project["codeUrl"].replace("http://", f"http://x:{world.server.key}@")).splitlines()
        refs = dict(reversed(line.split("\t")) for line in lines)
        lost += [ref for (owner, ref), oid in world.tips.items() if owner == project["projectId"] and refs.get(ref) != oid]
    world.check("every acknowledged tip is there", not lost, f" ({lost[:3]})" if lost else "")


def make_projects(server, count):
    line = Line(server)
    made = [line.post("/api/projects", {"name": f"{'many' if count > 1 else 'one'}-{number}"}) for number in range(count)]
    for project in made:
        project["name"] = project["codeUrl"].split("/", 3)[3].removesuffix(".git")
    return made


def story(world, commits, pushes, projects, timed):
    server, folder = world.server, world.server.root
    for spread in (1, projects):
        chosen = make_projects(server, spread)
        over, counts = threading.Event(), []
        collector = threading.Thread(target=repeat_gc, args=(server, over, counts))
        collector.start()
        try:
            world.write(chosen, commits, pushes)
        finally:
            over.set()
            collector.join()
        most = max(packs_of(server, chosen) + counts)
        world.check(f"at most {PACKS_MAX} packs a project", most <= PACKS_MAX, f": {most}, after {len(counts)} gc meanwhile")
        check_tips(world, chosen[:20], folder)
        if spread == 1:
            ratio = compare_clones(world, chosen[0], folder)
            if timed:
                world.check(f"a clone takes at most {RATIO_MAX} times as long as a repacked one", ratio <= RATIO_MAX)
    server.restart()
    world.check("the server starts again and every tip is there", wait_until("ready", lambda: server.get("/readyz").status == 200))
    check_tips(world, chosen[:20], folder)
    server.stop()
    doctor = server.command("doctor", "--data", server.data, check=False)
    world.check("doctor finds nothing", doctor.returncode == 0, "" if doctor.returncode == 0 else "\n" + doctor.stdout[-2000:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("commits", type=int, nargs="?", default=160)
    parser.add_argument("pushes", type=int, nargs="?", default=64)
    parser.add_argument("projects", type=int, nargs="?", default=16)
    parser.add_argument("--timed", action="store_true")
    wanted = parser.parse_args()
    with Server() as server:
        world = World(server)
        story(world, wanted.commits, wanted.pushes, wanted.projects, wanted.timed)
    print(f"{world.passed} passed, {world.failed} failed")
    return 1 if world.failed else 0


if __name__ == "__main__":
    sys.exit(main())
