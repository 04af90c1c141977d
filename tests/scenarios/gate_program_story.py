# SPDX-License-Identifier: Apache-2.0
"""Goal: an operator's program says yes or no to a push before anything of it is there, with the pushed objects at hand.

Method: a shell script with git in it, as a pre-receive hook has; real pushes, small ones and ones with a pack of their own.
"""
import pathlib
import tempfile

import door_table
from scenario import Scenario

PROGRAM = """#!/bin/sh
for path in /root /var /srv /etc/shadow; do [ ! -e $path ] || { echo "sees $path"; exit 1; }; done
[ "$(grep -c : /proc/net/dev)" = 1 ] || { echo "has a network"; exit 1; }
zero=0000000000000000000000000000000000000000
while read -r old new ref; do
    echo "asked for $ref by $ORIGIN_VIA"
    [ "$new" = $zero ] && continue
    git cat-file -e "$new^{tree}" || { echo "cannot read what is pushed"; exit 1; }
    for commit in $(git rev-list "$new" --not --all); do
        if git ls-tree -r --name-only "$commit" | grep -q '^forbidden'; then
            echo "$ref: $(git log -1 --format=%s "$commit") has a forbidden file"
            exit 1
        fi
    done
    case $ref in */slow) sleep 1000 ;; esac
    echo x >>/repository.git/HEAD 2>/dev/null && { echo "can write"; exit 1; }
done
exit 0
"""


class GateProgram(Scenario):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.program = pathlib.Path(folder.name) / "gate"
        cls.program.write_text(PROGRAM)
        cls.program.chmod(0o755)
        cls.CONFIG = f'[gates]\nprogram = "{cls.program}"\nprogram_seconds = 10\n'
        super().setUpClass()

    def setUp(self):
        state = self.server.get("/readyz", key=None).json["sandbox"]
        if state != "ready":
            self.skipTest(state)
        super().setUp()

    def test_it_looks_at_pushed_objects_and_refuses_with_its_words(self):
        repo = self.new_repo()
        repo.commit("first", **{"README.md": "hello\n"})
        said = repo.run("push", "-u", "origin", "main").stderr
        self.assertIn("asked for refs/heads/main by ", said)
        good = repo.head("refs/heads/main")
        repo.commit("second, with a secret plan", forbidden="x\n")
        said = repo.refused("push", "origin", "main")
        self.assertIn("second, with a secret plan has a forbidden file", said)
        self.assertEqual(repo.remote_refs()["refs/heads/main"], good)
        # Not even in the middle of a history.
        repo("rm", "-q", "forbidden")
        repo("commit", "-qm", "third")
        self.assertIn("forbidden file", repo.refused("push", "origin", "main"))
        repo("reset", "-q", "--hard", good)
        repo.commit("big", **{"big.bin": "".join(chr(33 + i * i % 90) for i in range(3_000_000))})
        repo("push", "-q", "origin", "main")
        self.assert_same(repo)

    def test_one_that_never_ends_refuses(self):
        repo = self.pushed_repo()
        repo("branch", "slow")
        self.assertIn("did not end well: it took longer than 10 seconds", repo.refused("push", "origin", "slow"))
        self.assertNotIn("refs/heads/slow", repo.remote_refs())
        left = list((self.server.data / "projects").glob("*/quarantine/gate-*"))
        self.assertEqual(left, [])

    def test_the_api_asks_it_too(self):
        repo = self.pushed_repo()
        answer = self.server.post(f"/api/projects/{self.project_id()}/commits", {
            "branch": "main", "message": "by the API", "expectedHead": repo.head("refs/heads/main"),
            "files": [{"action": "create", "path": "forbidden.txt", "content": "x"}]})
        self.assertGreaterEqual(answer.status, 400, answer)
        self.assertIn("forbidden file", answer.text)


if __name__ == "__main__":
    door_table.main()
