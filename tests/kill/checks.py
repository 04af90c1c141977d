# SPDX-License-Identifier: Apache-2.0
"""The checks: everything acknowledged is there exactly once, and nothing is there by half.

They look from outside only: the API's lists and event log, and a fresh clone of every ref checked by `git fsck`.
"""
import collections
import shutil

from git_client import Repo

GOING = {"queued", "building", "uploading", "processing"}


class Seen:
    """What a client sees of the project after a restart."""

    def __init__(self, world):
        server, project = world.server, world.project
        # A run that was not acknowledged may still finish while we look: what explains is read after what is explained.
        self.runs = {row["id"]: server.wait_run(row["id"]) for row in world.oracle.of("run")}
        folder = world.folder / "seen.git"
        shutil.rmtree(folder, ignore_errors=True)
        self.clone = Repo.clone(world.code_url, folder, "--mirror")
        self.deployments = server.settle_deployments(project)
        self.events = server.events(project)
        self.refs = dict(line.split(" ") for line in
                         self.clone("for-each-ref", "--format=%(refname) %(objectname)").splitlines())
        self.moves = collections.Counter((ref["ref"], ref["after"]) for event in self.events if event["type"] == "push"
                                         for ref in event["data"]["refs"])
        messages = self.clone("log", "--all", "--format=%H%x00%(trailers:key=Origin-Request,valueonly,separator=%x2C)")
        self.requests = collections.Counter(line.split("\0")[1] for line in messages.splitlines() if line.split("\0")[1])
        main = self.clone("rev-list", "refs/heads/main").splitlines() if "refs/heads/main" in self.refs else []
        self.main = set(main)


def pushes(oracle, seen):
    for row in oracle.of("push", "main"):
        moved = seen.moves[row["ref"], row["commit"]]
        if moved != 1:
            yield f"push of {row['commit']} to {row['ref']} was acknowledged and is in the event log {moved} times"
        if row["ref"] not in seen.refs:
            yield f"{row['ref']} was acknowledged and is gone"
        elif row["ref"] == "refs/heads/main" and row["commit"] not in seen.main:
            yield f"{row['commit']} was acknowledged on main and is not in its history"
    last = {row["ref"]: row["commit"] for row in oracle.of("push") if row["forced"]}
    tried = collections.defaultdict(list)
    for row in oracle.of("try"):
        tried[row["ref"]].append(row["commit"])
    for ref, commit in last.items():
        after = tried[ref][tried[ref].index(commit):] if commit in tried[ref] else [commit]
        if seen.refs.get(ref) not in after:
            yield f"{ref} was acknowledged at {commit} and is at {seen.refs.get(ref)}, which came before"


def pairs(oracle, seen):
    for row in oracle.of("pair"):
        for ref in row["refs"]:
            if seen.refs.get(ref) != row["commit"] or seen.moves[ref, row["commit"]] != 1:
                yield f"{ref} of an acknowledged atomic push is at {seen.refs.get(ref)}, {seen.moves[ref, row['commit']]} events"
    groups = collections.defaultdict(dict)
    for row in oracle.of("try"):
        if "pair" in row["ref"]:
            groups[row["commit"]][row["ref"]] = seen.refs.get(row["ref"])
    for commit, refs in groups.items():
        if len(refs) == 3 and len(set(refs.values())) != 1:
            yield f"an atomic push is there by half: {refs}"


def runs(oracle, seen, world):
    committed = collections.Counter(event["data"]["runId"] for event in seen.events if event["type"] == "run.committed")
    by_key = collections.defaultdict(set)
    for row in oracle.of("run"):
        by_key[row["key"]].add(row["id"])
        run = seen.runs.get(row["id"])
        if run is None or run["status"] != "complete":
            yield f"requirement {row['id']} was acknowledged and is {run and run['status']}: {run and run.get('error')}"
            continue
        if run["state"] != "committed":
            continue
        if seen.requests[row["id"]] != 1:
            yield f"requirement {row['id']} has {seen.requests[row['id']]} commits"
        if committed[row["id"]] != 1:
            yield f"requirement {row['id']} has {committed[row['id']]} events run.committed"
        on_main = run["branch"] == "main" and run["commit"] in seen.main  # Which moves on.
        if not on_main and seen.refs.get(f"refs/heads/{run['branch']}") != run["commit"]:
            yield f"requirement {row['id']}: branch {run['branch']} is not at {run['commit']}"
    for key, ids in by_key.items():
        if len(ids) != 1:
            yield f"idempotency key {key} made {len(ids)} runs"
    for request, count in seen.requests.items():
        if count != 1:
            yield f"run {request} committed {count} times"


def deployments(oracle, seen):
    by_id = collections.Counter(row["id"] for row in seen.deployments)
    made = collections.Counter(row["commit"] for row in seen.deployments if not row.get("rollbackOf") and row["target"] == "production")
    for (ref, after), _ in seen.moves.items():
        if ref == "refs/heads/main" and made[after] != 1:
            yield f"main moved to {after} and made {made[after]} deployments"
    for commit in made:
        if not seen.moves["refs/heads/main", commit]:
            yield f"there is a deployment of {commit}, and no push"
    for row in oracle.of("rollback"):
        if by_id[row["id"]] != 1:
            yield f"rollback {row['id']} was acknowledged and is there {by_id[row['id']]} times"
    for row in oracle.of("merge"):
        if row["commit"] not in seen.main or row["source"] not in seen.main:
            yield f"merge {row['commit']} was acknowledged and is not in main"
        for one in row["deployments"]:
            if by_id[one] != 1:
                yield f"deployment {one} of an acknowledged merge is there {by_id[one]} times"
    for row in seen.deployments:
        if row["state"] in GOING | {"failed"}:
            yield f"deployment {row['id']} is {row['state']}: {row.get('error')}"
    if sum(row["state"] == "live" for row in seen.deployments if row["target"] == "production") != 1:
        yield f"not one deployment is live: {[(row['id'], row['state']) for row in seen.deployments]}"


def events(seen):
    cursors = [event["cursor"] for event in seen.events]
    if len(set(cursors)) != len(cursors):
        yield "an event is in the log twice"
    for ref, oid in seen.refs.items():
        if ref.startswith(("refs/heads/", "refs/tags/")) and not seen.moves[ref, oid]:
            yield f"{ref} is at {oid}, and no event says so"


def leftovers(world):
    """Right after a start nothing of a killed server's pushes is on the disk. The new one may have packs of its own under
    way: a run goes on by itself. Their names begin with its process id (git/odb/staged_pack.cc)."""
    own = f"incoming-{world.server.process.pid}-"
    for path in world.server.data.rglob("*"):
        unfinished = "quarantine" in path.parts or path.name.startswith(("tmp", "incoming"))
        if unfinished and not path.name.startswith(own) and not path.is_dir():
            yield f"left behind: {path.relative_to(world.server.data)}"


def complaints(world, seen=None):
    """Everything that is wrong, as sentences."""
    seen = seen or Seen(world)
    oracle = world.oracle
    return [*pushes(oracle, seen), *pairs(oracle, seen), *runs(oracle, seen, world), *deployments(oracle, seen), *events(seen)]
