# SPDX-License-Identifier: Apache-2.0
"""Goal: a push becomes a release on somebody's own server, whole or not at all, and one command goes back.

Method: Debian's sshd (sftp_server.py) takes the deployments of a real server; what `current` leads to is read from the disk
and compared byte for byte. A relay before sshd breaks connections off, and says when to kill. It needs root.
"""
import os
import subprocess

import door_table
from deployments import Deployments, tree
from sftp_server import SftpServer


class Sftp(Deployments):
    CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n'
    SUBSYSTEM = "Subsystem sftp internal-sftp"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sftp = SftpServer(cls.SUBSYSTEM)
        cls.addClassCleanup(cls.sftp.close)

    def setUp(self):
        super().setUp()
        self.sftp.relay.go_on()
        self.work = self.pushed_repo()
        self.site = self.sftp.folder(self.project)
        self.target()
        self.put_rule("main")

    def target(self, key=None, check=True, name="production", **settings):
        settings = {"host": "127.0.0.1", "port": str(self.sftp.port), "user": "web", "path": str(self.site),
                    "hostKey": self.sftp.host_key(), "publicUrl": "https://www.example.com/", **settings}
        words = [word for item in settings.items() if item[1] for word in ("--setting", "=".join(item))]
        return self.server.command("target", "set", "--data", self.server.data, "--project", self.project_id(), "--name", name,
                                   "--connector", "sftp", *words, "--secret-file", key or self.sftp.key, check=check)

    def put_rule(self, pattern, target="production", **more):
        answer = self.server.request("PUT", self.api("/rules"), {"pattern": pattern, "target": target, **more})
        self.assertEqual(answer.status, 200, answer)

    def push(self, files):
        commit = self.write(self.work, files)
        self.work("push", "-qf", "origin", "HEAD:refs/heads/main")
        return commit

    def on_disk(self, folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def current(self):
        return self.on_disk((self.site / "current").resolve(strict=True))

    def live(self, files):
        self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertEqual(self.current(), files)
        self.assertEqual(os.readlink(self.site / "current"), f"releases/{row['id']}")
        return row

    def releases(self):
        return sorted(path.name for path in (self.site / "releases").iterdir() if path.is_dir())


class ToSftp(Sftp):
    def test_a_push_goes_live_byte_for_byte(self):
        files = tree.contents()
        row = self.live(files)
        self.assertEqual((row["url"], row["release"], row["files"]), ("https://www.example.com/", 1, len(files)))
        self.assertEqual(sorted(os.listdir(self.site)), ["current", "releases"])
        self.assertEqual(sorted(os.listdir(self.site / "releases")), [row["id"], f"{row['id']}.manifest"])
        shown = str(row) + self.server.get(self.api("/targets/production")).text + self.server.log()
        self.assertNotIn("PRIVATE KEY", shown)

    def test_one_change_is_one_upload(self):
        files = tree.contents()
        first = self.live(files)
        files["index.html"] = b"changed\n"
        second = self.live(files)
        self.assertEqual((second["release"], second["filesUploaded"]), (2, 1), second)
        same = next(path for path in sorted(files) if path != "index.html")
        inodes = [os.stat(self.site / "releases" / row["id"] / same).st_ino for row in (first, second)]
        self.assertEqual(inodes[0], inodes[1], "an unchanged file is linked")
        self.assertNotEqual(self.on_disk(self.site / "releases" / first["id"])["index.html"], b"changed\n")

    def test_modes_follow_git(self):
        tree.write(self.work.path, {"run.sh": b"#!/bin/sh\n", "plain.txt": b"x\n"})
        (self.work.path / "run.sh").chmod(0o755)
        self.work("add", "-A")
        self.work("commit", "-qm", "modes")
        self.work("push", "-q", "origin", "HEAD:refs/heads/main")
        self.assertEqual(self.settled()["state"], "live")
        modes = {name: os.stat(self.site / "current" / name).st_mode & 0o777 for name in ("run.sh", "plain.txt")}
        self.assertEqual(modes, {"run.sh": 0o755, "plain.txt": 0o644})

    def test_rollback_switches_the_link(self):
        first = self.live({"index.html": b"one\n"})
        second = self.live({"index.html": b"two\n"})
        back = self.server.post(self.api(f"/deployments/{second['id']}/rollback"))
        self.assertIn(back.status, (200, 201, 202), back)
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", first["commit"]), row)
        self.assertEqual(self.current(), {"index.html": b"one\n"})
        self.assertEqual(self.releases(), sorted([first["id"], second["id"]]))
        self.live({"index.html": b"three\n"})

    def test_a_release_that_is_gone_is_sent_again(self):
        first = self.live({"index.html": b"one\n", "a.txt": b"a\n"})
        second = self.live({"index.html": b"two\n"})
        subprocess.run(["rm", "-r", self.site / "releases" / first["id"]], check=True)
        self.server.post(self.api(f"/deployments/{second['id']}/rollback"))
        row = self.settled()
        self.assertEqual((row["state"], row["commit"]), ("live", first["commit"]), row)
        self.assertEqual(self.current(), {"index.html": b"one\n", "a.txt": b"a\n"})

    def test_so_many_releases_are_kept(self):
        self.target(keep="2")
        (self.site / "releases").mkdir()
        os.chown(self.site / "releases", 65532, 65534)
        (self.site / "releases" / "mine").mkdir()  # Somebody else's stays.
        rows = [self.live({"index.html": f"{number}\n".encode(), "same.txt": b"s\n"}) for number in range(4)]
        self.assertEqual(self.releases(), sorted([rows[2]["id"], rows[3]["id"], "mine"]))

    def test_the_host_key_is_pinned(self):
        for pin in (self.sftp.fingerprint(), self.sftp.fingerprint("host_ecdsa"), self.sftp.host_key("host_ecdsa")):
            self.target(hostKey=pin)
            self.live({"index.html": pin.encode()})
        other = self.sftp.new_key(f"other-{self.project}")
        line = other.with_suffix(".pub").read_text()
        self.target(hostKey=line)
        row = self.fails({"index.html": b"x\n"}, self.sftp.fingerprint())
        self.assertIn(self.sftp.fingerprint(other.name), row["error"])
        for pin, said in (("", "hostKey"), ("SHA256:abc", "43 characters"), ("example.com ssh-rsa AAAA", "ed25519"), ("what", "known_hosts"),
                          ("h ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAA", "damaged")):
            done = self.target(hostKey=pin, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)

    def test_keys_that_do_not_work_are_told(self):
        new = self.sftp.new_key
        encrypted = new(f"enc-{self.project}")
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "word", "-f", encrypted], check=True, capture_output=True)
        no_key = self.folder / "none"
        no_key.write_text("hello\n")
        for key, said in ((new(f"strange-{self.project}"), "authorized_keys"), (encrypted, "encrypted"),
                          (new(f"rsa-{self.project}", "rsa"), "rsa-sha2"), (no_key, "OpenSSH")):
            with self.subTest(said):
                self.target(key)
                self.fails({"index.html": said.encode()}, said)
        self.assertEqual(os.listdir(self.site), [])

    def test_what_the_server_refuses_is_told(self):
        self.live({"index.html": b"good\n"})
        shut = self.sftp.folder(f"{self.project}-shut", 0o755, owner=0)
        for path, said in ((str(self.site / "none"), "no folder"), (str(shut), "Permission denied"),
                           (str(self.sftp.key), "no folder"), (str(self.sftp.place / "small"), "disk is full")):
            with self.subTest(path):
                self.target(path=path)
                self.fails({"index.html": path.encode(), "large.bin": os.urandom(600_000)}, said)
        self.assertEqual(self.current(), {"index.html": b"good\n"})
        (self.site / "current").unlink()
        (self.site / "current").mkdir()
        self.target()
        self.fails({"index.html": b"in the way\n"}, "is no link")

    def test_settings_that_make_no_sense(self):
        for settings, said in (({"port": "0"}, "port"), ({"port": "70000"}, "port"), ({"keep": "x"}, "keep"), ({"publicUrl": "ftp://x"}, "publicUrl"),
                               ({"host": ""}, "host"), ({"colour": "red"}, "colour")):
            done = self.target(check=False, **settings)
            self.assertNotEqual(done.returncode, 0, settings)
            self.assertIn(said, done.stderr)

    def test_previews_are_refused(self):
        self.put_rule("feature/*", preview=True)
        self.live({"index.html": b"live\n"})
        self.write(self.work, {"index.html": b"preview\n"})
        self.work("push", "-qf", "origin", "HEAD:refs/heads/feature/x")
        row = self.settled()
        self.assertEqual((row["state"], self.current()), ("failed", {"index.html": b"live\n"}))
        self.assertIn("no previews", row["error"])

    def test_a_server_that_hangs_up_is_tried_again(self):
        files = {f"{number}.bin": os.urandom(20_000) for number in range(30)}
        self.live({"index.html": b"0\n"})
        before = self.sftp.relay.bytes
        self.live({**files, "index.html": b"1\n"})
        total = self.sftp.relay.bytes - before
        for share in (10, 30, 50, 70, 95):
            with self.subTest(share=share):
                self.sftp.relay.stop_after(total * share // 100, hangs_up=True)
                wanted = {name: os.urandom(20_000) for name in files}
                self.push(wanted)
                self.assertTrue(self.sftp.relay.stopped.wait(120))
                self.sftp.relay.stop_at = None
                row = self.settled()
                self.assertEqual((row["state"], self.current() == wanted), ("live", True), row)

    def test_killed_on_the_way_it_goes_on(self):
        files = {f"{number}.bin": os.urandom(20_000) for number in range(30)}
        self.live(files)
        before = self.sftp.relay.bytes
        self.live({name: os.urandom(20_000) for name in files})
        total = self.sftp.relay.bytes - before
        for step in range(1, 12):
            with self.subTest(step=step):
                had = self.current()
                wanted = {name: os.urandom(20_000) for name in files}
                self.sftp.relay.stop_after(total * step // 12)
                self.push(wanted)
                self.assertTrue(self.sftp.relay.stopped.wait(120))
                self.server.kill()
                self.assertIn(self.current(), (had, wanted), "half a release is live")
                self.sftp.relay.go_on()
                self.server.start()
                row = self.settled()
                self.assertEqual((row["state"], self.current() == wanted), ("live", True), row)
        self.assertLessEqual(len(self.releases()), 5)


class ToOldSftp(Sftp):
    """A server without OpenSSH's extensions: sftp-server can be told to refuse requests by name."""
    SUBSYSTEM = "Subsystem sftp /usr/lib/openssh/sftp-server -P hardlink"

    def test_without_hard_links_all_is_sent(self):
        self.live({"index.html": b"1\n", "same.txt": b"s\n"})
        row = self.live({"index.html": b"2\n", "same.txt": b"s\n"})
        self.assertEqual(row["filesUploaded"], 2, row)


class ToBareSftp(Sftp):
    SUBSYSTEM = "Subsystem sftp /usr/lib/openssh/sftp-server -P posix-rename"

    def test_without_posix_rename_it_says_so(self):
        self.fails({"index.html": b"1\n"}, "posix-rename@openssh.com")


if __name__ == "__main__":
    door_table.main()
