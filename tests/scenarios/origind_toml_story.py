# SPDX-License-Identifier: Apache-2.0
"""Goal: `.origind.toml` deploys what it says from where it may say it; a broken one is told, and stops no push.

Method: the real `git` over each door, `local` targets, the deployments of the API and the events.
"""
import json

import door_table
from scenario import Scenario


def rule(ref, target, preview=False):
    return f"[[rule]]\nref = \"{ref}\"\ntarget = \"{target}\"\npreview = {str(preview).lower()}\n"


class OrigindToml(Scenario):
    def begin(self, *targets):
        repo = self.pushed_repo()
        for name in targets:
            body = {"connector": "local", "settings": {}}
            self.expect(self.server.request("PUT", f"/api/projects/{self.project_id()}/targets/{name}", body), 200)
        return repo

    def push(self, repo, text, branch="main"):
        """Returns what git showed, and `target` or `target?` (a preview) of each deployment of this push."""
        before = {row["id"] for row in self.server.deployments(self.project_id())}
        repo.commit("settings", **{".origind.toml": text, "index.html": repo.head()})
        said = repo.run("push", "-f", "origin", f"HEAD:refs/heads/{branch}").stderr
        if self.server.deployments(self.project_id()):
            self.server.settle_deployments(self.project_id())
        rows = [row for row in self.server.deployments(self.project_id()) if row["id"] not in before]
        self.assertEqual({row["state"] for row in rows} - {"live"}, set(), rows)
        return said, sorted(row["target"] + ("?" if row.get("preview") else "") for row in rows)

    def test_the_default_branch_says_where_everything_goes(self):
        repo = self.begin("production", "staging")
        text = rule("main", "production") + rule("release/*", "staging") + rule("feature/*", "production", True)
        said, made = self.push(repo, text)
        self.assertEqual(made, ["production"])
        self.assertIn("-----> production (local)", said)
        self.assertEqual(self.push(repo, "# nothing", "release/1")[1], ["staging"])
        self.assertEqual(self.push(repo, text, "feature/x")[1], ["production?"])

    def test_another_branch_makes_previews_only_and_none_to_production(self):
        repo = self.begin("production", "staging")
        self.push(repo, "")
        for target, preview in (("production", False), ("production", True), ("staging", False)):
            said, made = self.push(repo, rule("*", target, preview), "evil")
            self.assertEqual(made, [], (target, preview))
            self.assertIn("once it is on the default branch", said)
        self.assertEqual(self.push(repo, rule("*", "staging", True), "kind")[1], ["staging?"])

    def test_a_broken_file_stops_no_push_and_is_told(self):
        repo = self.begin("production")
        for text, part in (("[[rule]]\nref = \"main\"\n", "line 1: [[rule]] needs 'target'"), ("[build", "line 1: "),
                           ("api_token = \"hunter2\"\n", "looks like a secret"), ("#" * 70000, "more than 64 KiB"),
                           (rule("main", "nowhere"), "no target 'nowhere'")):
            said, made = self.push(repo, text)
            self.assertEqual(made, [], text[:40])
            self.assertIn(part, said)
            self.assertNotIn("hunter2", said)
            self.assert_same(repo)
        told = [event for event in self.server.events(self.project_id()) if event["type"] == "project.file_refused"]
        self.assertEqual(len(told), 5)
        self.assertNotIn("hunter2", json.dumps(told))
        self.assertEqual(self.push(repo, rule("main", "production"))[1], ["production"])


if __name__ == "__main__":
    door_table.main()
