#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole story against a server of its own, step by step, with kill -9 between the steps.

Goal: what README.md promises on its first page is true on this machine.
Method: the same commands a person would type: curl, git, node, a browser.
"""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))

from browser import browse  # noqa: E402
from git_client import Repo  # noqa: E402
from origin_server import PATIENCE_SECONDS, ROOT, Server  # noqa: E402

SUPPLIERS = ROOT / "tests/blueprint/prds/10-feature-inventory-suppliers.md"


class Broken(Exception):
    """The story is not as promised."""


def need(condition, detail):
    if not condition:
        raise Broken(detail)


class Demo:
    def __init__(self, server):
        self.server, self.number = server, 0
        self.folder = server.root / "work"
        self.folder.mkdir()

    def step(self, title):
        self.number += 1
        print(f"\n{self.number}. {title}", flush=True)

    def tell(self, text):
        print("   " + text.replace(self.server.key, "$KEY").replace("\n", "\n   "), flush=True)

    def kill(self):
        self.server.restart()
        self.tell("(kill -9, started again)")

    def curl(self, method, path, body=None):
        command = ["curl", "-sS", "--noproxy", "*", "-X", method, "-H", f"Authorization: Bearer {self.server.key}", "-H", "Prefer: wait=60",
                   "-H", "Content-Type: application/json"]
        shown = f"curl -X {method}"
        if body is not None:
            name = self.folder / "body.json"
            name.write_text(json.dumps(body))
            command += ["--data", f"@{name}"]
            shown += f" --data '{json.dumps(body)[:90]}...'" if len(json.dumps(body)) > 90 else f" --data '{json.dumps(body)}'"
        self.tell(f"$ {shown} {self.server.url}{path}")
        done = subprocess.run([*command, self.server.url + path], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        need(done.returncode == 0, done.stderr)
        answer = json.loads(done.stdout)
        need("code" not in answer, f"it was refused: {done.stdout[:600]}")
        return answer

    def git(self, repo, *words):
        self.tell("$ git " + " ".join(words))
        done = repo.run(*words)
        said = [line for line in done.stderr.splitlines() if line.startswith("remote:")]
        if said:
            self.tell("\n".join(said))
        return done

    def live(self, page=""):
        return self.server.open_url(self.made["deploymentUrl"].rstrip("/") + "/" + page)

    # The steps -------------------------------------------------------------------------------

    def serve(self):
        self.step("origind init, origind serve")
        self.tell(f"{self.server.url}, client {self.server.client_id}")

    def require(self):
        self.step("A PRD becomes a project")
        body = json.loads((ROOT / "examples/inventory.json").read_text())
        body["clientId"] = self.server.client_id
        self.made = self.curl("POST", "/api/requirements", body)
        need(self.made["status"] == "complete", self.made)
        for name in ("projectId", "status", "codeUrl", "previewUrl", "deploymentUrl"):
            self.tell(f"{name}: {re.sub('origin_ticket=.*', 'origin_ticket=...', self.made[name])}")
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self.made["counts"].items()))
        self.tell(f"requirement lines: {counts}")

    def clone(self):
        self.step("Clone it, read its log, run its tests")
        self.tell(f"$ git clone {self.made['codeUrl']}")
        self.repo = Repo.clone(self.server.with_key(self.made["codeUrl"]), self.folder / "inventory")
        need(self.repo.head() == self.made["commit"], "the clone is at another commit")
        log = self.repo("log", "-1")
        need("Origin-Request: " + self.made["requestId"] in log, log)
        self.tell(log)
        need((self.repo.path / "TRACEABILITY.md").is_file(), "there is no TRACEABILITY.md")
        tests = subprocess.run(["node", "--test"], cwd=self.repo.path, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        need(tests.returncode == 0, tests.stdout[-3000:])
        self.tell("$ node --test\n" + "\n".join(re.findall(r"# (?:tests|pass|fail) \d+", tests.stdout)))

    def use(self):
        self.step("Open it in a browser: a form saves, and it is there after a reload")
        for name in ("deploymentUrl", "previewUrl"):
            url = self.made[name]
            seen = browse([
                {"name": "title", "url": url, "run": "return document.title"},
                {"name": "parts", "url": url.split("?")[0].rstrip("/") + "/parts.html"},
                {"name": "errors", "run": "return ui.add('part', {name: 'Chain', sku: 'CH-11', quantity: '4'})"},
                {"name": "after", "reload": True, "run": "return ui.rows()"},
            ])
            need(seen["errors"] == [] and len(seen["after"]) == 1 and "Chain" in seen["after"][0], seen)
            self.tell(f"{name}: \"{seen['title']}\"; after the reload: {' | '.join(seen['after'][0].split())}")

    def push(self):
        self.step("Edit a file, commit, push: the live site changes")
        page = (self.repo.path / "index.html").read_text()
        self.repo.write("index.html", page.replace("<h1>Dashboard</h1>", "<h1>Our workshop</h1>"))
        self.git(self.repo, "commit", "-qam", "A warmer welcome")
        said = self.git(self.repo, "push", "origin", "main").stderr
        need(re.search(r"remote:.*live as release \d+ *\nremote: +http", said), said)
        need("<h1>Our workshop</h1>" in self.live().text, "the live site did not change")
        self.pushed = self.repo.head()

    def feature(self):
        self.step("A feature gets a branch and a preview of its own; main is left alone")
        self.added = self.curl("POST", "/api/requirements", {
            "clientId": self.server.client_id, "projectId": self.made["projectId"], "requirements": SUPPLIERS.read_text()})
        need(self.added["status"] == "complete", self.added)
        need(self.added["branch"].startswith("feature/"), self.added["branch"])
        need(self.added["previewUrl"] != self.made["previewUrl"], "the previews are the same")
        self.git(self.repo, "fetch")
        need(self.repo.head("origin/main") == self.pushed, "main moved")
        need(self.repo.head(f"origin/{self.added['branch']}") == self.added["commit"], "the branch is not there")
        self.tell(f"{self.added['branch']}: {self.repo('diff', '--shortstat', 'origin/main', 'origin/' + self.added['branch'])}")

    def merge(self):
        self.step("Merge it: main moves and is deployed")
        merged = self.curl("POST", f"/api/projects/{self.made['projectId']}/merge", {"source": self.added["branch"]})
        self.deployments = self.server.settle_deployments(self.made["projectId"])
        need(self.live("suppliers.html").status == 200, "the feature is not live")
        need("<h1>Our workshop</h1>" in self.live().text, "the merge lost the edit made by hand")
        self.tell(f"main is {merged['commit']}; {self.made['deploymentUrl']}suppliers.html is there")

    def roll_back(self):
        self.step("Roll back: the earlier commit is live again, at once")
        earlier = next(row for row in self.deployments if row["commit"] == self.pushed)
        back = self.curl("POST", f"/api/projects/{self.made['projectId']}/deployments/{earlier['id']}/rollback")
        need(self.live("suppliers.html").status == 404, "the feature is still live")
        need(self.live().status == 200, "nothing is live")
        self.tell(f"release {back.get('release')}: commit {back['commit'][:12]}, {back['state']}")

    def look_again(self):
        self.step("After all those kills: everything acknowledged is there, once")
        clone = Repo.clone(self.server.with_key(self.made["codeUrl"]), self.folder / "again")
        need({self.made["commit"], self.pushed, self.added["commit"]} <= set(clone("log", "--all", "--format=%H").splitlines()),
             "a commit is lost")
        events = [event["type"] for event in self.server.events(self.made["projectId"])]
        need(events.count("run.committed") == 2, events)
        rows = self.server.deployments(self.made["projectId"])
        need(len(rows) == 4 and sum(row["state"] == "live" for row in rows) == 1, rows)
        self.tell(f"{len(events)} events, {len(rows)} deployments, one of them live; git fsck --full --strict finds nothing")

    def tell_all(self):
        self.serve()
        for step in (self.require, self.clone, self.use, self.push, self.feature, self.merge, self.roll_back, self.look_again):
            step()
            if step != self.look_again:
                self.kill()


def main():
    with Server() as server:
        demo = Demo(server)
        try:
            demo.tell_all()
        except (Broken, AssertionError) as broken:
            print(f"\nThe story broke at step {demo.number}: {broken}\n{server.log()[-4000:]}", file=sys.stderr)
            return 1
        status = server.stop()
        need(status == 0, f"the server ended with {status}")
    print("\nThe story holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
