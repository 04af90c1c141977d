# SPDX-License-Identifier: Apache-2.0
"""Goal: a write asked for twice with one Idempotency-Key happens once; with another body it is refused (promise 3).

Method: the same request again, at the same time, and after kill -9; commits, projects and deployments are counted.
"""
import concurrent.futures

import door_table
from scenario import INVENTORY, Scenario

KEY = {"Idempotency-Key": "one-and-only"}


class Once(Scenario):
    def requirement(self, key, **more):
        return self.server.require(INVENTORY, headers={"Idempotency-Key": key}, deployment={"platform": "local"}, **more)

    def test_the_same_request_again(self):
        first, again = self.requirement("again"), self.requirement("again")
        self.assertEqual(first.json["commit"], again.json["commit"])
        self.assertEqual(first.json["requestId"], again.json["requestId"])
        clone = self.clone(url=self.url_of(first.json))
        self.assertEqual(clone("rev-list", "--count", "--all"), "1")
        self.assertEqual(len(self.server.deployments(first.json["projectId"])), 1)

    def test_another_body_is_refused(self):
        self.requirement("body")
        answer = self.server.post("/api/requirements", {"clientId": self.server.client_id, "requirements": "Another page."},
                                  headers={"Idempotency-Key": "body"})
        self.expect(answer, 409, "idempotency_key_reused")

    def test_eight_at_once_are_one(self):
        body = {"clientId": self.server.client_id, "requirements": INVENTORY}
        before = len(self.server.pages("/api/projects", "projects"))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.server.post("/api/requirements", body, headers={"Idempotency-Key": "eight"}),
                                    range(8)))
        made = {answer.json["requestId"] for answer in answers if answer.status in (200, 202)}
        self.assertEqual(len(made), 1, answers)
        self.assertTrue(all(answer.status in (200, 202, 409) for answer in answers), answers)
        self.assertEqual(len(self.server.pages("/api/projects", "projects")), before + 1)

    def test_after_kill_9(self):
        first = self.requirement("killed")
        self.server.restart()
        self.assertEqual(self.requirement("killed").json["commit"], first.json["commit"])

    def test_a_secret_is_shown_once(self):
        body = {"url": "https://hooks.example.org/x"}
        self.pushed_repo()
        path = f"/api/projects/{self.project_id()}/webhooks"
        first = self.server.post(path, body, headers=KEY)
        again = self.server.post(path, body, headers=KEY)
        self.assertTrue(first.json["secret"].startswith("whsec_"), first.status)
        self.assertEqual((again.json["id"], again.json["secret"], again.json["secretShown"]), (first.json["id"], None, True))

    def test_a_project_a_merge_and_a_rollback(self):
        first = self.server.post("/api/projects", {"name": "once"}, headers=KEY)
        again = self.server.post("/api/projects", {"name": "once"}, headers=KEY)
        self.assertEqual(first.json["projectId"], again.json["projectId"])
        repo = self.pushed_repo()
        repo("checkout", "-q", "-b", "topic")
        repo.commit("topic", **{"topic.txt": "t\n"})
        repo("push", "-q", "origin", "topic")
        path = f"/api/projects/{self.project_id()}/merge"
        merged = [self.server.post(path, {"source": "topic"}, headers={"Idempotency-Key": "merge"}).json["commit"] for _ in range(2)]
        self.assertEqual(merged[0], merged[1])
        self.assertEqual(repo.remote_refs()["refs/heads/main"], merged[0])


if __name__ == "__main__":
    door_table.main()
