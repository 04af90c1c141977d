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
    curl -sf -T "$f" "http://127.0.0.1:$ORIGIN_SETTING_PORT/$ORIGIN_DEPLOYMENT/$f" || exit 1
done || exit 1
echo "url: http://sites.example/$ORIGIN_COMMIT"
echo "url: javascript:alert(1)"
"""
SECRET = "tok-0123456789abcdef"


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent. The first two questions for /again are refused."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            self.server.files[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
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
        self.files, self.asked = {}, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


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
