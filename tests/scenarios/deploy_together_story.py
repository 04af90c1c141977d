# SPDX-License-Identifier: Apache-2.0
"""Goal: with `promote: all` a push goes live at Netlify, Vercel, Cloudflare Pages and on this server, or at none of them.

Method: the stand-ins that enforce the providers' contracts (drafts, staged deployments, last calls) take the
deployments of a real server, and are made to fail before and after the others; every site is fetched.
"""
import time

import door_table
from deployments import Deployments
import cloudflare
import netlify
import standin
import vercel
from origin_server import wait_until

ONE, TWO, THREE = ({"index.html": text} for text in (b"one\n", b"two\n", b"three\n"))


class Together(Deployments):
    def setUp(self):
        super().setUp()
        self.netlify, self.vercel, self.pages = netlify.Netlify(), vercel.Vercel(), cloudflare.Cloudflare()
        self.work = self.pushed_repo()
        for name, connector, provider, settings in (
                ("production", "netlify", self.netlify, {"site": "shop"}),
                ("second", "vercel", self.vercel, {"project": "shop"}),
                ("third", "cloudflare-pages", self.pages, {"account": cloudflare.ACCOUNT, "project": "shop"})):
            self.addCleanup(provider.close)
            provider.add_site("shop")
            self.put_target(name, connector, {**settings, "apiBase": provider.api}, secret=standin.TOKEN)
        self.put_target("here", "local", {})
        answer = self.server.request("PATCH", self.api(), {"promote": "all"})
        self.assertEqual((answer.status, answer.json["promote"]), (200, "all"), answer)

    def put_target(self, name, connector, settings, **more):
        answer = self.server.request("PUT", self.api(f"/targets/{name}"),
                                     {"connector": connector, "settings": settings, **more})
        self.assertEqual(answer.status, 200, answer)
        answer = self.server.request("PUT", self.api("/rules"), {"pattern": "main", "target": name})
        self.assertEqual(answer.status, 200, answer)

    def push(self, files):
        """Returns the ids of the push's deployments, by target."""
        commit = self.write(self.work, files)
        self.work("push", "-qf", "origin", "HEAD:refs/heads/main")
        return {row["target"]: row["id"] for row in self.server.deployments(self.project_id())
                if row["commit"] == commit and "ref" in row}

    def row(self, deployment):
        return self.server.get(self.api(f"/deployments/{deployment}")).json

    def states(self, ids):
        return {target: self.row(deployment)["state"] for target, deployment in ids.items()}

    def settle(self, ids):
        self.server.settle_deployments(self.project_id())
        return self.states(ids)

    def everywhere(self, state):
        return dict.fromkeys(("production", "second", "third", "here"), state)

    def check_sites(self, files):
        """Every target shows these files, as it did when it was last live."""
        for name in ("production", "second", "third"):
            target = self.server.get(self.api(f"/targets/{name}")).json
            for path, data in files.items():
                url = self.row(target["live"])["url"]
                self.assertEqual(standin.fetch(url.rstrip("/") + "/" + path).body, data, (name, path))
        live = self.server.get(self.api("/targets/here")).json["live"]
        page = self.work("show", self.row(live)["commit"] + ":index.html")
        self.assertEqual(page.encode() + b"\n", files["index.html"], "here")

    def test_all_go_live_and_none_before_the_last_is_ready(self):
        first = self.push(ONE)
        self.assertEqual(self.settle(first), self.everywhere("live"))
        self.check_sites(ONE)
        self.pages.plan.add("slow", method="POST", path="/pages/assets/upload", seconds=6)
        second = self.push(TWO)
        self.assertEqual(sorted(self.row(second["here"])["together"]),
                         sorted(each for name, each in second.items() if name != "here"))
        wait_until("Netlify to have its draft", lambda: "third" in self.row(second["production"]).get("waiting", ""))
        wait_until("Vercel to be staged", lambda: "third" in self.row(second["second"]).get("waiting", ""))
        self.check_sites(ONE)
        self.assertEqual(self.settle(second), self.everywhere("live"))
        self.check_sites(TWO)
        self.assertEqual(len(self.vercel.calls("POST", "*/promote/*")), 2)
        self.assertEqual(len(self.netlify.calls("POST", "*/restore")), 2)
        for provider in (self.netlify, self.vercel, self.pages):
            provider.assert_clean()

    def test_one_that_fails_keeps_all_where_they_were(self):
        self.settle(self.push(ONE))
        self.pages.plan.add("403", method="POST", path="/pages/assets/upload", times=0)
        second = self.push(TWO)
        self.assertEqual(self.settle(second), self.everywhere("failed"))
        self.assertIn("third failed", self.row(second["production"])["error"])
        self.check_sites(ONE)
        self.pages.plan.clear()
        self.assertEqual(self.settle(self.push(THREE)), self.everywhere("live"))
        self.check_sites(THREE)

    def test_one_that_fails_when_it_goes_live_takes_the_others_back(self):
        self.settle(self.push(ONE))
        self.pages.plan.add("error_state", method="POST", path="/accounts/*/pages/projects/*/deployments")
        second = self.push(TWO)
        self.assertEqual(self.settle(second), {**self.everywhere("rolled_back"), "third": "failed"})
        self.check_sites(ONE)
        self.assertEqual(self.settle(self.push(THREE)), self.everywhere("live"))
        self.check_sites(THREE)

    def test_a_draft_that_is_unhealthy_is_never_live(self):
        answer = self.server.request("PUT", self.api("/targets/production"), {
            "connector": "netlify", "settings": {"site": "shop", "apiBase": self.netlify.api},
            "health": {"path": "/index.html", "text": "one"}})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.settle(self.push(ONE)), self.everywhere("live"))
        second = self.push(TWO)
        self.assertEqual(self.settle(second), self.everywhere("failed"))
        self.assertIn("before it was live", self.row(second["production"])["error"])
        self.check_sites(ONE)

    def test_killed_while_they_wait_for_each_other(self):
        for round_number in range(6):
            with self.subTest(round=round_number):
                files = {"index.html": f"round {round_number}\n".encode()}
                ids = self.push(files)
                time.sleep(0.3 * round_number)
                self.server.restart()
                self.assertEqual(self.settle(ids), self.everywhere("live"))
                self.check_sites(files)
        for provider in (self.netlify, self.vercel, self.pages):
            provider.assert_clean()

    def test_killed_while_the_draft_is_made(self):
        """Whether the answer to a call came or not, nothing shows what the others do not show yet."""
        self.assertEqual(self.settle(self.push(ONE)), self.everywhere("live"))
        for number, (provider, method, path) in enumerate((
                (self.netlify, "POST", "/sites/*/deploys"), (self.netlify, "PUT", "/sites/*/deploys/*"),
                (self.vercel, "POST", "/v13/deployments"))):
            with self.subTest(path=path):
                before, after = ({"index.html": text} for text in (b"one\n" if number == 0 else f"{number}\n".encode(),
                                                                    f"{number + 1}\n".encode()))
                last = self.pages.plan.add("hold_before", method="POST", path="/pages/assets/upload", times=0)
                held = provider.plan.add("hold_after", method=method, path=path)
                ids = self.push(after)
                self.assertTrue(held.reached.wait(60))
                self.server.kill()
                provider.plan.release()
                self.server.start()
                for target in ("production", "second"):
                    wait_until(f"{target} to wait", lambda: "third" in self.row(ids[target]).get("waiting", ""))
                self.assertTrue(last.reached.wait(60))
                self.check_sites(before)
                self.pages.plan.clear()
                self.assertEqual(self.settle(ids), self.everywhere("live"))
                self.check_sites(after)
        for provider in (self.netlify, self.vercel, self.pages):
            provider.assert_clean()

    def test_what_promote_may_be(self):
        for bad in ("some", "", 1, ["all"]):
            answer = self.server.request("PATCH", self.api(), {"promote": bad})
            self.assertIn(answer.status, (400, 422), (bad, answer))
        self.assertEqual(self.server.get(self.api()).json["promote"], "all")
        shown = self.server.command_json("project", "set", "--data", self.server.data, self.project_id(), "--promote", "each")
        self.assertEqual(shown["promote"], "each")
        ids = self.push(ONE)
        self.assertNotIn("together", self.row(ids["here"]))


if __name__ == "__main__":
    door_table.main()
