# SPDX-License-Identifier: Apache-2.0
"""Goal: tokens and branch policies hold for every push, and what is refused says which rule and what to do.

Method: the real `git` with tokens as its key, over HTTP and, for policies, over each door; the refused push beside the
nearest one that is fine; signed commits by real `ssh-keygen`.
"""
import json
import os
import subprocess

import door_table
from scenario import Scenario


class Policies(Scenario):
    """Over each door."""

    def policies(self, *rows):
        self.expect(self.server.request("PUT", f"/api/projects/{self.project_id()}/policies", {"policies": rows}), 200)

    def test_the_first_policy_whose_pattern_matches_counts(self):
        repo = self.pushed_repo()
        base = repo.head()
        self.policies({"pattern": "free/*"}, {"pattern": "*", "noForce": True, "noDelete": True})
        repo.commit("second")
        repo("push", "-q", "origin", "main", "main:free/x", "main:held")
        self.assertIn("fast-forwards only", repo.refused("push", "-f", "origin", f"{base}:refs/heads/held"))
        self.assertIn("allows no delete", repo.refused("push", "origin", ":refs/heads/held"))
        repo("push", "-q", "-f", "origin", f"{base}:refs/heads/free/x")
        repo("push", "-q", "origin", ":refs/heads/free/x")

    def test_paths_sizes_and_history(self):
        repo = self.pushed_repo()
        self.policies({"pattern": "main", "linear": True, "fileBytes": 1000, "paths": {"deny": [".github/**"]}})
        base = repo.head()
        repo.commit("ci", **{".github/workflows/x.yml": "on: push\n"})
        said = repo.refused("push", "origin", "main")
        self.assertIn("paths.deny '.github/**'", said)
        self.assertIn("refs/heads/main", said)
        repo("revert", "--no-edit", "HEAD")
        self.assertIn(".github/workflows/x.yml", repo.refused("push", "origin", "main"), "it is in the history")
        repo("reset", "-q", "--hard", base)
        repo.commit("big", **{"big.bin": "x" * 1001})
        self.assertIn("1001 bytes", repo.refused("push", "origin", "main"))
        repo("reset", "-q", "--hard", base)
        repo("checkout", "-q", "-b", "side")
        repo.commit("side", **{"side.txt": "s\n"})
        repo("checkout", "-q", "main")
        repo.commit("main", **{"main.txt": "m\n"})
        repo("merge", "-q", "--no-edit", "side")
        self.assertIn("linear history", repo.refused("push", "origin", "main"))
        repo("push", "-q", "origin", "main:refs/heads/merged")
        repo("reset", "-q", "--hard", "HEAD~1")
        repo("push", "-q", "origin", "main")
        self.assert_same(repo)

    def test_a_check_has_to_succeed_before_the_default_branch_moves(self):
        repo = self.pushed_repo()
        self.policies({"pattern": "main", "statuses": ["ci/build"]})
        second = repo.commit("second")
        self.assertIn("nobody has set it", repo.refused("push", "origin", "main"))
        repo("push", "-q", "origin", "main:refs/heads/try")
        statuses = f"/api/projects/{self.project_id()}/commits/{second}/statuses"
        for state in ("pending", "failure", "error"):
            self.expect(self.server.request("POST", statuses, {"context": "ci/build", "state": state}), 201)
            self.assertIn("which it is not", repo.refused("push", "origin", "main"))
        self.expect(self.server.request("POST", statuses, {"context": "ci/build", "state": "success",
                                                           "targetUrl": "https://ci.example.org/1"}), 201)
        self.assertEqual(self.server.get(statuses).json["state"], "success")
        repo("push", "-q", "origin", "main")
        self.assert_same(repo)
        events = self.server.events(self.project_id())
        self.assertEqual([each["data"]["state"] for each in events if each["type"] == "commit.status"],
                         ["pending", "failure", "error", "success"])

    def test_signed_commits_by_keys_that_are_known(self):
        repo = self.pushed_repo()
        self.policies({"pattern": "main", "signedCommits": True})
        key = self.folder / "signer"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        base = repo.head()
        repo.commit("unsigned", **{"a": "1\n"})
        self.assertIn("(unsigned)", repo.refused("push", "origin", "main"))
        repo("reset", "-q", "--hard", base)
        for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key))):
            repo("config", name, value)
        repo("commit", "-q", "--allow-empty", "-S", "-m", "signed")
        self.assertIn("unknown_signing_key", repo.refused("push", "origin", "main"))
        public = (self.folder / "signer.pub").read_text()
        self.expect(self.server.request("POST", "/api/signing-keys", {"publicKey": public}), 201)
        repo("push", "-q", "origin", "main")
        self.assert_same(repo)

    def test_who_may_push(self):
        repo = self.pushed_repo()
        self.server.command_json("client", "create", self.id().rsplit(".", 1)[1].replace("_", "-")[:20] + str(os.getpid()),
                                 "--data", self.server.data)
        guest = self.server.command_json("client", "list", "--data", self.server.data)["clients"][-1]
        self.policies({"pattern": "main", "pushers": [guest["slug"]]})
        repo.commit("second")
        self.assertIn("only certain clients", repo.refused("push", "origin", "main"))
        repo("push", "-q", "origin", "main:refs/heads/side")
        shown = self.server.get(f"/api/projects/{self.project_id()}/policies").json["policies"]
        self.assertEqual(shown[0]["pushers"], [guest["clientId"]])


class Tokens(Scenario):
    """Over HTTP: a token is a secret."""

    def token(self, key=None, **body):
        return self.server.request("POST", f"/api/projects/{self.project_id()}/tokens", body, key=key or self.server.key)

    def with_token(self, name, **body):
        made = self.token(**body)
        self.expect(made, 201)
        return self.clone(name, who=made.json["key"]), made.json

    def test_a_token_is_bound_to_its_project_refs_paths_and_counts(self):
        self.pushed_repo()
        repo, made = self.with_token("limited", refs=[{"pattern": "feature/*"}], paths={"deny": [".github/**"]}, pushes=2, files=3)
        self.assertEqual(made["limits"]["refs"][0]["pattern"], "refs/heads/feature/*")
        self.assertEqual(made["scopes"], ["git:read", "git:write"])
        self.assertIn("'refs/heads/feature/*' only", repo.refused("push", "origin", "HEAD:refs/heads/other"))
        base = repo.head()
        repo.commit("ci", **{".github/x": "1\n"})
        self.assertIn("this key may not change '.github/x'", repo.refused("push", "origin", "HEAD:refs/heads/feature/a"))
        repo("reset", "-q", "--hard", base)
        repo.commit("many", **{f"f{n}": "1\n" for n in range(4)})
        self.assertIn("3 changed files", repo.refused("push", "origin", "HEAD:refs/heads/feature/a"))
        repo("reset", "-q", "--hard", base)
        first = repo.commit("one", **{"one": "1\n"})
        repo("push", "-q", "origin", "HEAD:refs/heads/feature/a")
        self.assertIn("may not force-push", repo.refused("push", "-f", "origin", f"{base}:refs/heads/feature/a"))
        self.assertIn("may not delete", repo.refused("push", "origin", ":refs/heads/feature/a"))
        repo.commit("two", **{"two": "1\n"})
        repo("push", "-q", "origin", "HEAD:refs/heads/feature/a")
        repo.commit("three", **{"three": "1\n"})
        self.assertIn("all of its 2 pushes", repo.refused("push", "origin", "HEAD:refs/heads/feature/a"))
        self.assertNotEqual(repo.remote_refs()["refs/heads/feature/a"], first)
        other = self.new_repo("elsewhere", project=self.project + "-x", who=made["key"])
        other.commit()
        self.assertRegex(other.refused("push", "origin", "main"), self.door.NOT_THERE)

    def test_a_large_push_is_refused_while_it_streams(self):
        self.pushed_repo()
        repo, _ = self.with_token("small", packBytes=20_000)
        repo("config", "core.compression", "0")
        repo.commit("big", **{"big.bin": "".join(chr(33 + n * n % 90) for n in range(200_000))})
        self.assertIn("at most 20000 bytes", repo.refused("push", "origin", "HEAD:refs/heads/x"))
        repo("reset", "-q", "--hard", "HEAD~1")
        repo.commit("small", **{"small": "1\n"})
        repo("push", "-q", "origin", "HEAD:refs/heads/x")

    def test_a_token_gives_nothing_its_maker_has_not(self):
        self.pushed_repo()
        reader = self.server.make_key(scopes=["git:read"])["key"]
        self.expect(self.token(key=reader), 403)
        self.expect(self.token(key=reader, operations=["git:read"]), 201)
        for bad in (["admin"], ["projects:create"], ["no-such"], []):
            self.expect(self.token(operations=bad), 422)
        self.expect(self.token(expiresIn=86_401), 400)
        self.expect(self.token(expiresIn=0), 400)
        token = self.token().json["key"]
        refused = self.token(key=token)
        self.expect(refused, 403)
        self.assertEqual(refused.json["code"], "token_cannot_mint")

    def test_a_token_with_limits_sets_no_status(self):
        repo = self.pushed_repo()
        token = self.token(files=3).json["key"]
        refused = self.server.request("POST", f"/api/projects/{self.project_id()}/commits/{repo.head()}/statuses", {"state": "success"}, key=token)
        self.expect(refused, 403, "limited_token")

    def test_a_revoked_key_makes_nothing_with_a_body_that_comes_late(self):
        self.pushed_repo()
        admin = self.server.make_key(scopes=["admin"])
        body = json.dumps({"title": "mine", "scopes": ["admin"]}).encode()
        connection = self.server.connect()
        connection.putrequest("POST", "/api/keys")
        for name, value in (("Authorization", f"Bearer {admin['key']}"), ("Content-Type", "application/json"),
                            ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[:10])
        self.server.get("/healthz", key=None)
        self.assertLess(self.server.request("POST", f"/api/keys/{admin['keyId']}/revoke").status, 300)
        connection.send(body[10:])
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()

    def test_a_token_ends_with_its_maker_or_by_itself(self):
        self.pushed_repo()
        maker = self.server.make_key(scopes=["git:read", "git:write"])
        path = f"/api/projects/{self.project_id()}"
        one, two = (self.token(key=maker["key"]).json for _ in range(2))
        self.expect(self.server.get(path, key=one["key"]), 200)
        stranger = self.server.make_key(scopes=["git:read", "git:write"])["key"]
        self.expect(self.server.request("DELETE", f"{path}/tokens/{one['keyId']}", key=stranger), 404)
        self.expect(self.server.request("DELETE", f"{path}/tokens/{one['keyId']}", key=maker["key"]), 204)
        self.expect(self.server.get(path, key=one["key"]), 401)
        self.expect(self.server.get(path, key=two["key"]), 200)
        self.assertLess(self.server.request("POST", f"/api/keys/{maker['keyId']}/revoke").status, 300)
        self.expect(self.server.get(path, key=two["key"]), 401)

    def test_the_command_line_does_the_same(self):
        self.pushed_repo()
        data, project = self.server.data, self.project_id()
        limits = self.folder / "limits.json"
        limits.write_text(json.dumps({"refs": [{"pattern": "feature/*"}], "pushes": 1}))
        made = self.server.command_json("token", "create", "--project", project, "--limits", str(limits), "--expires-in", "60",
                                        "--data", data)
        self.assertEqual(made["limits"]["pushes"], 1)
        self.assertEqual(self.token(key=made["key"]).code, "token_cannot_mint")
        plain = self.server.command_json("token", "create", "--project", project, "--data", data)
        self.assertEqual(self.token(key=plain["key"]).code, "token_cannot_mint", "it has no limits, but is a token")
        self.server.command("token", "revoke", plain["keyId"], "--project", project, "--data", data)
        self.expect(self.server.get(f"/api/projects/{project}", key=plain["key"]), 401)
        policies = self.folder / "policies.json"
        policies.write_text(json.dumps({"policies": [{"pattern": "main", "noForce": True}]}))
        self.server.command_json("policy", "set", str(policies), "--project", project, "--data", data)
        self.assertTrue(self.server.command_json("policy", "list", "--project", project, "--data", data)["policies"][0]["noForce"])
        self.server.command_json("status", "set", "main", "success", "--context", "ci", "--project", project, "--data", data)
        told = self.server.command_json("audit", "--since", "1h", "--data", data)["audit"]
        self.assertLessEqual({"token.created", "policies.set"}, {each["type"] for each in told})
        listed = self.server.command_json("status", "list", "main", "--project", project, "--data", data)
        self.assertEqual(listed["state"], "success")


if __name__ == "__main__":
    door_table.main()
