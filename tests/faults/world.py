# SPDX-License-Identifier: Apache-2.0
"""What is done to a server while a fault strikes, and what must then be true.

A task asks for one thing, writes down whether it was acknowledged, and can be asked again. The checks are those of tests/kill:
everything acknowledged there exactly once, nothing by half, `git fsck --strict` on a clone.
"""
import http.client
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE.parent / "kill")]

import checks  # noqa: E402
import points  # noqa: E402
from git_client import GitFailed, Repo  # noqa: E402
from oracle import Oracle  # noqa: E402
from origin_server import Server, wait_until  # noqa: E402
from scenario import INVENTORY, SECRET  # noqa: E402
from hook_receiver import Receiver  # noqa: E402, F401

FAILED = (OSError, http.client.HTTPException, GitFailed, ValueError)
LARGE_BYTES = 1_500_000  # More than the small writes that need no pack of their own.
PLACE_USES = 8  # Then a new project: the checks read everything of it.


class Refused(ValueError):
    """An answer that says no: (status, code)."""


def one_worker_server(root=None):
    """A server whose threads do the same at each repetition: one worker takes every step of every request."""
    server = Server(root)
    config = server.root / "one_worker.toml"
    config.write_text("[workers]\nthreads = 1\n")
    server.options = ["--config", str(config)]
    return server


class Place:
    """One project with a deployment rule, what was acknowledged of it, and a clone to push from."""
    made = 0

    def __init__(self, server):
        Place.made += 1
        self.server, self.uses, self.round = server, 0, 0
        self.folder = server.root / f"place-{Place.made}"
        self.folder.mkdir()
        self.oracle = Oracle(self.folder / "oracle.jsonl")
        answer = server.require(INVENTORY, deployment={"platform": "local"})
        assert answer.status == 200 and answer.json["status"] == "complete", answer
        made = answer.json
        self.project, self.code_url = made["projectId"], server.with_key(made["codeUrl"])
        self.first_deployment = made["deployment"]["id"]
        self.oracle.write("run", id=made["requestId"], key="the first")
        self.repo = Repo(self.folder / "work")
        self.repo("clone", "-q", self.code_url, self.folder / "work")
        server.settle_deployments(self.project)

    def complaints(self):
        seen = checks.Seen(self)
        return [*checks.complaints(self, seen), *with_main(self.oracle, seen)]


def with_main(oracle, seen):
    """A task's push moves main and three refs, atomically."""
    for row in oracle.of("whole"):
        on_main, beside = seen.moves["refs/heads/main", row["commit"]], seen.refs.get(row["beside"]) == row["commit"]
        if bool(on_main) != beside:
            yield f"{row['commit']} is {'' if on_main else 'not '}on main and {row['beside']} is {'' if beside else 'not '}there"


class Push:
    """Main, two new branches and a tag in one atomic push."""
    name, content = "push", staticmethod(lambda: "a line\n" * 50)

    def __init__(self, place, number):
        self.place, self.number = place, number
        self.base = f"{self.name}-{number}"

    def ask(self):
        """Raises if it was not acknowledged. Asked again, it is another push: what became of the first is not known."""
        place, repo = self.place, self.place.repo
        self.tries = getattr(self, "tries", 0) + 1
        name = f"{self.base}-{self.tries}"
        repo("fetch", "-q")
        repo("reset", "-q", "--hard", "origin/main")
        commit = repo.commit(name, **{f"{name}.txt": self.content()})
        refs = [f"refs/heads/pair/{name}/a", f"refs/heads/pair/{name}/b", f"refs/tags/pair-{name}"]
        for ref in ["refs/heads/main", *refs]:
            place.oracle.write("try", ref=ref, commit=commit)
        place.oracle.write("whole", commit=commit, beside=refs[0])
        repo("push", "-q", "--atomic", "origin", f"{commit}:refs/heads/main", *[f"{commit}:{ref}" for ref in refs])
        place.oracle.write("main", ref="refs/heads/main", commit=commit, forced=False)
        place.oracle.write("pair", refs=refs, commit=commit)

    def settle(self):
        self.place.server.settle_deployments(self.place.project)

    def complaints(self):
        return self.place.complaints()


class LargePush(Push):
    name, content = "large", staticmethod(lambda: os.urandom(LARGE_BYTES))


class Create(Push):
    """The first push to a name that does not exist makes the project: all of it or nothing."""
    name = "create"

    def ask(self):
        self.tries = getattr(self, "tries", 0) + 1
        self.slug = f"new-{self.number}-{os.getpid()}-{self.tries}"
        self.repo = Repo(self.place.folder / self.slug).init(self.place.server.code_url(self.slug))
        self.acknowledged = False
        self.commit = self.repo.commit("first", **{"README.md": "hello\n"})
        self.repo("push", "-q", "origin", "main")
        self.acknowledged = True

    def settle(self):
        pass

    def complaints(self):
        server = self.place.server
        rows = [row for row in server.pages("/api/projects", "projects") if row["codeUrl"].endswith(f"/{self.slug}.git")]
        if not rows:
            return [f"the project {self.slug} was acknowledged and is gone"] if self.acknowledged else []
        clone = Repo.clone(server.code_url(self.slug), self.place.folder / f"{self.slug}.seen", "--mirror")
        pushes = [event for event in server.events(rows[0]["projectId"]) if event["type"] == "push"]
        if len(rows) == len(pushes) == 1 and clone("for-each-ref", "--format=%(refname) %(objectname)") == f"refs/heads/main {self.commit}":
            return []
        return [f"the project {self.slug} is there by half: {rows} {pushes} {clone('for-each-ref')}"]


class Run:
    """A requirement for the project becomes a commit on a branch of its own; asked again with its key, it is the same run."""
    name = "run"

    def __init__(self, place, number):
        self.place, self.number = place, number
        self.key, self.thing = f"run-{number}", f"gadget{number}"

    def ask(self):
        server = self.place.server
        answer = server.require(f"Add {self.thing}s. A {self.thing} has a name (required) and a size (integer).",
                                projectId=self.place.project, headers={"Idempotency-Key": self.key})
        if answer.status != 200:
            raise Refused(answer.status, answer.code)
        if answer.json["status"] != "complete":
            raise Refused(answer.json)
        self.place.oracle.write("run", id=answer.json["requestId"], key=self.key)

    def settle(self):
        self.place.server.settle_deployments(self.place.project)

    def complaints(self):
        return self.place.complaints()


class Gc(Push):
    """`origind gc` of a project that has a journal and more packs than one: they are sealed and folded, the swapped files stay.
    tests/faults/gc_points.py does it to garbage and to files that go."""
    name, place_uses = "gc", 1  # A project of its own: else each finds more to fold than the one before.

    def __init__(self, place, number):
        super().__init__(place, number)
        for kind in (LargePush, LargePush, Push):
            kind(place, f"{number}-{kind.name}-{len(place.oracle.rows)}").ask()

    def ask(self):
        answer = self.place.server.operate("gc", {"project": self.place.project})
        if answer.status != 200:
            raise Refused(answer.status, answer.code)


TASKS = {task.name: task for task in (Push, LargePush, Create, Run, Gc)}


class World:
    """A server on a data folder, and places on it, renewed before they grow."""

    def __init__(self, server):
        self.server, self.place, self.number = server, None, 0

    def task(self, kind):
        if self.place is None or self.place.uses >= getattr(TASKS[kind], "place_uses", PLACE_USES):
            self.place = Place(self.server)
        self.place.uses += 1
        self.number += 1
        return TASKS[kind](self.place, self.number)

    def status(self):
        """Its exit status if the server has ended, or is about to; None if it answers."""
        try:
            self.server.get("/healthz", key=None)
            return None
        except (OSError, http.client.HTTPException):
            return self.server._gone()

    def leftovers(self):
        return list(checks.leftovers(self))

    def doctor(self):
        """What `origind doctor` finds in the folder of the stopped server."""
        self.server.stop()
        done = self.server.command("doctor", "--data", self.server.data, check=False)
        return [] if done.returncode == 0 else [f"doctor: {done.stdout}{done.stderr}"]


def look(task):
    """The complaints; a server that cannot be looked at is one."""
    try:
        return list(task.complaints())
    except (*FAILED, AssertionError) as failure:
        return [SECRET.sub("***", f"cannot be looked at: {failure}")[:2000]]


def attempt(task):
    """Asks; returns what came instead of an acknowledgement, or None."""
    try:
        task.ask()
        return None
    except FAILED as failure:
        return failure


def play(description, sweep, control):
    """The whole of a test: `sweep` (world, points), or `control` with --control, on a server of its own."""
    told = points.Points(points.options(description))
    with one_worker_server() as server:
        world = World(server)
        if told.chosen.control:
            control(world, told)
        sweep(world, told)
    told.end()
