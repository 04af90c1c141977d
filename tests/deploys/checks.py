# SPDX-License-Identifier: Apache-2.0
"""What must be true at the end, seen from outside: the API, a clone, and what the stand-ins themselves say.

Each check yields (what was looked at, the complaint or None).
"""
import collections
import shutil
import urllib.parse

from git_client import Repo
from scenario import SECRET

import places

GOING = {"queued", "building", "uploading", "processing"}
HEAD = "refs/heads/main"


class Told:
    """What was done: the commits that were acknowledged, oldest first, and their files."""

    def __init__(self):
        self.commits, self.files = [], {}


class Seen:
    """What there is once everything has come to rest."""

    def __init__(self, run):
        server, project = run.server, run.project
        folder = run.folder / "seen.git"
        shutil.rmtree(folder, ignore_errors=True)
        clone = Repo.clone(run.code_url, folder, "--mirror")  # With fsck --strict.
        self.main = clone("rev-list", "--reverse", HEAD).splitlines()
        self.refs = run.work.remote_refs("origin")
        self.moves = collections.Counter(ref["after"] for event in server.events(project) if event["type"] == "push"
                                         for ref in event["data"]["refs"] if ref["ref"] == HEAD)
        rows = server.deployments(project)
        self.rows = {place.name: [row for row in rows if row["target"] == place.name] for place in run.places}
        self.releases = {place.name: sorted(server.pages(f"/api/projects/{project}/releases?target={place.name}", "releases"),
                                            key=lambda row: row["release"]) for place in run.places}
        self.made = {place.name: place.made() for place in run.places}
        self.live_ids = {place.name: place.live_id() for place in run.places}
        self.excuses = {place.name: run.faults.excuses(place.name) for place in run.places}
        self.bytes = {place.name: self._site(place, run.told) for place in run.places}

    def _site(self, place, told):
        """{path: (status, body)} of every path of the newest commit, and of one that it has no more."""
        live = [row for row in self.rows[place.name] if row["state"] == "live"]
        if not live or not told.commits:
            return {}
        paths = [*told.files[told.commits[-1]], "gone.html"]
        answers = {path: place.fetch(live[-1]["url"], "/" + urllib.parse.quote(path)) for path in paths}
        return {path: (answer.status, answer.body) for path, answer in answers.items()}


def pushes(seen, told):
    for commit in told.commits:
        moved = seen.moves[commit]
        yield f"push of {commit}", None if moved == 1 and commit in seen.main else (
            f"it was acknowledged, is {'' if commit in seen.main else 'not '}in main and {moved} times in the events")
    newest = told.commits[-1]
    yield "main", None if seen.main[-1] == newest else f"it is at {seen.main[-1]}, not at {newest}"
    unknown = set(seen.moves) - set(told.commits)
    yield "events", f"of pushes that nobody made: {unknown}" if unknown else None


def deployments(seen, told, name):
    """Each push makes one deployment, and each comes to an end that can be told."""
    rows = seen.rows[name]
    counts = collections.Counter(row["commit"] for row in rows)
    wrong = {commit: counts[commit] for commit in {*told.commits, *counts} if counts[commit] != 1 or commit not in told.files}
    yield f"{name}: a deployment for each push", f"{wrong}" if wrong else None
    going = [(row["id"], row["state"]) for row in rows if row["state"] in GOING]
    yield f"{name}: none under way", f"{going}" if going else None
    failed = [row for row in rows if row["state"] == "failed"]
    yield f"{name}: failures", None if len(failed) <= seen.excuses[name] and all(row.get("error") for row in failed) else (
        f"{len(failed)} deployments failed, {seen.excuses[name]} may have: {[row.get('error') for row in failed]}")


def at_the_provider(seen, told, name):
    """One deployment of the provider for each of ours that reached it, with the files of its commit."""
    marks = collections.Counter(one.mark for one in seen.made[name])
    doubled = {mark: count for mark, count in marks.items() if count != 1}
    yield f"{name}: none doubled", f"{doubled}" if doubled else None
    strangers = set(marks) - {row["id"] for row in seen.rows[name]}
    yield f"{name}: none of nobody", f"{strangers}" if strangers else None
    by_mark = {one.mark: one for one in seen.made[name]}
    for row in seen.rows[name]:
        if "release" not in row:
            continue
        one = by_mark.get(row["id"])
        complaint = None
        if one is None:
            complaint = "the provider has no deployment of it"
        elif one.id != row.get("providerId") or not one.ready:
            complaint = f"the provider's is {one.id}, {'' if one.ready else 'not '}ready; ours is {row.get('providerId')}"
        elif one.files != told.files.get(row["commit"]):
            complaint = f"other files than those of {row['commit']}: {sorted(one.files)}"
        yield f"{name}: release {row['release']}", complaint


def releases(seen, told, name):
    rows = seen.releases[name]
    numbers = [row["release"] for row in rows]
    yield f"{name}: numbers", None if numbers == list(range(1, len(rows) + 1)) else f"{numbers}"
    commits = [row["commit"] for row in rows]
    twice = [commit for commit, count in collections.Counter(commits).items() if count != 1]
    yield f"{name}: one release for each live commit", f"{twice} more than once" if twice else None
    order = [told.commits.index(commit) for commit in commits if commit in told.files]
    yield f"{name}: their order", None if order == sorted(order) and len(order) == len(commits) else f"{order}"
    ours = {row["id"]: row["release"] for row in seen.rows[name] if "release" in row}
    listed = {row["deployment"]: row["release"] for row in rows}
    yield f"{name}: releases and deployments", None if ours == listed else f"{set(ours.items()) ^ set(listed.items())}"


def the_end(seen, told, name):
    newest = told.commits[-1]
    live = [row for row in seen.rows[name] if row["state"] == "live"]
    yield f"{name}: at the newest commit", None if [row["commit"] for row in live] == [newest] else (
        f"live are {[(row['id'], row['commit']) for row in live]}, and {newest} is the newest: "
        f"{[(row['state'], row.get('error')) for row in seen.rows[name] if row['commit'] == newest]}")
    shown = seen.refs.get(f"refs/deployments/{name}/live")
    yield f"{name}: git shows it", None if shown == newest else f"refs/deployments/{name}/live is at {shown}"
    own = seen.live_ids[name]
    yield f"{name}: the provider shows it", None if live and live[-1].get("providerId") == own else f"it shows {own}, not {live}"
    wanted = {**{path: (200, data) for path, data in told.files[newest].items()}, "gone.html": (404, None)}
    for path, (status, data) in wanted.items():
        got = seen.bytes[name].get(path, (None, None))
        yield f"{name}: /{path}", None if got[0] == status and data in (None, got[1]) else f"{got}"


def facts(seen, told):
    yield from pushes(seen, told)
    for name in seen.rows:
        for check in (deployments, at_the_provider, releases, the_end):
            yield from check(seen, told, name)


def leftovers(run):
    """What the stand-ins and the log say, and `origind doctor` of the stopped server."""
    for place in run.places:
        kept = place.standin
        yield f"{place.name}: requests that break the contract", f"{kept.violations[:3]}" if kept.violations else None
        yield f"{place.name}: the stand-in itself", f"{kept.own_faults[:3]}" if kept.own_faults else None
        astray = [one for one in kept.sites.strays if "authorization" in str(one).lower()]
        yield f"{place.name}: the token goes nowhere else", f"{astray}" if astray else None
    log = run.server.log()
    told = SECRET.search(log) or places.standin.TOKEN in log
    yield "the log has no secret", f"{told}" if told else None
    status = run.server.stop()
    yield "it stops", f"exit {status}" if status else None
    done = run.server.command("doctor", "--data", run.server.data, check=False)
    yield "origind doctor", f"{done.stdout}{done.stderr}"[-3000:] if done.returncode else None
