# SPDX-License-Identifier: Apache-2.0
"""Goal: an operator's program deploys what no connector knows: told everything, heard, tried again, and kept in its box.

Method: a shell script as the program; it sends the site to a receiver of the test over the machine's network.
"""
import http.server
import pathlib
import tempfile
import threading

import door_table
from deployments import Deployments
from origin_server import wait_until

PROGRAM = """#!/bin/sh
read -r secret
echo "secret $secret, setting $ORIGIN_SETTING_SITE_ROOT, ref $ORIGIN_REF, rollback $ORIGIN_ROLLBACK"
case $ORIGIN_SETTING_DO in
again) curl -sf http://127.0.0.1:$ORIGIN_SETTING_PORT/again || { echo not yet; exit 75; } ;;
fail) echo first; echo last >&2; exit 3 ;;
look) for f in /root /home/*/ /etc/shadow /var "$ORIGIN_SETTING_DATA"; do [ -e "$f" ] && echo "sees $f"; done ;;
esac
cd site || exit 1
find * -type f | sort | while read -r f; do
    curl -sf -H Expect: -T "$f" "http://127.0.0.1:$ORIGIN_SETTING_PORT/$ORIGIN_DEPLOYMENT/$f" || exit 1
done || exit 1
echo "url: http://sites.example/$ORIGIN_COMMIT"
echo "url: javascript:alert(1)"
"""
SECRET = "tok-0123456789abcdef"


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent. The first two questions for /again are refused.

    hold(number, kept): the file so many from now gets no answer until end_hold().
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            data = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.puts.append(self.path)
            held = len(self.server.puts) == self.server.held
            if not held or self.server.kept:
                self.server.files[self.path] = data
            if held:
                self.server.reached.set()
                self.server.ended.wait(60)
                return
            self._end(201)

        def do_GET(self):
            self.server.asked += 1
            self._end(200 if self.server.asked > 2 else 503)

        def _end(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.files, self.puts, self.asked, self.held, self.kept = {}, [], 0, 0, False
        self.reached, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def hold(self, number, kept):
        self.reached.clear()
        self.ended.clear()
        self.held, self.kept = len(self.puts) + number, kept


def programs_of(deployment):
    """Processes of this machine that run for a deployment."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"ORIGIN_DEPLOYMENT={deployment}".encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            pass
    return found


class DeployCommand(Deployments):
    @classmethod
    def setUpClass(cls):
        cls.programs = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.programs.cleanup)
        program = pathlib.Path(cls.programs.name) / "deploy"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        cls.CONFIG = f'[deploy.command]\nscript = "{program}"\n'
        super().setUpClass()

    def setUp(self):
        state = self.server.get("/readyz", key=None).json["sandbox"]
        if state != "ready":
            self.skipTest(state)
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.repo_ = self.new_repo()
        self.write(self.repo_, {"index.html": b"zero\n"})
        self.repo_("push", "-q", "-u", "origin", "main")
        self.id_ = self.project_id()

    def target(self, **settings):
        words = ["--data", self.server.data, "--project", self.id_]
        settings = {"program": "script", "port": self.receiver.server_port, "siteRoot": "/srv/www", **settings}
        pairs = [word for name, value in settings.items() for word in ("--setting", f"{name}={value}")]
        self.server.command("target", "set", *words, "--name", "production", "--connector", "command", *pairs,
                            "--secret-file", self.secret_file(SECRET))
        self.server.command("rule", "set", *words, "refs/heads/main", "--target", "production")

    def push(self, files):
        commit = self.write(self.repo_, files)
        self.repo_("push", "-q", "origin", "main")
        return commit, self.settled()

    def said(self, row):
        return [line["text"] for line in row["log"]]

    def test_the_program_is_told_everything_and_heard(self):
        self.target()
        files = {"index.html": b"one\n", "a/c.txt": b"x" * 100_000}
        commit, row = self.push(files)
        self.assertEqual((row["state"], row["url"]), ("live", f"http://sites.example/{commit}"), row)
        for path, data in files.items():
            self.assertEqual(self.receiver.files[f"/{row['id']}/{path}"], data)
        self.assertIn("secret ***, setting /srv/www, ref refs/heads/main, rollback 0", self.said(row))
        self.assertNotIn(SECRET, str(row))

        _, second = self.push({"index.html": b"two\n"})
        self.server.command("deployment", "rollback", "--data", self.server.data, "--project", self.id_, second["id"])
        back = self.settled()
        self.assertEqual((back["state"], back["commit"]), ("live", commit))
        self.assertIn("secret ***, setting /srv/www, ref , rollback 1", self.said(back))
        self.assertEqual(self.receiver.files[f"/{back['id']}/index.html"], b"one\n")

    def test_75_means_later_and_any_other_status_means_no(self):
        self.target(do="again")
        _, row = self.push({"index.html": b"one\n"})
        self.assertEqual((row["state"], self.receiver.asked), ("live", 3), row)
        self.target(do="fail")
        _, row = self.push({"index.html": b"two\n"})
        self.assertEqual(row["state"], "failed")
        self.assertIn("exit code 3", row["error"])
        self.assertIn("first | last", row["error"])

    def test_killed_at_each_file_it_runs_again_for_the_same_deployment(self):
        """Before a file has come, when it came and nobody knows, and when the answer has just gone out. Never two at once."""
        self.target()
        pushes = 0
        for number in range(1, 4):
            for when in ("unheard", "kept", "answered"):
                with self.subTest(file=number, when=when):
                    files = {name: f"{number} {when} {name}".encode() for name in ("a.txt", "b.txt", "index.html")}
                    before = len(self.receiver.puts)
                    if when != "answered":
                        self.receiver.hold(number, when == "kept")
                    commit = self.write(self.repo_, files)
                    self.repo_("push", "-q", "-o", "deploy.wait=0", "origin", "main")
                    pushes += 1
                    if when != "answered":
                        self.assertTrue(self.receiver.reached.wait(60))
                    else:
                        wait_until(f"file {number}", lambda: len(self.receiver.puts) >= before + number)
                    deployment = self.newest()["id"]
                    self.server.kill()
                    wait_until("the program to be gone", lambda: not programs_of(deployment))
                    self.receiver.ended.set()
                    self.server.start()
                    row = self.settled()
                    self.assertEqual((row["state"], row["id"], row["commit"]), ("live", deployment, commit), row)
                    sent = {path: data for path, data in self.receiver.files.items() if path.startswith(f"/{deployment}/")}
                    self.assertEqual(sent, {f"/{deployment}/{name}": data for name, data in files.items()})
                    self.assertLessEqual(len(self.receiver.puts) - before, 2 * len(files), "more than two runs")
                    self.check_releases(pushes)

    def test_it_sees_nothing_of_the_machine(self):
        self.target(do="look", data=self.server.data)
        _, row = self.push({"index.html": b"one\n"})
        self.assertEqual(row["state"], "live", row)
        self.assertEqual([line for line in self.said(row) if line.startswith("sees ")], [])

    def test_only_the_operators_programs_have_names(self):
        answer = self.server.request("PUT", self.api("/targets/production"),
                                     {"connector": "command", "settings": {"program": "/bin/sh"}})
        self.expect(answer, 422 if answer.status == 422 else 400)
        self.assertIn("no deploy program", answer.text)


if __name__ == "__main__":
    door_table.main()
