# SPDX-License-Identifier: Apache-2.0
"""Goal: 8 pushers and 8 requirement posters at once on one project lose nothing and double nothing.

Method: real `git` in 8 folders pushing to a common branch and to branches of their own while 8 threads post features;
afterwards refs, history, events and runs must account for every acknowledgement exactly once.
"""
import collections
import concurrent.futures
import os

import door_table
from git_client import Repo
from origin_server import wait_until
from scenario import INVENTORY, Scenario

PUSHERS = 8
POSTERS = 8
ROUNDS = 3


class Concurrency(Scenario):
    def cloned(self, number):
        return self.clone(f"pusher-{number}", url=self.url_of(self.made))

    def pusher(self, number):
        """Commits acknowledged on main and on an own branch."""
        repo = self.cloned(number)
        acknowledged = []
        for round_number in range(ROUNDS):
            mine = repo.commit(f"p{number}.{round_number}", **{f"p{number}-{round_number}.txt": "x\n"})
            repo("push", "-q", "origin", f"HEAD:refs/heads/own/{number}")
            while repo.run("push", "-q", "origin", "HEAD:main", check=False).returncode != 0:
                repo("pull", "-q", "--rebase", "origin", "main")
                mine = repo.head()
                repo("push", "-q", "--force", "origin", f"HEAD:refs/heads/own/{number}")
            acknowledged.append(mine)
        return acknowledged

    def poster(self, number):
        text = f"Add widget{number}s. A widget{number} has a name (required) and a size (integer)."
        answer = self.server.post("/api/requirements", {"clientId": self.server.client_id, "projectId": self.made["projectId"],
                                                        "requirements": text}, headers={"Idempotency-Key": f"poster-{number}"})
        assert answer.status in (200, 202), answer
        return answer.json["requestId"]

    def test_8_pushers_and_8_posters(self):
        self.made = self.server.require(INVENTORY).json
        project = self.made["projectId"]
        with concurrent.futures.ThreadPoolExecutor(PUSHERS + POSTERS) as pool:
            pushers = [pool.submit(self.pusher, number) for number in range(PUSHERS)]
            posters = [pool.submit(self.poster, number) for number in range(POSTERS)]
            pushed = [commit for future in pushers for commit in future.result()]
            asked = [future.result() for future in posters]
        runs = [wait_until(f"run {one}", lambda one=one: self.server._settled(one)).json for one in asked]

        clone = self.clone(url=self.url_of(self.made))
        refs = clone.remote_refs()
        history = collections.Counter(clone("log", "--format=%H", "main").splitlines())
        for commit in pushed:
            self.assertEqual(history[commit], 1, f"{commit} was acknowledged on main")
        self.assertEqual(sum(history.values()), PUSHERS * ROUNDS + 1)
        self.assertEqual([run["status"] for run in runs], ["complete"] * POSTERS, runs)
        self.assertEqual(len({run["branch"] for run in runs}), POSTERS)
        for run in runs:
            self.assertEqual(refs[f"refs/heads/{run['branch']}"], run["commit"])
        events = self.server.events(project)
        afters = collections.Counter(ref["after"] for event in events if event["type"] == "push" for ref in event["data"]["refs"]
                                     if ref["ref"] == "refs/heads/main")
        for commit in pushed:
            self.assertEqual(afters[commit] if commit in afters else None, 1, f"one event moved main to {commit}")
        committed = [event for event in events if event["type"] == "run.committed"]
        self.assertEqual(len(committed), POSTERS + 1)


class BothDoors(Concurrency):
    """The same where every other pusher comes in by HTTP."""
    ONE_DOOR = False

    def cloned(self, number):
        if number % 2:
            return super().cloned(number)
        return Repo.clone(self.server.with_key(self.made["codeUrl"]), self.folder / f"pusher-{number}")


class OneWorker(Scenario):
    """Clients that are quicker than the server: what they send waits within bounds, and they wait for it."""
    CONFIG = "[workers]\nthreads = 1\n"

    def test_8_large_pushes(self):
        repos = [self.new_repo(f"w{number}", f"{self.project}-{number}", config=["core.compression=0"]) for number in range(PUSHERS)]
        for repo in repos:
            repo.commit("large", **{"noise.bin": os.urandom(24_000_000)})
        with concurrent.futures.ThreadPoolExecutor(PUSHERS) as pool:
            list(pool.map(lambda repo: repo("push", "-q", "origin", "main"), repos))
        for repo in repos:
            self.assert_same(repo)


if __name__ == "__main__":
    door_table.main()
