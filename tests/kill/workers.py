# SPDX-License-Identifier: Apache-2.0
"""The workers: each keeps asking for one kind of thing until its server dies, and writes down what was acknowledged.

A worker starts again after each restart where the server is, not where it thought it was.
"""
import http.client

from git_client import GitFailed, Repo

DIED = (OSError, http.client.HTTPException, GitFailed, ValueError)


class Worker:
    ROUND_MAX = 1000  # Steps in one round.

    def __init__(self, world, number):
        self.world, self.number, self.count = world, number, 0
        self.server, self.oracle = world.server, world.oracle

    def run(self):
        try:
            self.begin()
            while not self.world.over.is_set() and self.count < self.ROUND_MAX:
                self.count += 1
                self.step()
        except DIED:
            if not self.world.over.is_set():
                self.world.unexpected.append(f"{type(self).__name__} {self.number} stopped before the server was killed")
                raise

    def begin(self):
        pass

    def name(self):
        return f"{self.world.round}-{self.number}-{self.count}"

    def fresh_clone(self):
        folder = self.world.folder / f"{type(self).__name__}-{self.world.round}-{self.number}"
        self.repo = Repo(folder)
        # Main alone: a branch that is forced away between listing and fetching cannot be had, here as from any Git server.
        self.repo("clone", "-q", "--single-branch", "--branch", "main", self.world.code_url, folder)

    def api(self, path, body, key=None):
        answer = self.server.post(path, body, headers={"Idempotency-Key": key} if key else None)
        if answer.status == 503:
            raise ConnectionError(answer.text)
        return answer


class Pusher(Worker):
    """One commit a push: to main, if nobody was quicker, and to a branch of its own by turns."""

    def begin(self):
        self.fresh_clone()

    def step(self):
        ref = "refs/heads/main" if self.count % 2 == 1 else f"refs/heads/push/{self.number}"
        if ref == "refs/heads/main":
            self.repo("fetch", "-q")
            self.repo("reset", "-q", "--hard", "origin/main")
        commit = self.repo.commit(self.name(), **{f"push/{self.name()}.txt": self.name() + "\n" * 50})
        self.oracle.write("try", ref=ref, commit=commit)
        force = [] if ref == "refs/heads/main" else ["--force"]
        done = self.repo.run("push", "-q", *force, "origin", f"{commit}:{ref}", check=False)
        if done.returncode == 0:
            self.oracle.write("push" if force else "main", ref=ref, commit=commit, forced=bool(force))
        elif "rejected" not in done.stderr:
            raise ConnectionError(done.stderr)


class PairPusher(Worker):
    """Two new branches and a tag in one atomic push: all of them or none."""

    def begin(self):
        self.fresh_clone()

    def step(self):
        name = self.name()
        commit = self.repo.commit(name, **{f"pair-{name}.txt": name})
        refs = [f"refs/heads/pair/{name}/a", f"refs/heads/pair/{name}/b", f"refs/tags/pair-{name}"]
        for ref in refs:
            self.oracle.write("try", ref=ref, commit=commit)
        self.repo("push", "-q", "--atomic", "origin", *[f"{commit}:{ref}" for ref in refs])
        self.oracle.write("pair", refs=refs, commit=commit)


class Poster(Worker):
    """Requirements; one that got no answer is asked again with its own key after the restart.

    A few in a round: a run takes milliseconds, and would leave the others nothing to be killed at.
    """
    ROUND_MAX = 3
    pending = {}

    def step(self):
        key = self.pending.get(self.number) or f"post-{self.name()}"
        self.pending[self.number] = key
        thing = key.replace("-", "")
        answer = self.api("/api/requirements", {
            "clientId": self.server.client_id, "projectId": self.world.project,
            "requirements": f"Add {thing}s. A {thing} has a name (required) and a size (integer)."}, key)
        if answer.status not in (200, 202):
            raise ValueError(f"a requirement was answered {answer}")
        del self.pending[self.number]
        self.oracle.write("run", id=answer.json["requestId"], key=key)
        self.server.wait_run(answer.json["requestId"])


class Merger(Worker):
    """A branch from main's tip, merged back through the API."""

    def begin(self):
        self.fresh_clone()

    def step(self):
        branch = f"merge/{self.name()}"
        self.repo("fetch", "-q")
        self.repo("reset", "-q", "--hard", "origin/main")
        commit = self.repo.commit(branch, **{f"{branch}.txt": branch})
        self.oracle.write("try", ref=f"refs/heads/{branch}", commit=commit)
        self.repo("push", "-q", "origin", f"{commit}:refs/heads/{branch}")
        self.oracle.write("push", ref=f"refs/heads/{branch}", commit=commit, forced=False)
        answer = self.api(f"/api/projects/{self.world.project}/merge", {"source": branch})
        if answer.status == 200:
            self.oracle.write("merge", source=commit, commit=answer.json["commit"], deployments=answer.json["deployments"])
        elif answer.status != 409:
            raise ValueError(f"a merge was answered {answer}")


class Roller(Worker):
    """Rolls back to the first deployment, again and again."""

    def step(self):
        answer = self.api(f"/api/projects/{self.world.project}/deployments/{self.world.first_deployment}/rollback", {}, f"roll-{self.name()}")
        if answer.status in (200, 201, 202):
            self.oracle.write("rollback", id=answer.json["id"], key=f"roll-{self.name()}")
        elif answer.status != 409:
            raise ValueError(f"a rollback was answered {answer}")
        self.world.over.wait(0.05)


class Collector(Worker):
    """Seals, folds and collects the project again and again."""

    def step(self):
        answer = self.server.operate("gc", {"project": self.world.project})
        if answer.status == 503:
            raise ConnectionError(answer.text)
        if answer.status != 200:
            raise ValueError(f"a gc was answered {answer}")
        self.oracle.write("gc")
        self.world.over.wait(0.05)
