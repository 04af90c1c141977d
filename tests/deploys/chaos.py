#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: whatever is killed and whatever goes wrong at the providers, each target ends at the newest commit, with one release
for each live commit, none doubled and none missing.

Method: one project deploys to all four providers' stand-ins. It is pushed to with `git push`, while origind is killed with
kill -9 at random instants and at random requests (before and after the provider does them), and while the faults of
tests/providers/faults.py happen, all drawn by seed. In the end the API, a clone and the stand-ins' own records are compared.

usage: chaos.py [--events N] [--pushes N] [--seed S] [--control]
--events: kills and faults in all (20); --pushes: 3 for each 5 events.
--control forges a defect of each kind, and passes only if the checks notice every one.
"""
import argparse
import copy
import os
import pathlib
import random
import sys
import time

import places  # Finds the other tests' helpers.
import checks
import events
from git_client import GitFailed, Repo
from origin_server import NO_LIMITS, PATIENCE_SECONDS, Server

CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n[deploy]\nallow_api_base = true\n' + NO_LIMITS
LAST_PUSHES = 4  # Without new events but those that pass, so that all that was put in can happen.
MORE_EVENTS = 1.03  # Some are put in and never come to happen.
PAUSE_SECONDS_MAX = 1.0
SETTLED_SHARE = 0.4  # Of the pushes wait until everything is deployed; the others come while something is.
PUSH_TRIES_MAX = 20
RECENT = 60  # Deployments that may still be under way.


class Run:
    def __init__(self, server, seed, wanted):
        self.server, self.seed, self.wanted, self.told = server, seed, wanted, checks.Told()
        self.places = [kind() for kind in places.ALL]
        self.faults, self.killer = events.Faults(self.places), events.Killer(server)
        self.deck = events.Deck(seed)
        made = server.post("/api/projects", {"name": "Shop", "slug": "shop"})
        assert made.status == 201, made
        self.project, self.folder = made.json["projectId"], server.root / "work"
        self.folder.mkdir()
        self.code_url = server.code_url("shop")
        self.work = Repo(self.folder / "clone").init(self.code_url)
        for place in self.places:
            self._target(place)

    def _target(self, place):
        path = f"/api/projects/{self.project}"
        body = {"connector": place.connector, "settings": {**place.settings, "apiBase": place.standin.api},
                "secret": place.standin.TOKEN}
        for where, wish in ((f"{path}/targets/{place.name}", body), (f"{path}/rules", {"pattern": "main", "target": place.name})):
            answer = self.server.request("PUT", where, wish)
            assert answer.status in (200, 201, 204), answer

    def close(self):
        self.killer.end()
        for place in self.places:
            place.standin.close()

    # One push --------------------------------------------------------------------------------

    def tree(self, number):
        """The files of push `number`: some stay, some change, one comes, one goes."""
        chance = random.Random(f"{self.seed}/tree/{number}")
        files = {"index.html": f"<p>push {number}</p>\n".encode(), "always.css": b"p { color: green }\n",
                 f"page-{number}.html": f"page {number}\n".encode(), "with space/é.txt": f"{number // 7}\n".encode()}
        for name in range(chance.randint(0, 4)):
            files[f"some/{name}.js"] = chance.randbytes(chance.choice((0, 10, 5000)))
        return files

    def commit(self, number):
        self.work("rm", "-rq", "--ignore-unmatch", ".")
        files = self.tree(number)
        for name, data in files.items():
            self.work.write(name, data)
        self.work("add", "-A", "-f")
        self.work("commit", "-qm", f"push {number}")
        commit = self.work.head()
        self.told.files[commit] = files
        return commit

    def push(self, number):
        """Until it is acknowledged: the server may be killed meanwhile."""
        commit = self.commit(number)
        for _ in range(PUSH_TRIES_MAX):
            try:
                self.work("push", "-q", "origin", "HEAD:refs/heads/main")
                self.told.commits.append(commit)
                return
            except GitFailed as failure:
                last = failure
                with self.killer.life:  # It is being started again.
                    assert not self.killer.failures, self.killer.failures
        raise last

    # All of them -----------------------------------------------------------------------------

    def happened(self):
        return len(self.faults.happened()) + len(self.killer.kills)

    def put_in(self, due, only_passing=False):
        while self.deck.number < due:
            event = self.deck.draw()
            if event["fails"] and only_passing:
                continue
            if event["kind"] == "kill":
                self.killer.order(event, self.faults.plans)
            else:
                self.faults.add(event)

    def under_way(self):
        """Whether any deployment is; the killed server's is not known."""
        self.faults.free_what_is_stuck(time.monotonic())
        with self.killer.life:
            rows = self.server.get(f"/api/projects/{self.project}/deployments?limit={RECENT}").json["deployments"]
        return any(row["state"] in checks.GOING for row in rows)

    def settle(self):
        """Waits until nothing is under way. Raises if nobody asks a provider anything for two minutes meanwhile."""
        asked, since = 0, time.monotonic()
        while self.under_way():
            now = sum(len(place.standin.requests) for place in self.places)
            if now != asked:
                asked, since = now, time.monotonic()
            assert not self.killer.failures, self.killer.failures
            if time.monotonic() - since > PATIENCE_SECONDS:
                raise AssertionError("deployments are under way, and nothing is asked of any provider")
            self.killer.over.wait(0.1)

    def pause(self, number):
        chance = random.Random(f"{self.seed}/pause/{number}")
        if chance.random() < SETTLED_SHARE:
            self.settle()
        else:
            self.killer.over.wait(chance.uniform(0, PAUSE_SECONDS_MAX))

    def play(self, pushes):
        begun = time.monotonic()
        most = int(self.wanted * MORE_EVENTS) + 1
        busy = max(1, pushes - LAST_PUSHES)
        for number in range(pushes):
            if number == pushes - 1:
                self.settle()
                self.faults.drop_those_that_fail()
            self.put_in(min(most, -(-most * (number + 1) // busy)), only_passing=number >= busy)
            self.push(number)
            self.pause(number)
            if (number + 1) % 25 == 0:
                print(f"push {number + 1}: {self.happened()} of {self.deck.number} events have happened, "
                      f"{time.monotonic() - begun:.0f} s", flush=True)
        self.settle()
        self.killer.end()
        self.settle()  # The last kill may have come after the look.


def judge(facts):
    passed = failed = 0
    for what, complaint in facts:
        passed, failed = passed + (complaint is None), failed + (complaint is not None)
        if complaint is not None:
            print(f"FAIL {what}: {complaint[:1500]}", flush=True)
    return passed, failed


def summary(run, seen, seconds):
    kinds = {}
    for name in [event["kind"] for event in run.faults.happened()] + [f"kill {when}" for when in run.killer.kills]:
        kinds[name] = kinds.get(name, 0) + 1
    print("happened: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    rows = {events.row_of(event) for event in run.faults.happened()}
    print(f"{len(rows)} of the {len({(place, *row[:3]) for place, row in events.all_rows()})} rows of the tables of faults")
    for name, rows in seen.rows.items():
        states = [row["state"] for row in rows]
        print(f"{name}: {len(rows)} deployments, {len(seen.releases[name])} releases, {states.count('failed')} failed "
              f"(as {seen.excuses[name]} faults may have it), {len(seen.made[name])} at the provider")
    print(f"{len(run.killer.kills)} kills and {len(run.faults.happened())} faults over {len(run.told.commits)} pushes "
          f"to {len(run.places)} targets in {seconds:.0f} s")


def play(run, pushes):
    begun = time.monotonic()
    run.play(pushes)
    seen = checks.Seen(run)
    summary(run, seen, time.monotonic() - begun)
    facts = list(checks.facts(seen, run.told))
    facts.append(("events", f"{run.happened()} of {run.wanted}" if run.happened() < run.wanted else None))
    facts += checks.leftovers(run)
    return judge(facts)


def forgeries(run, seen):
    """(what is forged, seen and told with it)."""
    name = run.places[0].name
    newest = run.told.commits[-1]

    def forged(change):
        saw, told = copy.deepcopy(seen), copy.deepcopy(run.told)
        change(saw, told)
        return saw, told

    def older(saw, _):
        saw.rows[name][-1]["commit"] = run.told.commits[0]

    def other_bytes(saw, _):
        saw.bytes[name]["index.html"] = (200, b"something else")

    changes = {
        "nothing": lambda saw, told: None,
        "a push lost": lambda saw, told: (told.commits.insert(0, "1" * 40), told.files.update({"1" * 40: {}})),
        "an event twice": lambda saw, told: saw.moves.update([newest]),
        "a deployment lost": lambda saw, told: saw.rows[name].pop(0),
        "a provider's deployment doubled": lambda saw, told: saw.made[name].append(saw.made[name][-1]),
        "a provider's deployment missing": lambda saw, told: saw.made[name].pop(),
        "a provider's deployment with other files": lambda saw, told: saw.made[name][-1].files.update({"index.html": b"?"}),
        "a release doubled": lambda saw, told: saw.releases[name].append({**saw.releases[name][-1], "release": len(saw.releases[name]) + 1}),
        "a release missing": lambda saw, told: saw.releases[name].pop(),
        "an older commit live": older,
        "the provider shows another": lambda saw, told: saw.live_ids.update({name: "another"}),
        "git shows another": lambda saw, told: saw.refs.update({f"refs/deployments/{name}/live": "1" * 40}),
        "other bytes": other_bytes,
        "a deployment under way for ever": lambda saw, told: saw.rows[name][-1].update(state="uploading"),
        "a failure without a fault": lambda saw, told: (saw.rows[name][0].update(state="failed", error="x"), saw.excuses.update({name: 0})),
    }
    for what, change in changes.items():
        yield what, forged(change)


def control(run):
    run.play(3)
    seen, passed, failed = checks.Seen(run), 0, 0
    for what, (saw, told) in forgeries(run, seen):
        wrong = [f"{fact}: {complaint}" for fact, complaint in checks.facts(saw, told) if complaint is not None]
        good = bool(wrong) == (what != "nothing")
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {what}: {wrong[0][:200] if wrong else 'no complaint'}")
    return passed, failed


def keep(run):
    print("\n".join([*run.killer.failures, run.server.log()[-6000:]]))
    print(f"kept for a look: {run.server.root}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=int(os.environ.get("ORIGIN_DEPLOY_EVENTS", "20")))
    parser.add_argument("--pushes", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    parser.add_argument("--control", action="store_true")
    given = parser.parse_args()
    pushes = given.pushes or max(2 * LAST_PUSHES, given.events * 3 // 5)
    print(f"seed {given.seed}", flush=True)
    server = Server()
    config = pathlib.Path(server.root) / "origind.toml"
    config.write_text(CONFIG)
    server.options = ["--config", str(config)]
    failed, run = 1, None
    try:
        server.init().start()
        run = Run(server, given.seed, 0 if given.control else given.events)
        passed, failed = control(run) if given.control else play(run, pushes)
    finally:
        if run:
            run.close()
            if failed:
                keep(run)
        if server.process is not None:
            server.kill()
        if not failed:
            server.remove()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
