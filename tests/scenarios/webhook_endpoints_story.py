# SPDX-License-Identifier: Apache-2.0
"""Goal: an owner makes, filters, rotates, pings, resumes and watches endpoints, by API and command line.

Method: receivers here; signatures checked by this file and by openssl's command.
"""
import base64
import json
import pathlib
import subprocess

import door_table
from hook_receiver import HookScenario, signed_by
from origin_server import wait_until


def signed_by_key(public_key, folder, headers, body):
    """Standard Webhooks' `v1a`: does the key (`whpk_...`) verify one of the signatures?"""
    raw = base64.b64decode(public_key.removeprefix("whpk_"))
    folder = pathlib.Path(folder)
    (folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + raw)  # RFC 8410.
    (folder / "message").write_bytes(f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body)
    for each in headers["webhook-signature"].split(" "):
        version, _, text = each.partition(",")
        (folder / "signature").write_bytes(base64.b64decode(text))
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", folder / "key.der",
             "-in", folder / "message", "-sigfile", folder / "signature"], capture_output=True, check=False)
        if version == "v1a" and done.returncode == 0:
            return True
    return False


class Endpoints(HookScenario):
    def setUp(self):
        super().setUp()
        self.git = self.pushed_repo()
        self.hooks = f"/api/projects/{self.project_id()}/webhooks"

    def push(self, name="main"):
        """A commit pushed to the branch; returns its id."""
        commit = self.git.commit(f"for {name}")
        self.git("push", "-q", "origin", f"HEAD:refs/heads/{name}")
        return commit

    def deliveries(self, hook, path=None):
        return self.server.get(f"{path or self.hooks}/{hook['id']}").json["deliveries"]

    def test_refs_are_filtered_by_globs(self):
        receiver = self.receiver()
        self.hook(receiver, events=["push"], refs=["refs/heads/feature/*"])
        self.push("main")
        wanted = self.push("feature/a/b")
        self.assertEqual(json.loads(receiver.next()[1])["data"]["refs"][0]["after"], wanted)
        self.push("other")
        last = self.push("feature/c")
        self.assertEqual(json.loads(receiver.next()[1])["data"]["refs"][0]["after"], last)

    def test_a_clients_endpoint_hears_all_its_projects_in_order(self):
        receiver = self.receiver()
        made = self.server.post("/api/webhooks", {"url": receiver.url, "events": ["push", "project.*"]})
        self.assertEqual(made.status, 201, made)
        self.addCleanup(self.server.request, "DELETE", f"/api/webhooks/{made.json['id']}")
        self.push()
        other = self.server.post("/api/projects", {"name": "another"}).json["projectId"]
        self.push()
        events = [json.loads(receiver.next()[1]) for _ in range(3)]
        self.assertEqual([event["type"] for event in events], ["push", "project.created", "push"])
        self.assertEqual([event["data"]["projectId"] for event in events], [self.project_id(), other, self.project_id()])
        self.assertTrue(signed_by(made.json["secret"], *self.next_of(receiver)))

    def next_of(self, receiver):
        self.push()
        headers, body, _ = receiver.next()
        return headers, body

    def test_during_a_rotation_both_secrets_verify(self):
        receiver = self.receiver()
        hook = self.hook(receiver, events=["push"])
        fresh = self.server.post(f"{self.hooks}/{hook['id']}/rotate", {"overlapSeconds": 600}).json
        headers, body = self.next_of(receiver)
        self.assertTrue(signed_by(hook["secret"], headers, body), "the old one")
        self.assertTrue(signed_by(fresh["secret"], headers, body), "the new one")
        self.server.post(f"{self.hooks}/{hook['id']}/rotate", {"overlapSeconds": 0})
        headers, body = self.next_of(receiver)
        self.assertFalse(signed_by(fresh["secret"], headers, body), "at once")

    def test_an_ed25519_endpoint_is_verified_with_its_published_key(self):
        receiver = self.receiver()
        hook = self.hook(receiver, signature="v1a")
        self.assertNotIn("secret", hook)
        headers, body = self.next_of(receiver)
        self.assertTrue(signed_by_key(hook["publicKey"], self.folder, headers, body))
        self.assertFalse(signed_by_key(hook["publicKey"], self.folder, headers, body + b" "))
        fresh = self.server.post(f"{self.hooks}/{hook['id']}/rotate", {"overlapSeconds": 600}).json
        self.assertEqual(fresh["previousPublicKey"], hook["publicKey"])
        published = self.server.get(hook["keysUrl"].removeprefix(self.server.url), key=None).json["keys"]
        self.assertEqual(published, [fresh["publicKey"], hook["publicKey"]])
        headers, body = self.next_of(receiver)
        self.assertTrue(signed_by_key(hook["publicKey"], self.folder, headers, body), "the old one")
        self.assertTrue(signed_by_key(fresh["publicKey"], self.folder, headers, body), "the new one")

    def test_the_log_shows_what_was_sent_and_answered_without_secrets(self):
        receiver = self.receiver((500, {"X-Why": "tired", "Set-Cookie": "session=hush"}))
        hook = self.hook(receiver, events=["push"])
        headers, body = self.next_of(receiver)
        first = wait_until("the delivery in the log", lambda: self.deliveries(hook))[-1]
        self.assertEqual((first["status"], first["eventType"], first["attempt"]), (500, "push", 1))
        whole = self.server.get(f"{self.hooks}/{hook['id']}/deliveries/{first['delivery']}").json
        self.assertEqual(whole["request"]["body"], body.decode())
        self.assertIn(f"webhook-id: {headers['webhook-id']}\n", whole["request"]["head"])
        self.assertIn("x-why: tired\n", whole["response"]["head"])
        for secret in (headers["webhook-signature"].split(",")[1], hook["secret"], "hush"):
            self.assertNotIn(secret, json.dumps(whole))

    def test_a_delivery_is_sent_again_and_a_ping_out_of_turn(self):
        receiver = self.receiver()
        hook = self.hook(receiver, events=["push"])
        headers, body = self.next_of(receiver)
        number = wait_until("the delivery in the log", lambda: self.deliveries(hook))[0]["delivery"]
        again = self.server.post(f"{self.hooks}/{hook['id']}/deliveries/{number}/redeliver")
        self.assertEqual((again.status, again.json["messageId"]), (202, headers["webhook-id"]), again)
        same, same_body, _ = receiver.next()
        self.assertEqual((same["webhook-id"], same_body), (headers["webhook-id"], body))
        ping = self.server.post(f"{self.hooks}/{hook['id']}/ping").json["messageId"]
        headers, body, _ = receiver.next()
        self.assertEqual((headers["webhook-id"], json.loads(body)["type"]), (ping, "ping"))
        self.assertTrue(signed_by(hook["secret"], headers, body))
        wait_until("three deliveries in the log", lambda: len(self.deliveries(hook)) == 3)
        self.assertEqual([each["byHand"] for each in self.deliveries(hook)], [True, True, False])

    def test_retry_after_is_honoured_and_resume_does_not_wait_for_it(self):
        receiver = self.receiver((503, {"Retry-After": "3600"}))
        hook = self.hook(receiver, events=["push"])
        headers, _ = self.next_of(receiver)
        shown = wait_until("the endpoint to wait", lambda: (
            lambda now: now if now["nextAttemptAt"] else None)(self.server.get(f"{self.hooks}/{hook['id']}").json))
        self.assertEqual((shown["state"], shown["attempts"]), ("active", 1))
        self.assertGreater(shown["nextAttemptAt"], shown["failingSince"])
        self.server.command("webhook", "resume", "--data", self.server.data, "--project", self.project_id(), hook["id"])
        self.assertEqual(receiver.next()[0]["webhook-id"], headers["webhook-id"])

    def test_gone_disables_and_tells_and_resume_goes_on(self):
        receiver, watcher = self.receiver(410), self.receiver()
        watching = self.hook(watcher, events=["webhook.*"])
        hook = self.hook(receiver, events=["push"])
        headers, _ = self.next_of(receiver)
        self.assertEqual(json.loads(watcher.next()[1])["type"], "webhook.disabled")
        missed = self.push()
        events = self.server.get(f"/api/projects/{self.project_id()}/events?limit=200").json["events"]
        self.assertIn("webhook.disabled", [event["type"] for event in events])
        audit = self.server.get("/api/audit?type=webhook.disabled").json["audit"]
        self.assertIn((hook["id"], "server"), [(row["subject"], row["actor"]["via"]) for row in audit])
        listed = self.server.command("webhook", "list", "--data", self.server.data, "--project", self.project_id()).stdout
        self.assertIn(f"{hook['id']}  disabled", listed)
        self.assertIn(f"{watching['id']}  active", listed)
        resumed = self.server.post(f"{self.hooks}/{hook['id']}/resume")
        self.assertEqual(resumed.json["state"], "active", resumed)
        self.assertEqual(receiver.next()[0]["webhook-id"], headers["webhook-id"], "where it stopped")
        self.assertEqual(json.loads(receiver.next()[1])["data"]["refs"][0]["after"], missed)
        self.assertEqual(json.loads(watcher.next()[1])["type"], "webhook.resumed")

    def test_by_command(self):
        receiver, data = self.receiver(), ("--data", self.server.data, "--project", self.project_id())
        made = self.server.command_json("webhook", "create", receiver.url, *data, "--event", "push", "--ref", "refs/heads/*")
        self.assertEqual((made["events"], made["refs"]), (["push"], ["refs/heads/*"]))
        self.assertTrue(signed_by(made["secret"], *self.next_of(receiver)))
        self.server.command("webhook", "ping", *data, made["id"])
        self.assertEqual(json.loads(receiver.next()[1])["type"], "ping")
        lines = wait_until("two deliveries", lambda: (lambda text: text if text.count("\n") == 2 else None)(
            self.server.command("webhook", "deliveries", *data, made["id"]).stdout)).splitlines()
        self.assertIn("ping", lines[0])
        number = lines[1].split()[0]
        self.assertIn("push", self.server.command("webhook", "delivery", *data, made["id"], number).stdout)
        self.server.command("webhook", "redeliver", *data, made["id"], number)
        self.assertEqual(json.loads(receiver.next()[1])["type"], "push")
        fresh = self.server.command_json("webhook", "rotate", *data, made["id"], "--overlap", "0")
        self.assertTrue(signed_by(fresh["secret"], *self.next_of(receiver)))
        self.server.command("webhook", "delete", *data, made["id"])
        self.assertNotIn(made["id"], self.server.command("webhook", "list", *data).stdout)


if __name__ == "__main__":
    door_table.main()
