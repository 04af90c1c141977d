# SPDX-License-Identifier: Apache-2.0
"""Goal: a requirement becomes a repository that is cloned, tested, changed, merged, deployed and rolled back.

Method: the PRD of a bicycle workshop, the real `git`, `node --test` on the clone, plain HTTP for the sites.
"""
import json
import re
import subprocess

import door_table
from origin_server import PATIENCE_SECONDS, wait_until
from scenario import INVENTORY, SUPPLIERS, Scenario


class RequirementStory(Scenario):
    def make(self, **more):
        answer = self.server.require(INVENTORY, deployment={"platform": "local"}, **more)
        self.expect(answer, 200)
        self.assertEqual(answer.json["status"], "complete", answer)
        return answer.json

    def clone_of(self, made, name="clone", **more):
        return self.clone(name, url=self.url_of(made), **more)

    def live(self, made, page=""):
        return self.server.open_url(made["deploymentUrl"].rstrip("/") + "/" + page)

    def visit_preview(self, url, page=""):
        """Opens a signed link as a browser does: the link, its redirect with the cookie, then a page."""
        first = self.server.open_url(url)
        self.expect(first, 303)
        cookie = first.headers["Set-Cookie"]
        self.assertRegex(cookie, r"(?i)httponly")
        self.assertEqual(first.headers["Referrer-Policy"], "no-referrer")
        base = url.split("?")[0].rstrip("/")
        return self.server.open_url(f"{base}/{page}", headers={"Cookie": cookie.split(";")[0]})

    def test_the_answer(self):
        made = self.make()
        for name in ("requestId", "projectId", "codeUrl", "previewUrl", "deploymentUrl", "commit", "branch"):
            self.assertTrue(made.get(name), f"{name} is missing in {json.dumps(made)[:600]}")
        self.assertEqual(made["branch"], "main")
        self.assertEqual(made["deployment"]["state"], "live")
        statuses = {line["status"] for line in made["traceability"]}
        self.assertIn("implemented", statuses)
        self.assertIn("unsupported", statuses, "nothing is passed over in silence")
        self.assertEqual(self.server.get(f"/api/requirements/{made['requestId']}").json["commit"], made["commit"])

    def test_the_repository(self):
        made = self.make()
        clone = self.clone_of(made)
        self.assertEqual(clone.head(), made["commit"])
        message = clone("log", "-1", "--format=%B")
        trailers = dict(line.split(": ", 1) for line in clone("log", "-1", "--format=%(trailers:only,unfold)").splitlines() if line)
        self.assertEqual(trailers["Origin-Request"], made["requestId"], message)
        self.assertEqual(trailers["Origin-Client"], self.server.client_id)
        for name in ("Origin-Engine", "Origin-Requirement-Digest"):
            self.assertIn(name, trailers)
        traceability = (clone.path / "TRACEABILITY.md").read_text()
        self.assertIn("When a job uses a part, reduce the quantity of that part.", traceability)
        for name in ("README.md", "index.html", "parts.html", "jobs.html", "blueprint.json"):
            self.assertTrue((clone.path / name).is_file(), name)
        tests = subprocess.run(["node", "--test"], cwd=clone.path, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        self.assertEqual(tests.returncode, 0, tests.stdout[-4000:] + tests.stderr[-2000:])
        self.assertGreater(int(re.search(r"# pass (\d+)", tests.stdout)[1]), 5, tests.stdout[-600:])

    def test_the_live_site(self):
        made = self.make()
        page = self.live(made)
        self.expect(page, 200)
        self.assertTrue(page.headers["Content-Type"].startswith("text/html"))
        self.assertEqual(page.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("Spanner", page.text)
        blob = self.clone_of(made)("rev-parse", "HEAD:index.html")
        self.assertEqual(page.headers["ETag"], f'"{blob}"')
        unchanged = self.server.open_url(made["deploymentUrl"], headers={"If-None-Match": page.headers["ETag"]})
        self.expect(unchanged, 304)
        part = self.server.open_url(made["deploymentUrl"], headers={"Range": "bytes=0-9"})
        self.expect(part, 206)
        self.assertEqual(part.body, page.body[:10])
        head = self.server.open_url(made["deploymentUrl"], method="HEAD")
        self.assertEqual((head.status, head.body, head.headers["Content-Length"]), (200, b"", str(len(page.body))))
        self.expect(self.live(made, "no-such-page"), 404)
        self.assertIn("There is no such page", self.live(made, "no-such-page").text)
        for hidden in (".git/config", ".git", "%2egit/HEAD", ".gitignore", "..%2f..%2fetc/passwd", ".origind.toml"):
            self.expect(self.live(made, hidden), 404)
        self.assertTrue(self.live(made, "assets/app.js").headers["Content-Type"].startswith("text/javascript"))

    def test_a_site_host_is_not_the_api(self):
        made = self.make()
        host = made["deploymentUrl"].split("/")[2]
        for path in ("/api/projects", f"/{made['projectId']}.git/info/refs?service=git-upload-pack"):
            self.expect(self.server.get(path, host=host), 404)
        self.expect(self.server.get("/", host=f"unknown.example.org:{self.server.port}"), 421)

    def test_a_private_preview_needs_its_signed_link(self):
        made = self.make()
        link = made["previewUrl"]
        page = self.visit_preview(link)
        self.expect(page, 200)
        self.assertIn("Spanner", page.text)
        bare = link.split("?")[0]
        self.expect(self.server.open_url(bare), 403)
        self.expect(self.server.open_url(bare, headers={"Authorization": f"Bearer {self.server.key}"}), 403)
        self.expect(self.server.open_url(link[:-2] + ("AA" if link[-2:] != "AA" else "BB")), 403)
        other = self.make()["previewUrl"]
        self.expect(self.server.open_url(bare + "?" + other.split("?")[1]), 403)

    def test_a_push_goes_live_and_says_so(self):
        made = self.make()
        clone = self.clone_of(made)
        page = (clone.path / "index.html").read_text()
        clone.write("index.html", page.replace("<h1>Dashboard</h1>", "<h1>Our workshop</h1>"))
        clone("commit", "-qam", "A warmer welcome")
        said = clone.run("push", "origin", "main").stderr
        self.assertRegex(said, r"remote: .*production \(local\): queued")
        self.assertRegex(said, r"remote: .*production \(local\): live as release 2 *\nremote: +http://")
        self.assertIn(made["deploymentUrl"].rstrip("/"), said)
        self.assertIn("<h1>Our workshop</h1>", self.live(made).text)

    def test_deploy_skip_leaves_the_site_alone(self):
        made = self.make()
        clone = self.clone_of(made)
        clone.commit("quietly", **{"index.html": "<h1>quiet</h1>"})
        clone("push", "-q", "-o", "deploy.skip", "origin", "main")
        self.assertNotIn("quiet", self.live(made).text)
        self.assertEqual(len(self.server.deployments(made["projectId"])), 1)

    def test_a_feature_gets_a_branch_of_its_own(self):
        made = self.make()
        clone = self.clone_of(made)
        feature = self.server.require(SUPPLIERS, projectId=made["projectId"])
        self.expect(feature, 200)
        feature = feature.json
        self.assertEqual(feature["status"], "complete", feature)
        self.assertTrue(feature["branch"].startswith("feature/"), feature["branch"])
        self.assertNotEqual(feature["previewUrl"], made["previewUrl"])
        self.assertEqual(feature["baseCommit"], made["commit"])
        self.assertIn(feature["branch"], clone.run("fetch", "origin").stderr)
        self.assertEqual(clone.head("origin/main"), made["commit"], "main is left alone")
        self.assertEqual(clone.head(f"origin/{feature['branch']}"), feature["commit"])
        clone.fsck()
        self.expect(self.visit_preview(feature["previewUrl"], "suppliers.html"), 200)
        self.expect(self.live(made, "suppliers.html"), 404)

    def test_merge_deploys_and_rollback_returns_at_once(self):
        made = self.make()
        project = f"/api/projects/{made['projectId']}"
        feature = self.server.require(SUPPLIERS, projectId=made["projectId"]).json
        merged = self.server.post(f"{project}/merge", {"source": feature["branch"]})
        self.expect(merged, 200)
        self.server.settle_deployments(made["projectId"])
        self.expect(self.live(made, "suppliers.html"), 200)
        clone = self.clone_of(made)
        self.assertTrue((clone.path / "suppliers.html").is_file())
        rows = self.server.deployments(made["projectId"])
        first = next(row for row in rows if row["commit"] == made["commit"])
        rolled = self.server.post(f"{project}/deployments/{first['id']}/rollback")
        self.assertIn(rolled.status, (200, 201), rolled)
        self.expect(self.live(made, "suppliers.html"), 404)
        self.expect(self.live(made), 200)
        self.assertEqual(clone.remote_refs()["refs/heads/main"], clone.head(), "a rollback moves no branch")

    def test_edits_by_hand_survive_a_feature(self):
        made = self.make()
        clone = self.clone_of(made)
        clone.commit("our colours", **{"assets/custom.css": "h1 { letter-spacing: 1px; }\n", "notes.txt": "ours\n"})
        clone("push", "-q", "origin", "main")
        feature = self.server.require(SUPPLIERS, projectId=made["projectId"]).json
        clone("fetch", "-q")
        self.assertEqual(clone("show", f"origin/{feature['branch']}:assets/custom.css"), "h1 { letter-spacing: 1px; }")
        self.assertEqual(clone("show", f"origin/{feature['branch']}:notes.txt"), "ours")

    def test_a_merge_that_conflicts_changes_nothing(self):
        made = self.make()
        clone = self.clone_of(made)
        clone.commit("ours", **{"notes.txt": "ours\n"})
        clone("push", "-q", "origin", "main")
        clone("checkout", "-q", "-b", "theirs", made["commit"])
        clone.commit("theirs", **{"notes.txt": "theirs\n"})
        clone("push", "-q", "origin", "theirs")
        before = clone.remote_refs()
        answer = self.server.post(f"/api/projects/{made['projectId']}/merge", {"source": "theirs"})
        self.expect(answer, 409)
        self.assertIn("notes.txt", answer.text)
        self.assertEqual(clone.remote_refs(), before)

    def test_two_features_at_once(self):
        made = self.make()
        texts = ["Add suppliers. A supplier has a name (required) and a website.",
                 "Add customers. A customer has a name (required) and a phone number."]
        asked = [self.server.post("/api/requirements", {"clientId": self.server.client_id, "projectId": made["projectId"],
                                                        "requirements": text}) for text in texts]
        done = [wait_until("a feature", lambda a=a: self.server._settled(a.json["requestId"])).json for a in asked]
        self.assertEqual([run["status"] for run in done], ["complete", "complete"], done)
        self.assertEqual(len({run["branch"] for run in done}), 2)
        refs = self.clone_of(made).remote_refs()
        for run in done:
            self.assertEqual(refs[f"refs/heads/{run['branch']}"], run["commit"])

    def test_what_is_no_web_app_is_refused_and_leaves_nothing(self):
        before = len(self.server.pages("/api/projects", "projects"))
        for text in ("Build a command-line tool in Rust that converts CSV files to Parquet. It reads stdin and has a --help flag.",):
            answer = self.server.require(text)
            self.expect(answer, 422, "not_generated")
        for text in ("", "   \n\t\n"):
            self.assertIn(self.server.require(text).status, (400, 422))
        answer = self.server.require(INVENTORY, deployment={"platform": "nowhere"})
        self.expect(answer, 422, "platform_unavailable")
        self.assertEqual(len(self.server.pages("/api/projects", "projects")), before)


if __name__ == "__main__":
    door_table.main()
