# SPDX-License-Identifier: Apache-2.0
"""Netlify's stand-in: a deploy from beginning to end, and each of its refusals."""
import netlify
import digests
from cases import BYTES, SHA, Api, Case, quoted

FILES = {"index.html": BYTES, "sub/sp ace é.txt": b"x", "same.html": BYTES, "empty": b""}


class NetlifyCase(Case):
    MAKER = netlify.Netlify

    def setUp(self):
        super().setUp()
        self.site = self.standin.add_site("shop")["id"]

    def created(self, site=None, **wish):
        answer = self.api.call("POST", f"/sites/{site or self.site}/deploys?title=t", wish)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["id"]

    def manifest(self, deploy, files, **more):
        names = {path: digests.sha1(data) for path, data in files.items()}
        return self.api.call("PUT", f"/sites/{self.site}/deploys/{deploy}", {"files": names, **more})

    def upload(self, deploy, path, data):
        return self.api.call("PUT", f"/deploys/{deploy}/files/{quoted(path)}", body=data, kind="application/octet-stream")

    def poll(self, deploy, until, tries=20):
        for _ in range(tries):
            answer = self.api.call("GET", f"/sites/{self.site}/deploys/{deploy}").json
            if answer["state"] in until:
                return answer
        self.fail(f"{answer['state']} after {tries} questions, not {until}")

    def deployed(self, files, **wish):
        deploy = self.created(**wish)
        needed = self.manifest(deploy, files).json["required"]
        for path, data in files.items():
            if digests.sha1(data) in needed:
                needed.remove(digests.sha1(data))
                self.upload(deploy, path, data)
        return self.poll(deploy, ("ready", "error"))


class Deploys(NetlifyCase):
    def test_a_deploy_is_uploaded_once_a_digest_and_served(self):
        ready = self.deployed(FILES)
        self.assertEqual(ready["state"], "ready")
        self.assertEqual(len(self.standin.calls("PUT", "/deploys/*/files/*")), 3)
        self.serves("shop", FILES)
        self.serves(f"{ready['id']}--shop", FILES)
        self.assertEqual(self.standin.fetch(ready["deploy_ssl_url"], "/").body, BYTES)
        self.assertEqual(self.standin.fetch(ready["ssl_url"], "/nope").status, 404)
        self.clean()

    def test_what_is_known_is_not_asked_for(self):
        self.deployed(FILES)
        self.assertEqual(self.manifest(self.created(), {**FILES, "new": b"new"}).json["required"], [digests.sha1(b"new")])

    def test_drafts_and_branches_are_not_production(self):
        self.deployed({"a": b"1"})
        self.deployed({"a": b"2"}, draft=True)
        self.deployed({"a": b"3"}, branch="feature-x")
        self.serves("shop", {"a": b"1"})
        self.serves("feature-x--shop", {"a": b"3"})
        self.clean()

    def test_an_asynchronous_deploy_knows_later_what_it_wants(self):
        deploy = self.created()
        first = self.manifest(deploy, FILES, **{"async": True}).json
        self.assertEqual((first["state"], first["required"]), ("preparing", []))
        self.broke(self.upload(deploy, "empty", b""), 422, "N2")
        self.assertEqual(len(self.poll(deploy, ["prepared"])["required"]), 3)

    def test_many_files_at_once_have_to_be_asynchronous(self):
        files = {f"f{n}": b"%d" % n for n in range(101)}
        self.broke(self.manifest(self.created(), files), 502, "N1")
        self.assertEqual(self.manifest(self.created(), files, **{"async": True}).status, 200)

    def test_a_locked_site_is_ready_but_not_live(self):
        self.deployed({"a": b"1"})
        self.api.control("POST", "set", {"site": "shop", "locked": True})
        self.assertEqual(self.deployed({"a": b"2"})["state"], "ready")
        self.serves("shop", {"a": b"1"})
        self.assertTrue(self.api.call("GET", f"/sites/{self.site}").json["published_deploy"]["locked"])

    def test_rollback_restore_and_deletion(self):
        first, second = self.deployed({"a": b"1"}), self.deployed({"a": b"2"})
        self.assertEqual(self.api.call("PUT", f"/sites/{self.site}/rollback").status, 204)
        self.serves("shop", {"a": b"1"})
        restore = f"/sites/{self.site}/deploys/{second['id']}/restore"
        self.assertEqual(self.api.call("POST", restore).status, 201)
        self.serves("shop", {"a": b"2"})
        self.refused(self.api.call("DELETE", f"/deploys/{second['id']}"), 422)
        self.assertEqual(self.api.call("DELETE", f"/deploys/{first['id']}").status, 204)
        self.assertEqual(self.standin.fetch(first["deploy_url"], "/a").status, 404)
        self.clean()

    def test_cancel(self):
        deploy = self.created()
        self.assertEqual(self.api.call("POST", f"/deploys/{deploy}/cancel").status, 201)
        self.refused(self.manifest(deploy, FILES), 422, "Build is already done")
        ready = self.deployed({"a": b"1"})
        self.refused(self.api.call("POST", f"/deploys/{ready['id']}/cancel"), 422)

    def test_deploys_are_listed_newest_first(self):
        made = [self.deployed({"a": b"%d" % n})["id"] for n in range(3)]
        rows = self.api.call("GET", f"/sites/{self.site}/deploys?production=true&state=ready&per_page=2").json
        self.assertEqual([row["id"] for row in rows], made[:0:-1])
        self.assertTrue(all(row["published_at"] for row in rows))
        self.clean()


class Refusals(NetlifyCase):
    def test_tokens(self):
        for token, status in (("wrong", 401), (self.standin.EXPIRED, 401), (self.standin.OTHER, 404)):
            self.refused(Api(self.standin, token).call("GET", f"/sites/{self.site}"), status)

    def test_a_name_that_is_taken(self):
        self.refused(self.api.call("POST", "/sites", {"name": "taken"}), 422, "must be unique")
        self.assertEqual(self.api.call("POST", "/sites", {"name": "new-one"}).status, 201)
        self.assertEqual(self.api.call("POST", f"/{self.standin.ACCOUNT}/sites", {"name": "new-two"}).status, 201)
        self.clean()

    def test_other_bytes_than_the_digest_says(self):
        deploy = self.created()
        self.manifest(deploy, FILES)
        self.broke(self.upload(deploy, "index.html", b"other"), 400, "did not match")

    def test_paths(self):
        deploy = self.created()
        self.manifest(deploy, {"a b": b"x"})
        self.broke(self.upload(deploy, "nope", b"x"), 422, "N3")
        self.broke(self.upload(deploy, "/a b", b"x"), 422, "N3")
        for path in ("a#b", "a?b", "../a", ""):
            self.broke(self.manifest(self.created(), {path: b"x"}), 422)

    def test_schemas(self):
        deploy = self.created()
        way = f"/sites/{self.site}/deploys/{deploy}"
        for value in ({"files": ["a"]}, {"files": {"a": "xyz"}}, {"files": {"a": 1}}, {"async": "yes", "files": {}}, {}):
            self.broke(self.api.call("PUT", way, value), 422)
        self.broke(self.api.call("PUT", way), 422, "must be a body")
        self.broke(self.api.call("PUT", way, body=b'{"files":{},"files":{}}', kind="application/json"), 422, "twice")
        self.broke(self.api.call("PUT", way, {"files": {}}, kind="text/plain"), 422, "text/plain")
        self.broke(self.api.call("GET", f"/sites/{self.site}/deploys?state=lively"), 400, "lively")
        self.broke(self.api.call("POST", f"/sites/{self.site}/deploys", {"branch": "b" * 38}), 422, "37")

    def test_unknown_paths(self):
        self.broke(self.api.call("GET", "/nope"), 599)
        self.broke(self.api.call("PATCH", "/user"), 599, "with this method")
        self.assertEqual(self.standin.fetch(self.standin.api_door.url, "/sites").status, 599)

    def test_what_the_contract_does_not_know_is_written_down(self):
        self.created(deploy_source="us")
        self.assertEqual([row["what"] for row in self.standin.oddities], ["field deploy_source is not in the contract"])
        self.clean()

    def test_another_manifest_is_refused(self):
        deploy = self.created()
        self.manifest(deploy, {"a": b"1"})
        self.assertEqual(self.manifest(deploy, {"a": b"1"}).status, 200)
        self.broke(self.manifest(deploy, {"a": b"2"}), 422, "another manifest")

    def test_the_limit_of_creations(self):
        self.api.control("POST", "set", {"limit": [2, 60]})
        self.created(), self.created()
        answer = self.api.call("POST", f"/sites/{self.site}/deploys", {})
        self.refused(answer, 429)
        self.assertGreater(int(answer.headers["X-RateLimit-Reset"]), self.standin.now())
        self.api.control("POST", "set", {"skew": 61})
        self.created()


class Fates(NetlifyCase):
    def fated(self, kind, **more):
        self.standin.plan.add(kind, method="POST", path="/sites/*/deploys", **more)
        return self.created()

    def test_states(self):
        for kind, state in (("error_state", "error"), ("cancelled", "error"), ("unknown_state", "ready")):
            deploy = self.fated(kind)
            self.manifest(deploy, {})
            self.assertEqual(self.poll(deploy, ("ready", "error"))["state"], state, kind)
        self.clean()

    def test_stuck_stays_stuck(self):
        deploy = self.fated("stuck")
        self.manifest(deploy, {})
        states = {self.api.call("GET", f"/deploys/{deploy}").json["state"] for _ in range(20)}
        self.assertEqual(states, {"uploaded"})

    def test_a_slow_diff(self):
        deploy = self.fated("diff_slow", polls=4)
        self.manifest(deploy, FILES, **{"async": True})
        states = [self.api.call("GET", f"/deploys/{deploy}").json["state"] for _ in range(4)]
        self.assertEqual(states, ["preparing"] * 3 + ["prepared"])

    def test_an_unknown_digest_is_required(self):
        required = self.manifest(self.fated("required_unknown"), {"a": BYTES}).json["required"]
        self.assertEqual(len(required), 2)
        self.assertIn(SHA, required)
