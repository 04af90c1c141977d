# SPDX-License-Identifier: Apache-2.0
"""Goal: the master key may come from outside, is replaced without losing a secret, and no other one is taken.

Method: a webhook made before each change must arrive signed after it, with the secret that its owner was shown once.
"""
import os
import pathlib
import tempfile

import door_table
from origin_server import Server
from scenario import Scenario
from webhook_story import Receiver, signed_by

CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n'


class MasterKey(Scenario):
    @classmethod
    def setUpClass(cls):
        """Each story has a server of its own."""

    @classmethod
    def tearDownClass(cls):
        """Which it stops itself."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.remove)
        config = self.server.root / "origind.toml"
        config.write_text(CONFIG)
        self.server.options = ["--config", str(config)]
        self.server.environment = {name: value for name, value in self.server.environment.items()
                                   if name not in ("CREDENTIALS_DIRECTORY", "ORIGIND_MASTER_KEY", "ORIGIND_MASTER_KEY_OLD")}
        self.server.init().start()
        self.door = self.DOOR(self.server)
        super().setUp()
        self.repo = self.pushed_repo()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.hook = self.server.post(f"/api/projects/{self.project_id()}/webhooks", {"url": self.receiver.url}).json

    @property
    def file(self):
        return self.server.data / "master.key"

    def assert_signed_as_before(self):
        self.repo.commit(os.urandom(4).hex())
        self.repo("push", "-q", "origin", "main")
        headers, body, _ = self.receiver.next()
        self.assertTrue(signed_by(self.hook["secret"], headers, body))

    def assert_refused(self, words):
        done = self.server.command("serve", "--data", self.server.data, "--http", "127.0.0.1:0", check=False)
        self.assertEqual(done.returncode, 78, done)
        self.assertIn(words, done.stderr)

    def doctor(self):
        done = self.server.command("doctor", "--data", self.server.data, check=False)
        return [line for line in done.stdout.splitlines() if "master key" in line]

    def give(self, key, old=None):
        self.server.environment["ORIGIND_MASTER_KEY"] = key.hex()
        self.server.environment.pop("ORIGIND_MASTER_KEY_OLD", None)
        if old:
            self.server.environment["ORIGIND_MASTER_KEY_OLD"] = old.hex()

    def test_replaced_beside_a_running_server(self):
        before = self.file.read_bytes()
        done = self.server.command_json("master-key", "rotate", "--data", self.server.data)
        self.assertEqual(done, {"rotated": True})
        self.assertNotEqual(self.file.read_bytes(), before)
        self.assert_signed_as_before()
        made_between = self.server.post(f"/api/projects/{self.project_id()}/webhooks", {"url": self.receiver.url}).json
        again = self.server.command("master-key", "rotate", "--data", self.server.data, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("start the server once", again.stderr)
        self.server.restart()
        self.assertFalse((self.server.data / "master.key.old").exists())
        self.assertRegex(self.server.log(), r'secrets_sealed_anew\W+2\b')
        self.repo.commit("after")
        self.repo("push", "-q", "origin", "main")
        secrets = {self.hook["secret"], made_between["secret"]}
        for _ in range(2):
            headers, body, _ = self.receiver.next()
            secrets -= {secret for secret in secrets if signed_by(secret, headers, body)}
        self.assertEqual(secrets, set(), "an endpoint got nothing, or nothing signed with its secret")

    def test_moved_into_a_credential(self):
        self.server.stop()
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.server.root))
        self.file.rename(folder / "master.key")
        self.assert_refused("master key is missing")
        self.assertFalse(self.file.exists(), "a new key was made in the place of the missing one")
        self.assertIn("note", self.doctor()[0])
        self.server.environment["CREDENTIALS_DIRECTORY"] = str(folder)
        self.server.start()
        self.assert_signed_as_before()
        self.assertIn("comes from outside", self.doctor()[0])

    def test_replaced_in_the_environment(self):
        self.server.stop()
        first, second = self.file.read_bytes(), os.urandom(32)
        self.give(second)
        self.assert_refused("two different master keys")
        self.file.unlink()
        self.assert_refused("not the one")
        self.give(second, old=first)
        self.server.start()
        self.assert_signed_as_before()
        self.server.stop()
        self.give(second)
        self.server.start()
        self.assert_signed_as_before()
        self.server.stop()
        self.give(first)
        self.assert_refused("not the one")
        self.server.environment["ORIGIND_MASTER_KEY"] = "secret-but-not-hex"
        self.assert_refused("64 hexadecimal digits")
        self.assertNotIn("secret-but-not-hex", self.server.log())


if __name__ == "__main__":
    door_table.main()
