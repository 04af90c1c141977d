# SPDX-License-Identifier: Apache-2.0
"""Goal: what an endpoint of format `github` gets is what receivers written for GitHub read.

Method: every payload is judged by GitHub's own schemas (tests/github_webhooks); commits are compared with git's.
"""
import hashlib
import hmac
import json

import jsonschema

import door_table
from hook_receiver import HookScenario, signed_by
from origin_server import ROOT, wait_until

FOLDER = ROOT / "tests/github_webhooks"
ZERO = "0" * 40


def schema(path):
    """The schema in a file, with those it refers to in place of the references."""
    def whole(node):
        if isinstance(node, dict):
            if "$ref" in node:
                return schema(path.parent / node["$ref"])
            return {name: whole(value) for name, value in node.items() if name != "$id"}
        return [whole(each) for each in node] if isinstance(node, list) else node
    return whole(json.loads(path.read_text()))


SCHEMAS = {"push": "push.event", "deployment": "deployment.created", "deployment_status": "deployment_status.created"}
JUDGES = {name: jsonschema.Draft7Validator(schema(FOLDER / f"{file}.schema.json")) for name, file in SCHEMAS.items()}


class GithubShapes(HookScenario):
    def setUp(self):
        super().setUp()
        self.git = self.pushed_repo()
        self.got = self.receiver()

    def hook(self, receiver, project=None, **more):
        """One of format `github`, which is pinged when it is made."""
        made = super().hook(receiver, project, format="github", **more)
        self.assertEqual(self.next(made)[0], "ping")
        return made

    def next(self, hook):
        """(event's name, payload) of the next delivery, after its signatures and schema are checked."""
        headers, body, _ = self.got.next()
        key = hook["secret"].encode()
        self.assertEqual(headers["x-hub-signature-256"], "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest())
        self.assertTrue(signed_by(hook["secret"], headers, body), "Standard Webhooks' too")
        self.assertRegex(headers["x-github-delivery"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertTrue(headers["user-agent"].startswith("GitHub-Hookshot/"))
        self.assertEqual(headers["content-type"], "application/json")
        name, payload = headers["x-github-event"], json.loads(body)
        if name in JUDGES:
            wrong = [f"{'/'.join(map(str, each.path))}: {each.message[:200]}" for each in JUDGES[name].iter_errors(payload)]
            self.assertEqual(wrong, [])
        return name, payload

    def test_the_judges_can_fail(self):
        self.assertTrue(all(list(judge.iter_errors({"ref": 1})) for judge in JUDGES.values()))

    def test_a_push_tells_its_commits_and_files(self):
        hook = self.hook(self.got)
        before = self.git.head("HEAD")
        first = self.git.commit("add", **{"new.txt": "1\n", "ä ö.txt": "2\n"})
        (self.git.path / "README.md").unlink()
        self.git("add", "-A")
        second = self.git.commit("change", **{"new.txt": "changed\n"})
        self.git("push", "-q", "origin", "main")
        name, payload = self.next(hook)
        self.assertEqual((name, payload["ref"], payload["before"], payload["after"]), ("push", "refs/heads/main", before, second))
        self.assertEqual((payload["created"], payload["deleted"], payload["forced"]), (False, False, False))
        self.assertEqual([commit["id"] for commit in payload["commits"]], [first, second])
        self.assertEqual(sorted(payload["commits"][0]["added"]), ["new.txt", "ä ö.txt"])
        self.assertEqual(payload["commits"][1]["modified"], ["new.txt"])
        self.assertEqual(payload["commits"][1]["removed"], ["README.md"])
        self.assertEqual(payload["head_commit"], payload["commits"][1])
        self.assertEqual(payload["head_commit"]["message"].strip(), "change")
        self.assertEqual(payload["head_commit"]["author"]["email"], self.git("log", "-1", "--format=%ae").strip())
        self.assertEqual(payload["head_commit"]["tree_id"], self.git("rev-parse", "HEAD^{tree}").strip())
        self.assertEqual(payload["repository"]["default_branch"], "main")
        self.assertEqual(payload["repository"]["clone_url"], f"{self.server.url}/{self.server.client}/{self.project}.git")
        self.assertEqual(payload["pusher"]["name"], self.server.client)

    def test_each_ref_of_a_push_is_told_by_itself(self):
        hook = self.hook(self.got, refs=["refs/heads/*", "refs/tags/v*"])
        only_here = self.git.commit("on both")
        self.git("tag", "-a", "v1", "-m", "one")
        self.git("tag", "unwanted")
        self.git("push", "-q", "--atomic", "origin", "HEAD:refs/heads/a", "HEAD:refs/heads/b", "v1", "unwanted")
        told = {payload["ref"]: payload for _, payload in (self.next(hook) for _ in range(3))}
        self.assertEqual(sorted(told), ["refs/heads/a", "refs/heads/b", "refs/tags/v1"])
        for payload in told.values():
            self.assertTrue(payload["created"])
            self.assertEqual(payload["before"], ZERO)
            self.assertEqual(payload["head_commit"]["id"], only_here, "a tag is told with its commit")
            self.assertEqual([commit["id"] for commit in payload["commits"]], [only_here], "not those that were there")
        self.git("push", "-q", "origin", ":b")
        _, payload = self.next(hook)
        self.assertEqual((payload["deleted"], payload["after"], payload["head_commit"], payload["commits"]), (True, ZERO, None, []))
        self.assertTrue(self.got.got.empty())

    def test_a_forced_push_and_twenty_commits_at_most(self):
        hook = self.hook(self.got)
        self.git("commit", "-q", "--amend", "-m", "another first")
        made = [self.git.commit(f"commit {number}") for number in range(25)]
        self.git("push", "-q", "-f", "origin", "main")
        _, payload = self.next(hook)
        self.assertTrue(payload["forced"])
        self.assertEqual([commit["id"] for commit in payload["commits"]], made[-20:])

    def test_a_deployment_and_what_becomes_of_it(self):
        project = f"/api/projects/{self.project_id()}"
        self.expect(self.server.request("PUT", f"{project}/targets/production", {"connector": "local"}), 200)
        self.server.request("PUT", f"{project}/rules", {"pattern": "main", "target": "production"})
        hook = self.hook(self.got, events=["deployment.*"])
        commit = self.git.commit("live")
        self.git("push", "-q", "origin", "main")
        name, payload = self.next(hook)
        self.assertEqual(name, "deployment")
        deployment = payload["deployment"]
        self.assertEqual((deployment["sha"], deployment["environment"]), (commit, "production"))
        states = []
        while "success" not in states:
            name, payload = self.next(hook)
            self.assertEqual((name, payload["deployment"]["id"]), ("deployment_status", deployment["id"]))
            states.append(payload["deployment_status"]["state"])
        self.assertTrue(set(states) <= {"queued", "in_progress", "success"}, states)
        self.assertTrue(payload["deployment_status"]["environment_url"].startswith("http"))

    def test_a_ping_has_what_githubs_has(self):
        hook = self.hook(self.got, events=["push"])
        self.server.post(f"/api/projects/{self.project_id()}/webhooks/{hook['id']}/ping")
        name, payload = self.next(hook)
        self.assertEqual(name, "ping")
        example = json.loads((FOLDER / "example.ping.payload.json").read_text())
        self.assertLessEqual(set(example), set(payload))
        self.assertLessEqual(set(example["hook"]), set(payload["hook"]))
        judge = jsonschema.Draft7Validator(schema(FOLDER / "common/repository.schema.json"))
        self.assertEqual(list(judge.iter_errors(payload["repository"])), [])

    def test_what_github_has_no_shape_for_is_passed_over(self):
        hook = self.hook(self.got)
        commit = self.git.head("HEAD")
        self.expect(self.server.post(f"/api/projects/{self.project_id()}/commits/{commit}/statuses",
                                     {"context": "ci", "state": "success"}), 201)
        after = self.git.commit("after it")
        self.git("push", "-q", "origin", "main")
        self.assertEqual(self.next(hook)[1]["after"], after)
        shown = wait_until("two deliveries", lambda: (lambda found: found if len(found) == 2 else None)(self.server.get(
            f"/api/projects/{self.project_id()}/webhooks/{hook['id']}").json["deliveries"]))
        self.assertEqual([each["eventType"] for each in shown], ["push", "ping"])


if __name__ == "__main__":
    door_table.main()
