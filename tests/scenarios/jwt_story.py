# SPDX-License-Identifier: Apache-2.0
"""Goal: tokens that a platform signs with its own library open what they name, over Git and the API, and end in time.

Method: PyJWT and python3-cryptography of Debian sign (jwt_maker.py); real `git` pushes with a token as its password.
"""
import base64
import json
import pathlib
import subprocess
import time

import door_table
import git_client
from origin_server import PATIENCE_SECONDS
from scenario import INVENTORY, Scenario

DEBIAN_PYTHON = "/usr/bin/python3"  # Debian's packages are for Debian's own.
MAKER = pathlib.Path(__file__).with_name("jwt_maker.py")
SCOPES = ["git:read", "git:write", "requirements", "projects:create"]


def ask_maker(wanted):
    done = subprocess.run([DEBIAN_PYTHON, "-B", MAKER], input=json.dumps(wanted), capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, f"python3-jwt of Debian is needed\n{done.stderr}"
    return done.stdout


class Jwt(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = json.loads(ask_maker({"keys": ["ES256", "EdDSA", "RS256", "ES384"]}))
        for name in ("ES256", "EdDSA", "RS256"):
            answer = cls.server.post("/api/jwt-keys", {"publicKey": cls.keys[name]["public"], "kid": name, "scopes": SCOPES})
            assert answer.status == 201, answer
        cls.sources = iter(f"127.0.0.{n}" for n in range(10, 250))

    def token(self, algorithm="ES256", kid=None, key=None, head=None, **claims):
        now = int(time.time())
        whole = {"iss": self.server.client_id, "aud": self.server.url, "iat": now, "exp": now + 600, **claims}
        return ask_maker({"private": (key or self.keys[algorithm])["private"], "algorithm": algorithm,
                          "head": {"kid": kid or algorithm, **(head or {})},
                          "claims": {name: value for name, value in whole.items() if value is not None}})

    def ask(self, token, path="/api/projects", method="GET", body=None):
        """Each from an address of its own: bad tokens slow an address down."""
        return self.server.request(method, path, body, key=token, source=next(self.sources))

    def git_url(self, token, project=None):
        return f"{self.server.url.replace('://', f'://x:{token}@')}/{self.server.client}/{project or self.project}.git"

    def test_git_pushes_and_fetches_with_a_token_as_password(self):
        for algorithm in ("ES256", "EdDSA", "RS256"):
            with self.subTest(algorithm=algorithm):
                url = self.git_url(self.token(algorithm, sub="build 7"), f"pushed-{algorithm.lower()}")
                repo = git_client.Repo(self.folder / algorithm).init(url)
                repo.commit("first", **{"README.md": "hello\n"})
                repo("push", "-q", "-u", "origin", "main")
                clone = git_client.Repo(self.folder / f"{algorithm}-clone").cloned(url)
                self.assertEqual(clone.head(), repo.head())

    def test_a_token_of_one_project_that_may_only_read(self):
        repo = self.pushed_repo()
        other = self.new_repo("other", "another-of-jwt")
        other.commit("first")
        other("push", "-q", "origin", "main")
        token = self.token(scopes=["git:read"], projects=[self.project_id()])
        there = git_client.Repo(self.folder / "there").cloned(self.git_url(token))
        self.assertEqual(there.head(), repo.head())
        there.commit("never")
        self.assertIn("403", there.refused("push", "-q", "origin", "HEAD:refs/heads/theirs"))
        self.assertIn("not found", there.refused("ls-remote", self.git_url(token, "another-of-jwt")))
        listed = self.expect(self.ask(token), 200).json["projects"]
        self.assertEqual([row["projectId"] for row in listed], [self.project_id()])
        self.expect(self.ask(token, "/api/keys"), 403)
        self.expect(self.ask(token, f"/api/projects/{self.project_id()}/commits"), 200)

    def test_a_token_ends_with_its_time_and_its_key(self):
        now = int(time.time())
        self.assertIn("expired", self.expect(self.ask(self.token(iat=now - 900, exp=now - 1)), 401, "unauthenticated").text)
        self.assertIn("24 hours", self.expect(self.ask(self.token(exp=now + 90_000)), 401).text)
        self.assertIn("not valid yet", self.expect(self.ask(self.token(nbf=now + 3600, exp=now + 7200)), 401).text)
        made = self.expect(self.server.post("/api/jwt-keys", {"publicKey": self.keys["ES256"]["public"], "kid": "short",
                                                              "scopes": ["git:read"]}), 201).json
        token = self.token(kid="short")
        self.expect(self.ask(token), 200)
        self.assertIn("more scopes", self.expect(self.ask(self.token(kid="short", scopes=["git:write"])), 401).text)
        self.expect(self.server.request("DELETE", f"/api/jwt-keys/{made['keyId']}"), 204)
        self.expect(self.ask(token), 401)

    def test_what_is_no_token_of_ours_is_refused(self):
        good = self.token()
        self.expect(self.ask(good), 200)
        head, claims, signature = good.split(".")

        def encoded(value):
            return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()

        unsigned = encoded({"alg": "none", "kid": "ES256"})
        for name, token in {
            "alg none": f"{unsigned}.{claims}.", "alg none, signed": f"{unsigned}.{claims}.{signature}",
            "another key": self.token(key=json.loads(ask_maker({"keys": ["ES256"]}))["ES256"]),
            "P-384": self.token("ES384", kid="ES256"), "PS256": self.token("PS256", kid="RS256", key=self.keys["RS256"]),
            "unknown kid": self.token(kid="nobody"), "another issuer": self.token(iss="somebody"),
            "another server": self.token(aud="https://git.example.org"), "no exp": self.token(exp=None), "no aud": self.token(aud=None),
            "crit": self.token(head={"crit": ["exp"]}), "jku": self.token(head={"jku": "http://127.0.0.1:1/keys"}),
            "an unknown claim": self.token(admin=True), "limits without jti": self.token(pushes=1),
            "seven kilobytes more": self.token(sub="s" * 7000), "cut": good[:-1], "longer": good + "A",
        }.items():
            with self.subTest(name):
                self.expect(self.ask(token), 401, "unauthenticated")
        self.expect(self.ask("eyJ" + "A" * 1_000_000 + ".e30.e30"), 431)
        repo = self.new_repo()
        repo.commit("never")
        self.assertIn("Authentication failed", repo.refused("push", self.git_url(self.token(kid="nobody")), "main"))

    def test_limits_hold(self):
        repo = self.pushed_repo()
        token = self.token(jti="once", pushes=1, paths={"deny": [".github/*"]},
                           refs=[{"pattern": "refs/heads/feature/*"}])
        repo("remote", "set-url", "origin", self.git_url(token))
        repo.commit("change")
        self.assertIn("refs/heads", repo.refused("push", "origin", "main"))
        repo.commit("workflow", **{".github__ci.yml": "x\n"})
        self.assertIn(".github", repo.refused("push", "origin", "HEAD:refs/heads/feature/a"))
        repo("reset", "-q", "--hard", "HEAD~1")
        repo("push", "-q", "origin", "HEAD:refs/heads/feature/a")
        self.assertIn("pushes", repo.refused("push", "origin", "HEAD:refs/heads/feature/b"))
        wanted = {"requirements": INVENTORY, "clientId": self.server.client_id}
        self.expect(self.ask(token, "/api/requirements", "POST", {**wanted, "projectId": self.project_id()}), 403, "limited_token")
        self.expect(self.ask(token, "/api/requirements", "POST", wanted), 403, "limited_token")
        bound = self.token(projects=[self.project_id()])
        self.expect(self.ask(bound, "/api/requirements", "POST", wanted), 403, "forbidden")
        self.expect(self.ask(token, f"/api/projects/{self.project_id()}/tokens", "POST", {"operations": ["git:read"]}), 403)

    def test_keys_for_tokens(self):
        public = self.keys["ES256"]["public"]
        body = {"publicKey": public, "kid": "ES256", "scopes": ["git:read"]}
        self.expect(self.server.post("/api/jwt-keys", body), 409, "kid_taken")
        self.expect(self.server.post("/api/jwt-keys", {**body, "kid": "a b"}), 422, "bad_kid")
        self.expect(self.server.post("/api/jwt-keys", {**body, "kid": "x", "scopes": ["admin"]}), 422, "scope_not_for_tokens")
        self.expect(self.server.post("/api/jwt-keys", {**body, "publicKey": self.keys["ES384"]["public"]}), 422, "bad_jwt_key")
        self.expect(self.server.post("/api/jwt-keys", {**body, "publicKey": self.keys["ES256"]["private"]}), 422, "bad_jwt_key")
        file = self.folder / "key.pem"
        file.write_text(public)
        words = ("--data", self.server.data)
        made = self.server.command_json("jwt-key", "add", file, "--kid", "by-hand", "--scope", "git:read", *words)
        listed = self.server.command_json("jwt-key", "list", *words)["jwtKeys"]
        self.assertEqual([row["publicKey"] for row in listed if row["kid"] == "by-hand"], [public])
        self.expect(self.ask(self.token(kid="by-hand")), 200)
        self.server.command("jwt-key", "remove", made["keyId"], *words)
        self.expect(self.ask(self.token(kid="by-hand")), 401)


class SigningKeys(Scenario):
    def test_keys_that_sign_commits(self):
        file = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", file], check=True, timeout=PATIENCE_SECONDS)
        words = ("--data", self.server.data)
        made = self.server.command_json("signing-key", "add", f"{file}.pub", *words)
        line = pathlib.Path(f"{file}.pub").read_text()
        self.expect(self.server.post("/api/signing-keys", {"publicKey": line}), 409, "signing_key_taken")
        self.expect(self.server.post("/api/signing-keys", {"publicKey": "ssh-rsa nonsense"}), 422, "bad_ssh_key")
        self.expect(self.server.post("/api/ssh-keys", {"publicKey": line}), 201)  # It may log in as well.
        listed = self.server.get("/api/signing-keys").json["signingKeys"]
        self.assertEqual([row["fingerprint"] for row in listed], [made["fingerprint"]])
        self.server.command("signing-key", "remove", made["keyId"], *words)
        self.assertEqual(self.server.get("/api/signing-keys").json["signingKeys"], [])


if __name__ == "__main__":
    door_table.main()
