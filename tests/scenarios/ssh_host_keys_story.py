# SPDX-License-Identifier: Apache-2.0
"""Goal: clients can trust who the server is: its host keys are there from `init` on, shown by the doctor, and never change in silence.

Method: ssh-keygen and OpenSSH's client as the oracle; the keys are replaced and lost while the server is stopped.
"""
import re
import stat
import subprocess
import tempfile
import unittest

import door_table
from origin_server import PATIENCE_SECONDS, Server

NAMES = ("ssh_host_ed25519_key", "ssh_host_rsa_key")


def listed(path):
    """(bits, fingerprint, type) as `ssh-keygen -l` has them."""
    said = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout.split()
    return said[0], said[1], said[-1]


class HostKeys(unittest.TestCase):
    """Each with a data folder of its own."""

    def setUp(self):
        self.server = Server(tempfile.mkdtemp(prefix="origind-host-keys-"), ["--ssh", "127.0.0.1:0"]).init()
        self.addCleanup(self.server.remove)
        self.keys = [self.server.data / name for name in NAMES]

    def doctor(self):
        """(exit status, its lines on host keys)."""
        done = self.server.command("doctor", "--data", self.server.data, check=False)
        return done.returncode, [line for line in done.stdout.splitlines() if " host key " in line]

    def start(self):
        """What it prints at its start, and what its log has since."""
        told, before, read = [], len(self.server.log()), self.server._first_lines
        self.server._first_lines = lambda count: told.append(read(count)) or told[-1]
        self.server.start()
        return told[0], self.server.log()[before:]

    def replace(self, path):
        path.unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", path.name.split("_")[2], "-b", "3072", "-N", "", "-f", path], check=True)

    def test_init_makes_them_and_the_doctor_shows_them(self):
        for path in self.keys:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        status, lines = self.doctor()
        self.assertEqual(status, 0)
        for path, line in zip(self.keys, lines, strict=True):
            self.assertTrue(line.startswith("ok "), line)
            self.assertTrue(line.endswith(f"{path} is {' '.join(listed(path))}"), (line, listed(path)))
        said, log = self.start()
        for path in self.keys:
            self.assertIn(listed(path)[1], said)
        self.assertNotIn("was:", said)
        self.assertNotIn("host key", log)
        self.assertEqual(self.doctor()[1], lines)  # Beside a server that runs, too.

    def test_ssh_sees_these_keys(self):
        said, _ = self.start()
        port = self.server.ssh_url.rsplit(":", 1)[1]
        scanned = subprocess.run(["ssh-keyscan", "-p", port, "127.0.0.1"], capture_output=True, timeout=PATIENCE_SECONDS, check=True).stdout
        seen = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=scanned, capture_output=True, check=True).stdout.decode()
        self.assertEqual(set(re.findall(r"SHA256:\S+", seen)), {listed(path)[1] for path in self.keys}, said)

    def test_a_replaced_key_is_told_once(self):
        self.start()
        self.server.stop()
        for path in self.keys:
            was = listed(path)[1]
            self.replace(path)
            status, lines = self.doctor()
            self.assertEqual(status, 0)
            self.assertTrue(any(line.startswith("note ") and was in line and listed(path)[1] in line for line in lines), lines)
            said, log = self.start()
            self.assertIn(f"{listed(path)[1]} (was: {was})", said)
            self.assertRegex(log, rf"host key is not the one clients know.*{re.escape(was)}.*{re.escape(listed(path)[1])}")
            self.server.stop()
            said, log = self.start()
            self.assertNotIn("was:", said)
            self.assertNotIn("not the one clients know", log)
            self.server.stop()

    def test_a_lost_key_is_told(self):
        was = listed(self.keys[0])[1]
        self.keys[0].unlink()
        status, lines = self.doctor()
        self.assertNotEqual(status, 0)
        self.assertTrue(any(line.startswith("problem ") and was in line for line in lines), lines)
        self.assertFalse(self.keys[0].exists(), "a look made a key")
        said, _ = self.start()
        self.assertIn(f"{listed(self.keys[0])[1]} (was: {was})", said)

    def test_what_others_may_read_is_refused(self):
        self.keys[1].chmod(0o644)
        status, lines = self.doctor()
        self.assertNotEqual(status, 0)
        self.assertTrue(any(line.startswith("problem ") and "chmod 600" in line for line in lines), lines)
        with self.assertRaisesRegex(AssertionError, "chmod 600"):
            self.server.start()
        self.keys[1].chmod(0o600)
        self.start()


if __name__ == "__main__":
    door_table.main()
