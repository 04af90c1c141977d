# SPDX-License-Identifier: Apache-2.0
"""Cloudflare's stand-in, Workers with static assets: a version from beginning to end, and each of its refusals."""
import base64
import json

import digests
from cases import BYTES, Api, form
from pages_cases import CloudflareCase, hashed

FILES = {"/index.html": BYTES, "/sub/sp ace é.txt": b"x", "/same.html": BYTES, "/empty": b""}


class WorkersCase(CloudflareCase):
    def setUp(self):
        super().setUp()
        self.way = self.account + "/workers/scripts/shop"

    def session(self, files, **more):
        manifest = {path: {"hash": one, "size": len(files[path])} for path, one in hashed(files).items()}
        return self.api.call("POST", self.way + "/assets-upload-session", {"manifest": {**manifest, **more}})

    def parts(self, files, hashes):
        known = {one: (files[path], "application/null" if "." not in path else "text/plain; charset=utf-8")
                 for path, one in hashed(files).items()}
        return [(one, base64.b64encode(known[one][0]), one, known[one][1]) for one in hashes]

    def upload(self, jwt, *parts, query="?base64=true"):
        body, kind = form(*parts)
        return Api(self.standin, jwt).call("POST", f"{self.account}/workers/assets/upload{query}", body=body, kind=kind)

    def completion(self, files):
        """The token that says all is there."""
        session = self.session(files).json["result"]
        jwt = session["jwt"]
        for bucket in session["buckets"]:
            answer = self.upload(session["jwt"], *self.parts(files, bucket))
            self.assertIn(answer.status, (201, 202), answer.body)
            jwt = answer.json["result"].get("jwt", jwt)
        return jwt

    def put(self, jwt, method="PUT", path="?excludeScript=true", config=None, **more):
        metadata = {"assets": {"jwt": jwt, "config": config or {}}, "compatibility_date": "2026-01-01", **more}
        body, kind = form(("metadata", json.dumps(metadata), None, None))
        return self.api.call(method, self.way + path, body=body, kind=kind)

    def deployed(self, files):
        answer = self.put(self.completion(files))
        self.assertEqual(answer.status, 200, answer.body)
        self.api.call("POST", self.way + "/subdomain", {"enabled": True, "previews_enabled": True})
        return self.api.call("GET", self.way + "/deployments").json["result"]["deployments"][0]["versions"][0]["version_id"]

    def version(self, files, **more):
        answer = self.put(self.completion(files), "POST", "/versions", **more)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["result"]["id"]


class WorkersVersions(WorkersCase):
    def test_a_worker_is_uploaded_and_served_with_its_types(self):
        self.deployed(FILES)
        self.serves("shop.standin", {path[1:]: data for path, data in FILES.items()})
        url = self.standin.site_url("shop.standin")
        self.assertEqual(self.standin.fetch(url, "/index.html").headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertNotIn("Content-Type", self.standin.fetch(url, "/empty").headers)
        self.clean()

    def test_it_is_not_served_before_it_is_made_reachable(self):
        self.put(self.completion(FILES))
        self.assertEqual(self.standin.fetch(self.standin.site_url("shop.standin"), "/index.html").status, 404)

    def test_the_last_bucket_brings_the_token(self):
        files = {f"/f{n}.txt": b"%d" % n for n in range(120)}
        session = self.session(files).json["result"]
        self.assertEqual([len(bucket) for bucket in session["buckets"]], [50, 50, 20])
        found = [self.upload(session["jwt"], *self.parts(files, bucket)) for bucket in reversed(session["buckets"])]
        self.assertEqual([answer.status for answer in found], [202, 202, 201])
        self.assertIn("jwt", found[-1].json["result"])
        self.assertEqual(self.session(files).json["result"]["buckets"], [])

    def test_versions_deployments_and_rollback(self):
        first = self.deployed({"/a": b"1"})
        second = self.version({"/a": b"2"}, annotations={"workers/alias": "feature-x"})
        self.serves("shop.standin", {"a": b"1"})
        self.serves("feature-x-shop.standin", {"a": b"2"})
        self.serves(f"{second[:8]}-shop.standin", {"a": b"2"})
        for version, data in ((second, b"2"), (first, b"1")):
            wish = {"strategy": "percentage", "versions": [{"version_id": version, "percentage": 100}]}
            self.assertEqual(self.api.call("POST", self.way + "/deployments", wish).status, 200)
            self.serves("shop.standin", {"a": data})
        rows = self.api.call("GET", self.way + "/deployments").json["result"]["deployments"]
        self.assertEqual([row["versions"][0]["version_id"] for row in rows], [first, second, first])
        self.clean()

    def test_single_uploads(self):
        self.api.control("POST", "set", {"single_uploads": True})
        session = self.session({"/a.txt": b"1", "/b.txt": b"2"}).json["result"]
        claims = json.loads(base64.urlsafe_b64decode(session["jwt"].split(".")[1] + "=="))
        self.assertTrue(claims["wrangler_single_asset_uploads"])
        api = Api(self.standin, session["jwt"])
        way = f"{self.account}/workers/assets/upload/"
        found = [api.call("POST", way + digests.asset_hash(data, "txt"), body=data, kind="text/plain") for data in (b"1", b"2")]
        self.assertEqual([answer.status for answer in found], [202, 201])
        self.broke(api.call("POST", way + digests.asset_hash(b"1", "txt"), body=b"3", kind="text/plain"), 400, "another hash")


class WorkersRefusals(WorkersCase):
    def test_sessions(self):
        row = {"hash": "0" * 32, "size": 1}
        for more in ({"a": row}, {"//a": row}, {"/_headers": row}, {"/a": {"hash": "0", "size": 1}}, {"/a": {"hash": "0" * 32}},
                     {"/a": {**row, "size": (25 << 20) + 1}}, {"/a": {**row, "size": -1}}, {"/../a": row}):
            self.broke(self.session({}, **more), 400)

    def test_uploads(self):
        session = self.session(FILES).json["result"]
        good = self.parts(FILES, session["buckets"][0])
        name, data, _, kind = good[0]
        for wrong in ((name, data, "other", kind), (name, data, None, kind), ("0" * 32, data, "0" * 32, kind),
                      (name, data, name, None), (name, b"not base64!", name, kind),
                      (name, base64.b64encode(BYTES[:-1] + b"?"), name, kind), (name, base64.b64encode(b"short"), name, kind)):
            self.broke(self.upload(session["jwt"], wrong), 400)
        self.broke(self.upload(session["jwt"], *good, query=""), 400, "base64 is missing")
        self.broke(self.upload(self.standin.TOKEN, *good), 401, "the API token where")
        self.broke(self.upload(self.put_token(), *good), 401, "a completion token where")

    def put_token(self):
        return self.completion({})

    def test_tokens_end(self):
        session = self.session(FILES).json["result"]
        jwt = self.completion({"/a": b"1"})
        self.api.control("POST", "set", {"skew": 3601})
        self.refused(self.upload(session["jwt"], *self.parts(FILES, session["buckets"][0])), 403, "Expired JWT")
        self.refused(self.put(jwt), 403, "Expired JWT")

    def test_metadata(self):
        session = self.session(FILES).json["result"]["jwt"]
        self.broke(self.put(session), 401, "a session token where")
        jwt = self.completion(FILES)
        for config in ({"html_handling": "maybe"}, {"not_found_handling": "200"}, {"_headers": ["x"]}):
            self.broke(self.put(jwt, config=config), 400)
        self.broke(self.put("x.y.z"), 401, "not a token of ours")
        other = self.api.call("POST", self.account + "/workers/scripts/other/assets-upload-session", {"manifest": {}})
        self.broke(self.put(other.json["result"]["jwt"]), 400, "another script")
        body, kind = form(("metadata", "{}", None, None), ("worker.js", "x", "worker.js", "application/javascript"))
        self.broke(self.api.call("PUT", self.way, body=body, kind=kind), 400, "metadata")

    def test_versions_that_are_not_there(self):
        self.refused(self.put(self.completion({}), "POST", "/versions"), 404, "10007")
        self.deployed({"/a": b"1"})
        wish = {"strategy": "percentage", "versions": [{"version_id": "0" * 36, "percentage": 100}]}
        self.refused(self.api.call("POST", self.way + "/deployments", wish), 404)
        wish["versions"][0]["percentage"] = 50
        self.broke(self.api.call("POST", self.way + "/deployments", wish), 400, "100 percent")
