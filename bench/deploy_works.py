# SPDX-License-Identifier: Apache-2.0
"""Measurements of pushes that go live: on this server, and at Netlify's stand-in with a large tree of which one file changes."""
import http.client
import sys
import threading
import time

import places
from api_works import Asker
from figures import Figure, spread
from git_client import Repo
from origin_server import wait_until
from wire import ZERO, push_body

sys.path.insert(0, str(places.ROOT / "tests/providers"))

import netlify  # noqa: E402

GOAL_MS = 50
SMALL_FILES = 20  # Of the site that is pushed again and again.
CHANGES_MAX = 5  # Of the large tree.
DEPLOY_SECONDS_MAX = 1800


class Site:
    """A project whose main goes live on `target`, and a repository with `files` files that is pushed to it."""

    def __init__(self, world, name, files, target):
        self.origin, self.name = world.origin, name
        self.project = self.origin.make_project(name)
        for path, body in (("targets/production", target), ("rules", {"pattern": "main", "target": "production"})):
            answer = self.origin.request("PUT", f"/api/projects/{self.project}/{path}", body)
            assert answer.status in (200, 201), answer
        self.repo = Repo(world.root / name).init(self.origin.code_url(name))
        self._history(files)

    def _history(self, files):
        """The first commit, in one stream: 20,000 files by `git add` would take longer than what is measured."""
        rows = [f"M 100644 inline pages/{n % 100}/page-{n}.html\ndata <<END\n<p>page {n}</p>\nEND\n" for n in range(files - 1)]
        self.repo("fast-import", "--quiet", data=(
            "commit refs/heads/main\nmark :1\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 5\nfirst\n"
            "M 100644 inline index.html\ndata <<END\nversion start\nEND\n" + "".join(rows)).encode())

    def change(self, text):
        """A commit with another index.html, without a work tree. Returns the ids of its objects, the commit first."""
        old = self.repo.head("refs/heads/main")
        blob = self.repo("hash-object", "-w", "--stdin", data=text.encode())
        lines = self.repo("ls-tree", old).splitlines()
        tree = self.repo("mktree", data=("\n".join(
            f"100644 blob {blob}\tindex.html" if line.endswith("\tindex.html") else line for line in lines) + "\n").encode())
        commit = self.repo("commit-tree", tree, "-p", old, "-m", text)
        self.repo("update-ref", "refs/heads/main", commit)
        return [commit, tree, blob]

    def push(self):
        self.repo("push", "-q", "-o", "deploy.wait=0", "origin", "main")

    def live(self):
        """The newest deployment once it is live."""
        row = wait_until("the deployment", self._settled, DEPLOY_SECONDS_MAX)
        assert row["state"] == "live", row
        return row


    def _settled(self):
        row = self.origin.get(f"/api/projects/{self.project}/deployments?limit=1").json["deployments"][0]
        return row if row["state"] in ("live", "failed") else None


class Pusher:
    """One kept connection that pushes packs made before, and notes when the report has come."""

    def __init__(self, site):
        self.site, self.origin = site, site.origin
        self.connection = http.client.HTTPConnection("127.0.0.1", self.origin.port, timeout=60)

    def push(self, old, new, pack):
        """(moment of sending, moment when `unpack ok` was read). What follows the report, the deployment's progress, is read too."""
        body = push_body([(old, new, "refs/heads/main")], pack, "report-status")
        begun = time.perf_counter()
        self.connection.request("POST", f"{self.origin.path_of(self.site.name)}/git-receive-pack", body, {
            "Authorization": self.origin.basic(), "Content-Type": "application/x-git-receive-pack-request"})
        answer = self.connection.getresponse()
        got, accepted = b"", None
        while piece := answer.read1(65536):
            got += piece
            if accepted is None and b"ok refs/heads/main" in got:
                accepted = time.perf_counter()
        assert answer.status == 200 and accepted, (answer.status, got)
        return begun, accepted


class Watch(threading.Thread):
    """Asks the site for a page on one kept connection until it says `wanted`."""

    def __init__(self, asker, wanted):
        super().__init__()
        self.asker, self.wanted, self.seen = asker, wanted, None
        self.start()

    def run(self):
        while self.asker.page() != self.wanted:
            pass
        self.seen = time.perf_counter()


def live(world):
    """From a push's report, and from its first byte, until the site serves what was pushed."""
    site = Site(world, "pushed-live", SMALL_FILES, {"connector": "local"})
    site.push()
    asker = Asker(site.origin.port, site.live()["url"].split("://")[1].rstrip("/"), "/index.html")
    pusher, accepted_to_live, sent_to_live = Pusher(site), [], []
    for number in range(world.sizes.samples):
        text, old = f"version {number}\n", site.repo.head("refs/heads/main")
        objects = site.change(text)
        pack = site.repo.pack(objects)
        watch = Watch(asker, text.encode())
        begun, accepted = pusher.push(old, objects[0], pack)
        watch.join()
        accepted_to_live.append(max(0.0, (watch.seen - accepted) * 1000))  # Now and then the site is first.
        sent_to_live.append((watch.seen - begun) * 1000)
    asker.close()
    assert old != ZERO
    first = Figure("push_to_live", "push's report to live site, p50", "ms", spread(accepted_to_live), goal=f"under {GOAL_MS} ms")
    first.met = first.ours["median"] < GOAL_MS
    return [first, Figure("push_sent_to_live", "the same from the push's first byte", "ms", spread(sent_to_live))]


def _times(site, changes, done):
    """Seconds from `git commit` to live of the first deployment, and of each of so many with one change."""
    begun, times = time.perf_counter(), []
    site.push()
    done("version start\n")
    first = time.perf_counter() - begun
    for number in range(changes):
        text = f"version {number}\n"
        begun = time.perf_counter()
        site.change(text)
        site.push()
        done(text)
        times.append(time.perf_counter() - begun)
    return first, times


def redeploy(world):
    """A large tree with one change goes live: at Netlify's stand-in, and on this server."""
    files, changes = world.sizes.site_files, min(CHANGES_MAX, world.sizes.samples)
    title = f"redeploy of {files:,} files, one change"
    with netlify.Netlify() as standin:
        standin.add_site("shop")
        site = Site(world, "large-netlify", files, {
            "connector": "netlify", "secret": standin.TOKEN, "settings": {"site": "shop", "apiBase": standin.api}})
        uploads = []

        def at_netlify(text):
            row = site.live()
            assert standin.fetch(row["url"], "/index.html").body == text.encode()
            uploads.append(row["filesUploaded"])
        first, times = _times(site, changes, at_netlify)
        asked = sum(request.path.startswith("/deploys/") and request.method == "PUT" for request in standin.requests)
        assert uploads[0] == files and uploads[1:] == [1] * changes and asked == sum(uploads), (uploads, asked)
        standin.assert_clean()
    made = [Figure("redeploy_netlify", f"{title}: Netlify's stand-in, commit to live", "s", spread(times), more={
        "first_seconds": first, "uploads": uploads}, note=f"one upload each; the first, with {files:,} uploads, {first:.1f} s; "
        "the stand-in's own work is in it")]
    site = Site(world, "large-local", files, {"connector": "local"})
    askers = []

    def here(text):
        if not askers:
            askers.append(Asker(site.origin.port, site.live()["url"].split("://")[1].rstrip("/"), "/index.html"))
        wait_until("the page", lambda: askers[0].page() == text.encode())
    first, times = _times(site, changes, here)
    askers[0].close()
    made.append(Figure("redeploy_local", f"{title}: `local`, commit to live", "s", spread(times), more={"first_seconds": first},
                       note="most of it is the time of git's own processes"))
    return made
