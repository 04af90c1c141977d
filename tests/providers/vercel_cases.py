# SPDX-License-Identifier: Apache-2.0
"""Vercel's stand-in: a deployment from beginning to end, and each of its refusals."""
import base64
import io
import tarfile

import digests
import vercel
from cases import BYTES, SHA, Api, Case

FILES = {"index.html": BYTES, "sub/sp ace é.txt": b"x", "same.html": BYTES, "empty": b""}
PLAIN = {"framework": None, "buildCommand": "", "installCommand": "", "outputDirectory": ""}


class VercelCase(Case):
    MAKER = vercel.Vercel

    def setUp(self):
        super().setUp()
        self.project = self.standin.add_site("shop")["id"]

    def wish(self, files, **more):
        rows = [{"file": path, "sha": digests.sha1(data), "size": len(data)} for path, data in files.items()]
        return {"name": "shop", "files": rows, "projectSettings": PLAIN, **more}

    def create(self, wish, query=""):
        return self.api.call("POST", f"/v13/deployments?skipAutoDetectionConfirmation=1{query}", wish)

    def upload(self, data, sha=None, **headers):
        return self.api.call("POST", "/v2/files", body=data, kind="application/octet-stream",
                             x_vercel_digest=sha or digests.sha1(data), **headers)

    def poll(self, deployment, tries=20):
        for _ in range(tries):
            d = self.api.call("GET", f"/v13/deployments/{deployment}").json
            if d["aliasAssigned"] or d["readyState"] in ("ERROR", "CANCELED"):
                return d
        self.fail(f"{d['readyState']} after {tries} questions")

    def deployed(self, files, query="", **more):
        wish = self.wish(files, **more)
        answer = self.create(wish, query)
        if answer.status == 400:
            known = {digests.sha1(data): data for data in files.values()}
            for sha in answer.json["error"]["missing"]:
                self.assertEqual(self.upload(known[sha]).status, 200)
            answer = self.create(wish, query)
        self.assertEqual(answer.status, 200, answer.body)
        return self.poll(answer.json["id"])


class VercelDeployments(VercelCase):
    def test_a_deployment_is_uploaded_once_a_digest_and_served(self):
        d = self.deployed(FILES, target="production")
        self.assertEqual((d["readyState"], d["target"]), ("READY", "production"))
        self.assertEqual(len(self.standin.calls("POST", "/v2/files")), 3)
        self.serves("shop", FILES)
        self.assertEqual(self.standin.fetch("http://" + d["url"], "/empty").body, b"")
        self.assertEqual(self.standin.fetch("http://" + d["alias"][0], "/index.html").body, BYTES)
        self.clean()

    def test_it_is_ready_before_it_is_assigned(self):
        self.upload(BYTES)
        made = self.create(self.wish({"index.html": BYTES})).json["id"]
        seen = [self.api.call("GET", f"/v13/deployments/{made}").json for _ in range(3)]
        self.assertEqual([(d["readyState"], bool(d["aliasAssigned"])) for d in seen],
                         [("READY", False), ("READY", True), ("READY", True)])

    def test_the_first_becomes_production_and_later_ones_previews(self):
        self.assertEqual(self.deployed({"a": b"1"})["target"], "production")
        self.assertIsNone(self.deployed({"a": b"2"})["target"])
        self.serves("shop", {"a": b"1"})

    def test_a_build_that_was_not_asked_for(self):
        tree = {"public/index.html": b"public", "index.html": b"root", "api/x.js": b"code"}
        null = dict.fromkeys(PLAIN)
        d = self.deployed(tree, projectSettings=null)
        self.assertEqual(self.standin.fetch("http://" + d["url"], "/").body, b"public")
        self.assertEqual(self.standin.fetch("http://" + d["url"], "/api/x.js").status, 404)
        self.assertEqual(self.deployed({"package.json": b"{}"}, projectSettings=null)["errorCode"], "BUILD_FAILED")
        d = self.deployed({**tree, "package.json": b"{}"})
        self.assertEqual(self.standin.fetch("http://" + d["url"], "/api/x.js").body, b"code")

    def test_prebuilt_output(self):
        static = {".vercel/output/static/" + path: data for path, data in FILES.items()}
        config = b'{"version":3,"overrides":{"same.html":{"path":"other","contentType":"text/x"}}}'
        d = self.deployed({**static, ".vercel/output/config.json": config}, "&prebuilt=1")
        got = self.standin.fetch("http://" + d["url"], "/other")
        self.assertEqual((got.body, got.headers["Content-Type"]), (BYTES, "text/x"))
        self.clean()
        self.upload(b"{}")
        self.broke(self.create(self.wish({".vercel/output/config.json": b"{}"}), "&prebuilt=1"), 400, "version is not 3")
        self.broke(self.create(self.wish({}), "&prebuilt=1"), 400, "config.json")

    def test_an_archive_and_files_inside_the_request(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("sub/a.txt")
            member.size = len(BYTES)
            archive.addfile(member, io.BytesIO(BYTES))
        data = packed.getvalue()
        parts = {".vercel/source.tgz.part1": data[:50], ".vercel/source.tgz.part2": data[50:]}
        self.assertEqual(self.standin.fetch("http://" + self.deployed(parts)["url"], "/sub/a.txt").body, BYTES)
        inline = {"file": "i.html", "data": base64.b64encode(BYTES).decode(), "encoding": "base64"}
        d = self.create({"name": "shop", "files": [inline], "projectSettings": PLAIN}).json
        self.poll(d["id"])
        self.assertEqual(self.standin.fetch("http://" + d["url"], "/i.html").body, BYTES)
        self.clean()

    def test_rollback_and_promote(self):
        first, second = (self.deployed({"a": data}, target="production") for data in (b"1", b"2"))
        way = f"/v9/projects/{self.project}"
        self.assertEqual(self.api.call("POST", f"{way}/rollback/{first['id']}", {}).status, 201)
        self.refused(self.api.call("POST", f"{way}/rollback/{first['id']}", {}), 409)
        states = [self.api.call("GET", way + "?rollbackInfo=true").json["lastAliasRequest"]["jobStatus"] for _ in range(2)]
        self.assertEqual(states, ["in-progress", "succeeded"])
        self.serves("shop", {"a": b"1"})
        third = self.deployed({"a": b"3"}, target="production")
        self.assertEqual((third["readySubstate"], third["alias"]), ("STAGED", []))
        self.serves("shop", {"a": b"1"})
        self.assertEqual(self.api.call("POST", f"/v10/projects/{self.project}/promote/{third['id']}", {}).status, 201)
        self.api.call("GET", way + "?rollbackInfo=true"), self.api.call("GET", way + "?rollbackInfo=true")
        self.serves("shop", {"a": b"3"})
        self.deployed({"a": b"2"}, target="production")
        self.serves("shop", {"a": b"2"})
        preview = self.deployed({"a": b"4"})
        self.refused(self.api.call("POST", f"/v10/projects/{self.project}/promote/{preview['id']}", {}), 400)

    def test_a_preview_is_promoted_by_a_new_deployment(self):
        self.deployed({"a": b"1"})
        preview = self.deployed({"a": b"2"})
        made = self.create({"name": "shop", "deploymentId": preview["id"], "target": "production",
                            "meta": {"action": "promote"}}).json
        self.poll(made["id"])
        self.serves("shop", {"a": b"2"})
        self.clean()

    def test_cancel_delete_and_lists(self):
        made = self.deployed({"a": b"1"}, gitMetadata={"commitSha": "s", "commitRef": "main"})
        other = self.create(self.wish({"a": b"1"})).json["id"]
        self.assertEqual(self.api.call("PATCH", f"/v12/deployments/{other}/cancel").json["readyState"], "CANCELED")
        self.refused(self.api.call("PATCH", f"/v12/deployments/{made['id']}/cancel"), 400)
        rows = self.api.call("GET", f"/v6/deployments?projectId={self.project}&sha=s").json["deployments"]
        self.assertEqual([row["uid"] for row in rows], [made["id"]])
        self.assertEqual(len(self.api.call("GET", "/v7/deployments?limit=1").json["deployments"]), 1)
        self.assertEqual(self.api.call("DELETE", f"/v13/deployments/{made['id']}").status, 200)
        self.refused(self.api.call("GET", f"/v13/deployments/{made['id']}"), 404)
        self.clean()


class VercelRefusals(VercelCase):
    def test_tokens_and_teams(self):
        for token in ("wrong", self.standin.EXPIRED):
            self.refused(Api(self.standin, token).call("GET", "/v9/projects/shop"), 403, "invalidToken")
        self.refused(Api(self.standin, self.standin.OTHER).call("GET", "/v9/projects/shop"), 404)
        self.refused(self.api.call("GET", "/v9/projects/shop?teamId=team_other"), 403)
        self.refused(self.api.call("GET", f"/v9/projects/shop?teamId={self.standin.TEAM}"), 404)

    def test_projects(self):
        self.assertEqual(self.api.call("POST", "/v11/projects", {"name": "new"}).status, 200)
        self.refused(self.api.call("POST", "/v11/projects", {"name": "new"}), 409)
        self.refused(self.create({"name": "x", "project": "nope", "files": []}), 404)
        wish = {"name": "newer", "files": []}
        self.refused(self.api.call("POST", "/v13/deployments", wish), 400, "missing_project_settings")
        self.assertEqual(self.create(wish).status, 200)
        self.broke(self.api.call("POST", "/v11/projects", {"name": "Not A Name"}), 400)

    def test_files(self):
        self.broke(self.upload(BYTES, sha="0" * 40), 400, "Digest is not valid")
        self.broke(self.upload(BYTES, sha="0"), 400, "no SHA-1")
        self.broke(self.upload(BYTES, x_now_size="3"), 400, "File size is not valid")
        self.broke(self.api.call("POST", "/v2/files", body=BYTES, kind="text/html", x_vercel_digest=SHA), 400, "text/html")
        self.assertEqual(self.upload(BYTES).status, 200)
        self.assertEqual(self.upload(BYTES).status, 200)
        self.assertEqual(self.standin.oddities[-1]["what"], f"{SHA} was there already")

    def test_missing_files_are_named(self):
        answer = self.create(self.wish(FILES))
        self.refused(answer, 400, "missing_files")
        self.assertEqual(answer.json["error"]["missing"], sorted({digests.sha1(data) for data in FILES.values()}))

    def test_wishes(self):
        row = {"file": "a", "sha": SHA, "size": len(BYTES)}
        self.upload(BYTES)
        for wrong in ({"name": 1}, {"files": []}, {"name": "shop", "files": [{"file": "a"}]},
                      {"name": "shop", "files": [row], "target": "preview"}, {"name": "shop", "files": [row], "x": 1},
                      {"name": "shop", "files": [{**row, "size": 1}]}, {"name": "shop", "files": [{**row, "file": "/a"}]},
                      {"name": "shop", "files": [{**row, "file": "../a"}]}, {"name": "shop", "files": [], "meta": {"a": 1}},
                      {"name": "shop", "files": [], "projectSettings": {"nope": 1}}, {"name": "shop"}):
            self.broke(self.create(wrong), 400)
        self.broke(self.create({"name": "shop", "files": [row] * 15001}), 400, "15000")

    def test_an_author_who_is_no_member(self):
        who = {"commitAuthorEmail": "a@b.c"}
        self.refused(self.create(self.wish({}, gitMetadata=who)), 403, "Git author a@b.c must have access")
        self.api.control("POST", "set", {"members": ["a@b.c"]})
        self.assertEqual(self.create(self.wish({}, gitMetadata=who)).status, 200)

    def test_the_limit_says_when_it_ends(self):
        self.api.control("POST", "set", {"limit": [1, 86400]})
        self.assertEqual(self.create(self.wish({})).status, 200)
        answer = self.create(self.wish({}))
        self.refused(answer, 429, "rate_limited")
        self.assertGreater(answer.json["error"]["limit"]["reset"], self.standin.now() * 1000)


class VercelFates(VercelCase):
    def fated(self, kind, **more):
        self.standin.plan.add(kind, method="POST", path="/v13/deployments", **more)
        return self.create(self.wish({})).json["id"]

    def test_states(self):
        self.assertEqual(self.poll(self.fated("error_state", message="why"))["errorMessage"], "why")
        self.assertEqual(self.poll(self.fated("cancelled"))["readyState"], "CANCELED")
        self.assertTrue(self.poll(self.fated("unknown_state"))["aliasAssigned"])
        stuck = self.fated("stuck")
        self.assertEqual({self.api.call("GET", f"/v13/deployments/{stuck}").json["readyState"] for _ in range(9)},
                         {"BUILDING"})

    def test_ready_without_an_alias_for_a_while(self):
        made = self.fated("no_alias", polls=4)
        seen = [self.api.call("GET", f"/v13/deployments/{made}").json for _ in range(7)]
        self.assertEqual([bool(d["aliasAssigned"]) for d in seen], [False] * 5 + [True] * 2)
        self.assertEqual({d["readyState"] for d in seen}, {"READY"})

    def test_a_fate_waits_for_the_deployment_that_is_made(self):
        self.standin.plan.add("error_state", method="POST", path="/v13/deployments")
        self.assertEqual(self.deployed({"a": BYTES})["readyState"], "ERROR")
        self.assertEqual(self.deployed({"a": BYTES})["readyState"], "READY")

    def test_an_error_on_the_top_level(self):
        self.standin.plan.add("flat_error", method="POST", path="/v13/deployments")
        self.assertEqual(self.create(self.wish({"a": BYTES})).json["missing"], [SHA])

    def test_files_that_are_missing_again(self):
        self.upload(BYTES)
        self.standin.plan.add("missing_again", method="POST", path="/v13/deployments")
        wish = self.wish({"a": BYTES})
        self.refused(self.create(wish), 400, SHA)
        self.upload(BYTES)
        self.assertEqual(self.create(wish).status, 200)
