# SPDX-License-Identifier: Apache-2.0
"""Goal: a webhook arrives signed, once it is acknowledged, in order; a failure is tried again.

Method: a small HTTP receiver here checks the Standard Webhooks signature by itself.
"""
import base64
import json

import door_table
from hook_receiver import HookScenario, Receiver, signed_by
from origin_server import wait_until
from scenario import INVENTORY, SUPPLIERS, Scenario


class GuardedClient(Scenario):
    """As it is by default: nothing inside is reached, whatever its name."""

    def test_a_name_for_this_machine_is_refused_when_it_is_called(self):
        repo = self.pushed_repo()
        receiver = Receiver()
        self.addCleanup(receiver.close)
        path = f"/api/projects/{self.project_id()}/webhooks"
        made = self.server.post(path, {"url": receiver.url.replace("127.0.0.1", "localhost")}).json
        repo.commit("second")
        repo("push", "-q", "origin", "main")
        tried = wait_until("an attempt", lambda: self.server.get(f"{path}/{made['id']}").json["deliveries"])
        self.assertIsNone(tried[0]["status"], tried)
        self.assertTrue(receiver.got.empty())


class Webhooks(HookScenario):
    def test_a_push_is_delivered_and_signed(self):
        repo = self.pushed_repo()
        receiver = self.receiver()
        hook = self.hook(receiver)
        second = repo.commit("second")
        repo("push", "-q", "origin", "main")
        headers, body, _ = receiver.next()
        event = json.loads(body)
        self.assertEqual(event["type"], "push")
        self.assertEqual(event["data"]["refs"][0]["after"], second)
        self.assertEqual(event["data"]["projectId"], self.project_id())
        self.assertTrue(signed_by(hook["secret"], headers, body))
        self.assertFalse(signed_by(hook["secret"], headers, body + b" "), "the checker itself can fail")
        self.assertFalse(signed_by("whsec_" + base64.b64encode(b"x" * 32).decode(), headers, body))

    def test_in_order_and_each_once(self):
        repo = self.pushed_repo()
        receiver = self.receiver()
        self.hook(receiver)
        made = []
        for number in range(6):
            made.append(repo.commit(f"commit {number}"))
            repo("push", "-q", "origin", "main")
        got = [receiver.next() for _ in made]
        self.assertEqual([json.loads(body)["data"]["refs"][0]["after"] for _, body, _ in got], made)
        self.assertEqual(len({headers["webhook-id"] for headers, _, _ in got}), len(made))
        self.assertTrue(receiver.got.empty())

    def test_only_the_kinds_asked_for(self):
        made = self.server.require(INVENTORY).json
        receiver = self.receiver()
        self.hook(receiver, made["projectId"], events=["run.*"])
        feature = self.server.require(SUPPLIERS, projectId=made["projectId"]).json
        kinds = []
        while "run.committed" not in kinds:
            event = json.loads(receiver.next()[1])
            kinds.append(event["type"])
            self.assertEqual(event["data"]["runId"], feature["requestId"])
        self.assertTrue(all(kind.startswith("run.") for kind in kinds), kinds)

    def test_a_failure_is_tried_again(self):
        repo = self.pushed_repo()
        receiver = self.receiver(500)
        self.hook(receiver)
        repo.commit("second")
        repo("push", "-q", "origin", "main")
        first, again = receiver.next(), receiver.next()
        self.assertEqual((first[2], again[2]), (500, 204))
        self.assertEqual(first[1], again[1], "the same bytes")
        self.assertEqual(first[0]["webhook-id"], again[0]["webhook-id"])

    def test_gone_disables_the_endpoint(self):
        repo = self.pushed_repo()
        receiver = self.receiver(410)
        hook = self.hook(receiver)
        repo.commit("second")
        repo("push", "-q", "origin", "main")
        receiver.next()
        path = f"/api/projects/{self.project_id()}/webhooks/{hook['id']}"
        wait_until("the endpoint to be disabled", lambda: self.server.get(path).json["state"] == "disabled")
        shown = self.server.get(path).text
        self.assertNotIn(hook["secret"], shown)

    def test_what_was_queued_before_kill_9_arrives_after_it(self):
        repo = self.pushed_repo()
        receiver = self.receiver(500)
        self.hook(receiver)
        second = repo.commit("second")
        repo("push", "-q", "origin", "main")
        receiver.next()
        self.server.restart()
        self.assertEqual(json.loads(receiver.next()[1])["data"]["refs"][0]["after"], second)

    def test_with_a_requirement(self):
        receiver = self.receiver()
        answer = self.server.require(INVENTORY, webhook={"url": receiver.url}, deployment={"platform": "local"})
        secret = answer.json.get("webhook", {}).get("secret")
        kinds = []
        while "deployment.live" not in kinds:
            headers, body, _ = receiver.next()
            kinds.append(json.loads(body)["type"])
            if secret:
                self.assertTrue(signed_by(secret, headers, body))
        self.assertIn("run.committed", kinds)


if __name__ == "__main__":
    door_table.main()
