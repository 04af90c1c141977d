# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live at Netlify once, byte for byte, whatever goes wrong on the way; and one command goes back.

Method: deployments.py, with what Netlify has of its own.
"""
import door_table
from deployments import Stories, ToProvider
import netlify
import standin
from origin_server import wait_until
from scenario import INVENTORY


class Netlify(ToProvider):
    CONNECTOR = PROVIDER = "netlify"
    UPLOAD = ("PUT", "/deploys/*/files/*")
    SLOW = ("POST", "/sites/*/deploys")
    WRONG = (("shop", netlify.EXPIRED, "token"), ("nobody", netlify.TOKEN, "no site"),
             ("taken", netlify.TOKEN, "no site"), ("shop", netlify.OTHER, "no site"))

    def make_standin(self):
        made = netlify.Netlify()
        made.add_site("shop")
        return made

    def settings(self, site):
        return {"site": site}

    def made(self):
        return list(self.standin.deploy_rows.values())


class ToNetlify(Stories, Netlify):
    def test_names_that_netlify_refuses(self):
        self.fails({"what?.html": b"x"}, "'#' or '?'")

    def test_a_locked_site_is_not_called_live(self):
        first = self.live({"index.html": b"one\n"})
        self.standin.control({"site": "shop", "locked": True})
        self.fails({"index.html": b"two\n"}, "locked")
        self.check_live(first["url"], {"index.html": b"one\n"})
        self.assertEqual(self.server.get(self.api("/targets/production")).json["live"], first["id"])

    def test_a_rollback_that_is_sent_again_and_fails_is_dropped(self):
        first = self.live({"index.html": b"one\n"})
        self.live({"index.html": b"two\n"})
        del self.standin.deploy_rows[first["providerId"]]
        self.standin.plan.add("error_state", method="POST", path="/sites/*/deploys")
        self.server.post(self.api(f"/deployments/{first['id']}/rollback"))
        row = self.settled()
        self.assertEqual((row["state"], row["rollbackOf"]), ("failed", first["id"]), row)
        dropped = [call.path for call in self.standin.calls("POST", "/deploys/*/cancel")]
        self.assertEqual(dropped, [f"/deploys/{row['providerId']}/cancel"])

    def test_a_commit_is_deployed_by_hand(self):
        first = self.live({"index.html": b"one\n"})
        self.work("tag", "v1")
        self.work("push", "-q", "origin", "v1")
        self.live({"index.html": b"two\n"})
        words = ("--data", self.server.data, "--project", self.project_id())
        made = self.server.command_json("deployment", "create", *words, "v1")
        self.assertEqual((made["commit"], made["ref"], made["target"]), (first["commit"], "refs/tags/v1", "production"))
        row = self.settled()
        self.assertEqual((row["state"], row["release"]), ("live", 3), row)
        self.check_live(row["url"], {"index.html": b"one\n"})
        for body, status in (({"ref": "no-such"}, 404), ({"ref": "main", "target": "no-such"}, 404), ({}, 400)):
            self.assertEqual(self.server.request("POST", self.api("/deployments"), body).status, status, body)

    def test_a_deleted_branch_takes_its_preview_with_it(self):
        self.put_rule("feature/*", preview=True)
        self.live({"index.html": b"one\n"})
        self.push({"index.html": b"two\n"}, branch="feature/x")
        preview = self.settled()
        self.check_live(preview["url"], {"index.html": b"two\n"})
        self.work("push", "-q", "origin", ":refs/heads/feature/x")
        wait_until("the preview to be removed", lambda: self.server.get(
            self.api(f"/deployments/{preview['id']}")).json["state"] == "superseded")
        self.assertEqual(len(self.standin.calls("DELETE", "/deploys/*")), 1)
        self.assertEqual(self.fetch(preview["permalink"], "/").status, 404)
        self.standin.assert_clean()

    def test_who_cancels_and_who_tries_again(self):
        self.standin.plan.add("stuck", method="POST", path="/sites/*/deploys")
        commit = self.push({"index.html": b"one\n"})
        wait_until("the provider to work", lambda: self.newest()["state"] == "processing")
        answer = self.server.request("POST", self.api(f"/deployments/{self.newest()['id']}/cancel"))
        self.assertEqual(answer.status, 200, answer)
        cancelled = self.settled()
        self.assertEqual(cancelled["state"], "cancelled", cancelled)
        self.assertEqual(len(self.standin.calls("POST", "/deploys/*/cancel")), 1)
        self.standin.plan.clear()
        again = self.server.request("POST", self.api(f"/deployments/{cancelled['id']}/retry")).json
        row = self.settled()
        self.assertEqual((row["id"], row["commit"], row["state"]), (again["id"], commit, "live"), row)

    def test_a_requirement_goes_live_at_a_target_that_it_makes_and_the_next_one_is_a_preview_there(self):
        wish = {"platform": "netlify", "settings": {**self.settings("shop"), "apiBase": self.standin.api},
                "secret": standin.TOKEN}
        made = self.server.require(INVENTORY, deployment=wish)
        self.assertEqual((made.status, made.json.get("status")), (200, "complete"), made)
        self.assertNotIn(standin.TOKEN, made.text)
        self.assertIn(b"<html", self.fetch(made.json["deploymentUrl"], "/").body)
        project = made.json["projectId"]
        self.assertEqual(self.server.get(f"/api/projects/{project}/targets/production").json["hasSecret"], True)
        more = self.server.require("Add suppliers with a name and a phone number.", projectId=project,
                                   deployment={"platform": "netlify", "target": "production", "preview": True})
        self.assertEqual((more.status, more.json.get("status")), (200, "complete"), more)
        rows = self.server.deployments(project)
        self.assertEqual([(row["state"], row.get("preview", False)) for row in rows], [("live", False), ("live", True)])
        for bad, code in (({"platform": "netlify", "settings": {"site": "other"}}, "target_taken"),
                          ({"platform": "netlify", "secret": "x"}, "target_taken"),
                          ({"platform": "vercel"}, "target_taken"), ({"platform": "moon"}, "platform_unavailable"),
                          ({"platform": "netlify", "target": "new"}, "missing_setting"),
                          ({"platform": "netlify", "target": "new", "settings": {"site": "shop"}, "secret": "a\nb"},
                           "bad_secret")):
            answer = self.server.require("Add helpers with a name and a phone number.", projectId=project,
                                         deployment={"target": "production", **bad})
            self.assertEqual(answer.json.get("code"), code, (bad, answer))

    def check_health(self, **check):
        answer = self.server.request("PUT", self.api("/targets/production"), {
            "connector": self.CONNECTOR, "settings": {**self.settings("shop"), "apiBase": self.standin.api},
            "health": check})
        self.assertEqual(answer.status, 200, answer)

    def test_what_is_unhealthy_goes_back_by_itself(self):
        self.check_health(path="/index.html", text="good", rollBack=True)
        first = self.live({"index.html": b"good\n"})
        self.assertEqual(first["health"], "healthy", first)
        self.push({"index.html": b"bad\n"})
        row = self.settled()
        self.assertEqual((row["rollbackOf"], row["state"], row["health"]), (first["id"], "live", "healthy"), row)
        self.check_live(row["url"], {"index.html": b"good\n"})
        bad = self.server.deployments(self.project_id())[1]
        self.assertEqual((bad["state"], bad["health"]), ("rolled_back", "unhealthy"), bad)
        self.assertIn("without 'good'", bad["error"])
        types = [event["type"] for event in self.server.events() if event["type"].startswith("deployment.")]
        self.assertIn("deployment.unhealthy", types)

    def test_health_of_the_first_release_and_bad_checks(self):
        self.check_health(path="/nothing", rollBack=True)
        row = self.push({"index.html": b"one\n"}) and self.settled()
        self.assertEqual((row["state"], row["health"]), ("live", "unhealthy"), row)
        self.assertIn("404", row["error"])
        self.assertIn("no release before it", row["log"][-1]["text"])
        for bad in ({"path": "x"}, {"path": "//evil"}, {"path": "/a b"}, {"path": "/", "status": 99},
                    {"path": "/", "text": "x" * 201}):
            answer = self.server.request("PUT", self.api("/targets/production"), {
                "connector": self.CONNECTOR, "settings": self.settings("shop"), "health": bad})
            self.assertEqual(answer.status, 422, (bad, answer))


if __name__ == "__main__":
    door_table.main()
