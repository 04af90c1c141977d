# SPDX-License-Identifier: Apache-2.0
"""What the measurements stand on: one origind, its peers, the seeded repository, the sizes of a run."""
import dataclasses
import os
import pathlib
import shutil
import tempfile

import load
import peers
import places
import record
from git_client import Repo
from origin_server import NO_LIMITS, Server


@dataclasses.dataclass
class Sizes:
    rounds: int            # Repeats of each measurement, servers taking turns.
    milliseconds: int      # Of each throughput measurement.
    pushes: int            # In each round.
    commits: int           # API commits of one client in each round.
    samples: int           # Single events: deployments, webhooks, creations.
    projects: tuple        # For starts and idle memory.
    starts: int
    idle_connections: int
    large_mebibytes: int   # Of what is cloned over SSH.
    sites: int             # Live sites, each with a host name of its own.
    site_mebibytes: int    # Of the large file of a site.
    timings: int           # Of each kind of key compared.
    site_files: int        # Of the large tree that is deployed.


FULL = Sizes(rounds=5, milliseconds=3000, pushes=40, commits=200, samples=100, projects=(1000, 10_000, 100_000), starts=5,
             idle_connections=1000, large_mebibytes=128, sites=1000, site_mebibytes=100, timings=100_000, site_files=20_000)
QUICK = Sizes(rounds=3, milliseconds=700, pushes=15, commits=60, samples=20, projects=(1000, 10_000), starts=3,
              idle_connections=1000, large_mebibytes=32, sites=200, site_mebibytes=100, timings=100_000, site_files=20_000)
TINY = Sizes(rounds=1, milliseconds=50, pushes=2, commits=3, samples=2, projects=(20,), starts=1, idle_connections=10,
             large_mebibytes=1, sites=5, site_mebibytes=2, timings=1000, site_files=150)

CONNECTIONS = 8
CLIENTS = 16


class Origin(Server):
    """An origind with what the load program asks of a server, and no limits of clients: all load has one key."""

    name = "origind"

    def __init__(self, folder):
        super().__init__(folder)
        self.root.mkdir(parents=True, exist_ok=True)
        config = self.root / "origind.toml"
        config.write_text(
            '[outbound]\nallow = ["127.0.0.1/32"]\n[deploy]\nallow_api_base = true\n' + NO_LIMITS)  # Both on this machine.
        self.options = ["--config", str(config)]

    def pids(self):
        return [self.process.pid]

    def path_of(self, project):
        return f"/{self.client}/{project}.git"

    def headers(self):
        return {"Authorization": self.basic()}

    def api_headers(self):
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}

    def make_project(self, name):
        answer = self.post("/api/projects", {"name": name, "slug": name})
        assert answer.status == 201, answer
        return answer.json["projectId"]

    def deploys_main(self, project):
        """Commits on main of `project` go live on its own site from now on."""
        for path, body in (("targets/production", {"connector": "local"}),
                           ("rules", {"pattern": "main", "target": "production"})):
            answer = self.request("PUT", f"/api/projects/{project}/{path}", body)
            assert answer.status in (200, 201, 204), answer

    def commit(self, project, path, content, action="create"):
        """Returns the answer to an API commit of one file on main."""
        answer = self.post(f"/api/projects/{project}/commits", {
            "branch": "main", "message": "bench", "files": [{"action": action, "path": path, "content": content}]})
        assert answer.status in (200, 201), answer
        return answer


class World:
    """Use as a context: servers run inside it, and are gone after it."""

    def __init__(self, sizes, with_peers, say):
        self.sizes, self.with_peers, self.say = sizes, with_peers, say
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="origind-bench-"))
        self.origin = Origin(self.root / "origind")
        self.backend = None
        self._small = None

    def __enter__(self):
        try:
            self.origin.init().start()
            if self.with_peers:
                self.backend = peers.HttpBackend(self.root / "http-backend").__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.backend:
            self.backend.__exit__()
        self.origin.remove()
        shutil.rmtree(self.root, ignore_errors=True)

    def servers(self):
        """origind and the peer that speaks Git, if it is wanted."""
        return [self.origin, *([self.backend] if self.backend else [])]

    # The small repository --------------------------------------------------------------------

    @property
    def small(self):
        """The seeded repository; each server holds it as project `small`."""
        if self._small is None:
            self._small = record.make_small_repository(self.root / "small.git")
            self.give("small")
        return self._small

    def give(self, project):
        """The seeded repository becomes `project` on every server."""
        self._small("push", "-q", self.origin.code_url(project), "refs/heads/main:refs/heads/main")
        if self.backend:
            path = self.backend.repositories / f"{project}.git"
            bare = Repo(path)
            Repo(self.root / "nowhere")("clone", "-q", "--bare", "--no-local", "--single-branch", "-b", "main", self._small.path, path)
            bare("config", "http.receivepack", "true")
            bare("config", "receive.autogc", "false")
            bare("repack", "-adbq")

    def replay_file(self, server, project, exchanges, name):
        """The requests of `exchanges` as `server` is asked them, in a file."""
        return load.write(self.root / "requests" / f"{name}.{server.name}", record.to_server(
            exchanges, server.path_of(project), server.headers()))

    def beast(self, exchanges, name):
        """A bare server with the answers of `exchanges`, and the file of requests for it."""
        folder = self.root / "beast" / name
        bare = peers.Beast(folder)
        for number, exchange in enumerate(exchanges):
            (folder / str(number)).write_bytes(exchange.answer)
        return bare, load.write(self.root / "requests" / f"{name}.beast", record.to_fixed_paths(exchanges))


def versions():
    origind = os.environ.get("ORIGIND") or str(places.ROOT / "build/release/origind")
    return {"origind": places.output_of(origind, "--version"),
            "commit": places.output_of("git", "-C", str(places.ROOT), "describe", "--always", "--dirty"), **peers.versions()}
