# SPDX-License-Identifier: Apache-2.0
"""Cloudflare's stand-in, Pages: a deployment from beginning to end, and each of its refusals."""
import base64
import json

import cloudflare
import digests
from cases import BYTES, Api, Case, form

FILES = {"/index.html": BYTES, "/sub/sp ace é.txt": b"x", "/same.html": BYTES, "/same.txt": BYTES, "/empty": b""}


def hashed(files):
    return {path: digests.asset_hash(data, digests.extension(path)) for path, data in files.items()}


class CloudflareCase(Case):
    MAKER = cloudflare.Cloudflare

    def setUp(self):
        super().setUp()
        self.account = f"/accounts/{self.standin.ACCOUNT}"


class PagesCase(CloudflareCase):
    def setUp(self):
        super().setUp()
        self.standin.add_site("shop")
        self.way = self.account + "/pages/projects/shop"
        self.upload_api = Api(self.standin, self.token())

    def token(self):
        return self.api.call("GET", self.way + "/upload-token").json["result"]["jwt"]

    def rows(self, files):
        return [{"key": digests.asset_hash(data, digests.extension(path)), "value": base64.b64encode(data).decode(),
                 "metadata": {"contentType": "text/x-" + (digests.extension(path) or "none")}, "base64": True}
                for path, data in files.items()]

    def upload(self, files):
        return self.upload_api.call("POST", "/pages/assets/upload", self.rows(files))

    def create(self, manifest, *parts, **fields):
        parts = [(name, text, None, None) for name, text in fields.items()] + list(parts)
        if manifest is not None:
            parts.append(("manifest", json.dumps(manifest, ensure_ascii=False), None, None))
        body, kind = form(*parts)
        return self.api.call("POST", self.way + "/deployments", body=body, kind=kind)

    def poll(self, deployment, tries=20):
        for _ in range(tries):
            d = self.api.call("GET", f"{self.way}/deployments/{deployment}").json["result"]
            if d["latest_stage"]["status"] != "active":
                return d
        self.fail("still active")

    def deployed(self, files, **fields):
        self.upload(files)
        answer = self.create(hashed(files), **fields)
        self.assertEqual(answer.status, 200, answer.body)
        return self.poll(answer.json["result"]["id"])


class PagesDeployments(PagesCase):
    def test_a_deployment_is_uploaded_and_served_with_its_types(self):
        missing = self.upload_api.call("POST", "/pages/assets/check-missing", {"hashes": list(hashed(FILES).values())})
        self.assertEqual(len(missing.json["result"]), 4)
        d = self.deployed(FILES, branch="main", commit_message="é" * 192, commit_dirty="false")
        self.assertEqual((d["latest_stage"]["name"], d["latest_stage"]["status"]), ("deploy", "success"))
        self.serves("shop", {path[1:]: data for path, data in FILES.items()})
        self.assertEqual(self.standin.fetch(d["url"], "/same.txt").headers["Content-Type"], "text/x-txt")
        missing = self.upload_api.call("POST", "/pages/assets/check-missing", {"hashes": list(hashed(FILES).values())})
        self.assertEqual(missing.json["result"], [])
        upsert = self.upload_api.call("POST", "/pages/assets/upsert-hashes", {"hashes": list(hashed(FILES).values())})
        self.assertEqual(upsert.status, 200)
        self.clean()

    def test_it_is_deploying_before_it_is_live(self):
        self.upload(FILES)
        made = self.create(hashed(FILES)).json["result"]
        self.assertEqual(made["latest_stage"]["name"], "queued")
        first = self.api.call("GET", f"{self.way}/deployments/{made['id']}").json["result"]["latest_stage"]
        self.assertEqual((first["name"], first["status"]), ("deploy", "active"))
        self.assertEqual(self.standin.fetch(made["url"], "/index.html").status, 404)
        self.poll(made["id"])
        self.assertEqual(self.standin.fetch(made["url"], "/index.html").status, 200)

    def test_branches_are_previews_with_an_alias(self):
        self.deployed({"/a": b"1"})
        d = self.deployed({"/a": b"2"}, branch="Feature/ÄX")
        self.assertEqual((d["environment"], len(d["aliases"])), ("preview", 1))
        self.assertEqual(self.standin.fetch(d["aliases"][0], "/a").body, b"2")
        self.serves("shop", {"a": b"1"})
        self.refused(self.api.call("DELETE", f"{self.way}/deployments/{d['id']}"), 400, "force")
        self.assertEqual(self.api.call("DELETE", f"{self.way}/deployments/{d['id']}?force=true").status, 200)
        self.assertEqual(self.standin.fetch(d["aliases"][0], "/a").status, 404)

    def test_rollback(self):
        first, second = self.deployed({"/a": b"1"}), self.deployed({"/a": b"2"})
        self.assertEqual(self.api.call("POST", f"{self.way}/deployments/{first['id']}/rollback").status, 200)
        self.serves("shop", {"a": b"1"})
        self.assertEqual(self.api.call("POST", f"{self.way}/deployments/{second['id']}/rollback", {}).status, 200)
        self.serves("shop", {"a": b"2"})
        preview = self.deployed({"/a": b"3"}, branch="x")
        self.refused(self.api.call("POST", f"{self.way}/deployments/{preview['id']}/rollback"), 400)
        self.refused(self.api.call("DELETE", f"{self.way}/deployments/{second['id']}"), 400, "live")
        self.clean()

    def test_lists_and_logs(self):
        self.deployed({"/a": b"1"})
        made = self.deployed({"/a": b"2"}, branch="x")
        rows = self.api.call("GET", self.way + "/deployments?env=preview").json
        self.assertEqual(([d["id"] for d in rows["result"]], rows["result_info"]["total_count"]), ([made["id"]], 1))
        logs = self.api.call("GET", f"{self.way}/deployments/{made['id']}/history/logs").json["result"]
        self.assertEqual(logs["total"], len(logs["data"]))
        self.clean()

    def test_projects(self):
        way = self.account + "/pages/projects"
        made = self.api.call("POST", way, {"name": "taken", "production_branch": "trunk"}).json["result"]
        self.assertTrue(made["subdomain"].endswith("taken-4xk"), made["subdomain"])
        self.refused(self.api.call("POST", way, {"name": "shop"}), 409, "8000002")
        self.refused(self.api.call("GET", way + "/nope"), 404, "8000007")
        self.broke(self.api.call("POST", way, {"name": "Not A Name"}), 400)
        self.standin.violations.clear()
        self.assertEqual(len(self.api.call("GET", way).json["result"]), 2)
        self.clean()


class PagesRefusals(PagesCase):
    def test_tokens(self):
        for token, status in (("wrong", 401), (self.standin.EXPIRED, 401), (self.standin.OTHER, 403)):
            self.refused(Api(self.standin, token).call("GET", self.way), status, "10000")
        self.broke(self.upload_api.call("GET", self.way), 401, "an upload token where")
        self.broke(self.api.call("POST", "/pages/assets/check-missing", {"hashes": []}), 401, "the API token where")
        self.broke(Api(self.standin, "a.b.c").call("POST", "/pages/assets/check-missing", {"hashes": []}), 401)

    def test_an_upload_token_ends(self):
        self.api.control("POST", "set", {"skew": 301})
        answer = self.upload(FILES)
        self.refused(answer, 403)
        self.assertEqual(answer.body, b"Expired JWT")
        self.upload_api.token = self.token()
        self.assertEqual(self.upload(FILES).status, 200)
        self.api.control("POST", "set", {"jwt_seconds": 5})
        self.upload_api.token = self.token()
        self.api.control("POST", "set", {"skew": 307})
        self.refused(self.upload(FILES), 403)

    def test_a_token_that_was_never_good(self):
        self.standin.plan.add("jwt_expired", path="*/upload-token")
        self.upload_api.token = self.token()
        self.refused(self.upload(FILES), 403, "Expired JWT")

    def test_buckets(self):
        row = self.rows({"/a": b"x"})[0]

        def send(*rows):
            return self.upload_api.call("POST", "/pages/assets/upload", list(rows))
        for wrong in ({**row, "value": "not base64!"}, {**row, "value": "eA"}, {**row, "metadata": {}}, {"key": row["key"]},
                      {**row, "key": "A" * 32}, {**row, "base64": False}, {**row, "metadata": {"contentType": "text"}}):
            self.broke(send(wrong), 400)
        self.broke(send(*[row] * 2001), 413, "2000")
        big = base64.b64encode(bytes((25 << 20) + 1)).decode()
        self.broke(send({**row, "value": big}), 413, "25 MiB")
        half = base64.b64encode(bytes(21 << 20)).decode()
        self.broke(send({**row, "value": half}, {**row, "key": "0" * 32, "value": half}), 413, "40 MiB")
        self.broke(self.upload_api.call("POST", "/pages/assets/upsert-hashes", {"hashes": ["0" * 32]}), 400, "never")

    def test_manifests(self):
        self.upload(FILES)
        one = hashed(FILES)["/index.html"]
        for wrong, words in (({"index.html": one}, "leading slash"), ({"/_headers": one}, "no asset"),
                             ({"/functions/a.js": one}, "no asset"), ({"/a": "0" * 32}, "never uploaded"),
                             ({"/other.css": one}, "another hash"), ([], "not an object")):
            self.broke(self.create(wrong), 400, words)
        self.broke(self.create(None), 400, "manifest")
        self.broke(self.create(None, ("manifest", "{", None, None)), 400, "manifest")
        self.broke(self.create({}, commit_message="é" * 193), 400, "384")
        self.broke(self.create({}, commit_dirty="maybe"), 400, "maybe")
        self.broke(self.create({}, ("_headers", "x", None, None)), 400, "a file with its name")
        self.broke(self.create({}, ("branch", "x", "branch", None)), 400, "a text")
        self.broke(self.api.call("POST", self.way + "/deployments", {"manifest": {}}), 400, "application/json")
        self.api.control("POST", "set", {"max_files": 1})
        self.broke(self.create({"/a": one, "/b": one}), 400, "at most 1")

    def test_control_files_are_files_of_the_form(self):
        self.upload({"/a": b"1"})
        answer = self.create(hashed({"/a": b"1"}), ("_headers", "/*\n X: y\n", "_headers", "application/octet-stream"))
        self.assertEqual(answer.status, 200, answer.body)
        self.clean()


class PagesFates(PagesCase):
    def fated(self, kind, **more):
        self.standin.plan.add(kind, method="POST", path="*/deployments", **more)
        return self.create({}).json["result"]["id"]

    def test_states(self):
        made = self.fated("error_state", message="why")
        self.assertEqual(self.poll(made)["latest_stage"]["status"], "failure")
        logs = self.api.call("GET", f"{self.way}/deployments/{made}/history/logs").json["result"]["data"]
        self.assertEqual(logs[-1]["line"], "why")
        self.assertEqual(self.api.call("POST", f"{self.way}/deployments/{made}/retry").status, 200)
        self.assertEqual(self.poll(self.fated("cancelled"))["latest_stage"]["status"], "canceled")
        self.assertEqual(self.poll(self.fated("unknown_state"))["latest_stage"]["status"], "success")
        stuck = self.fated("stuck")
        seen = {self.api.call("GET", f"{self.way}/deployments/{stuck}").json["result"]["latest_stage"]["status"]
                for _ in range(9)}
        self.assertEqual(seen, {"active"})

    def test_the_unknown_error_twice(self):
        self.standin.plan.add("8000000", method="POST", path="*/deployments", times=2)
        self.assertEqual([self.create({}).status for _ in range(3)], [500, 500, 200])
