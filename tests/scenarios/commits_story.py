# SPDX-License-Identifier: Apache-2.0
"""Goal: commits made over the API are Git's own commits, and what a force-push or a delete dropped comes back.

Method: the real `git` on one side, the API on the other; the oracle is `git fsck --strict` of a fresh clone.
"""
import base64
import datetime
import hashlib
import json

import door_table
from git_client import ZERO
from scenario import Scenario

MIB = 1 << 20


def lines_of(*lines):
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Commits(Scenario):
    def api(self, path):
        return f"/api/projects/{self.project_id()}{path}"

    def commit(self, *files, branch="main", **more):
        answer = self.server.post(self.api("/commits"), {"branch": branch, "message": "by the API", "files": list(files), **more})
        return self.expect(answer, 201).json["commit"]

    def moves(self, ref="main"):
        return self.expect(self.server.get(self.api(f"/reflog?ref={ref}")), 200).json["moves"]

    def undo(self, move, **more):
        return self.server.post(self.api("/reflog/undo"), {"ref": move["ref"], "push": move["push"], **more})

    def test_a_force_push_by_git_is_undone_by_the_api(self):
        repo = self.pushed_repo()
        base = repo.head()
        made = self.commit({"action": "create", "path": "bin/run", "content": "#!/bin/sh\n", "mode": "100755"},
                           {"action": "move", "from": "README.md", "path": "docs/README.md"}, expectedHead=base)
        clone = self.clone()
        self.assertEqual(clone.head(), made)
        self.assertEqual(clone("ls-files", "-s").split()[0], "100755")
        self.assertTrue((clone.path / "docs/README.md").is_file())

        other = repo.commit("rewritten", rewritten__txt="x\n")
        self.assertIn("rejected", repo.refused("push", "origin", "main"))
        repo("push", "-q", "--force", "origin", "main")
        forced = self.moves()[0]
        self.assertEqual((forced["before"], forced["after"], forced["forced"], forced["via"]), (made, other, True, self.door.VIA))
        refused = self.server.post(self.api("/restore"), {"branch": "main", "commit": made})
        self.expect(refused, 404, "ref_not_found")

        undone = self.expect(self.undo(forced, expectedHead=other), 200).json
        self.assertEqual((undone["after"], undone["undoes"]), (made, forced["push"]))
        self.expect(self.undo(forced), 409, "already_undone")
        clone("fetch", "-q", "origin")
        self.assertEqual(clone.head("origin/main"), made)
        self.assertEqual(self.clone("fresh").head(), made)
        events = self.server.get(self.api("/events?limit=200")).json["events"]
        self.assertEqual([event["data"]["undoes"] for event in events if "undoes" in event["data"]], [forced["push"]])

    def test_a_deleted_branch_comes_back_and_refs_are_shown_as_of_a_time(self):
        repo = self.pushed_repo()
        topic = repo.commit("topic")
        repo("push", "-q", "origin", "main:refs/heads/topic")
        made = self.moves("topic")[0]
        repo("push", "-q", "origin", ":refs/heads/topic")
        self.assertNotIn("refs/heads/topic", repo.remote_refs())
        then = self.expect(self.server.get(self.api(f"/refs?at={made['time']}")), 200).json["refs"]
        self.assertEqual({ref["ref"]: ref["object"] for ref in then}["refs/heads/topic"], topic)
        early = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.assertEqual(self.server.get(self.api(f"/refs?at={early}")).json["refs"], [])

        gone = self.moves("topic")[0]
        self.assertTrue(gone["deleted"])
        self.expect(self.undo(gone, expectedHead=ZERO), 200)
        self.assertEqual(repo.remote_refs()["refs/heads/topic"], topic)
        self.clone("fresh")

    def test_an_old_tree_comes_back_as_a_new_commit(self):
        repo = self.pushed_repo()
        first = repo.head()
        second = self.commit({"action": "delete", "path": "README.md"}, {"action": "create", "path": "a/b", "content": "b\n"})
        answer = self.server.post(self.api("/restore"), {"branch": "main", "commit": first, "path": "README.md"})
        one = self.expect(answer, 201).json["commit"]
        whole = self.expect(self.server.post(self.api("/restore"), {"branch": "main", "commit": first, "expectedHead": one}), 201)
        clone = self.clone()
        self.assertEqual(clone("rev-parse", "HEAD^{tree}"), clone("rev-parse", f"{first}^{{tree}}"))
        self.assertEqual(clone("ls-tree", "-r", "--name-only", one).split(), ["README.md", "a/b"])
        self.assertEqual(clone("rev-list", "HEAD").split(), [whole.json["commit"], one, second, first])

    def test_a_streamed_file_that_compresses_here_and_there_stays_what_it_is(self):
        """Deflated, its parts are below and above what is written to a pack at once."""
        self.pushed_repo()
        noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(4 * MIB // 32))
        two_bits = noise.translate(bytes(b"acgt"[byte & 3] for byte in range(256)))
        five_bits = noise.translate(bytes(64 + (byte & 31) for byte in range(256)))
        part = MIB // 4
        large = b"".join(text[at:at + part] for at in range(0, 4 * MIB, part) for text in (two_bits, five_bits))
        chunks = [{"chunk": {"file": "1", "encoding": "base64", "content": base64.b64encode(large[at:at + MIB]).decode()}}
                  for at in range(0, len(large), MIB)]
        body = lines_of({"commit": {"branch": "mixed", "message": "a file of many parts"}},
                        {"file": {"action": "create", "path": "large.txt", "id": "1"}}, *chunks, {"end": True})
        self.expect(self.server.request("POST", self.api("/commits"), body, headers={"Content-Type": "application/x-ndjson"}), 201)
        self.assertEqual((self.clone("fresh", "--branch", "mixed").path / "large.txt").read_bytes(), large)

    def test_a_large_commit_is_streamed(self):
        self.pushed_repo()
        large = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(9 * MIB // 32)) + b"odd"
        chunks = [{"chunk": {"file": "1", "encoding": "base64", "content": base64.b64encode(large[at:at + 4 * MIB]).decode()}}
                  for at in range(0, len(large), 4 * MIB)]
        head = {"commit": {"branch": "large", "message": "a large file"}}
        file = {"file": {"action": "create", "path": "large.bin", "id": "1"}}
        many = [{"file": {"action": "create", "path": f"many/{number}", "content": f"{number}\n"}} for number in range(500)]
        body = lines_of(head, file, *chunks, *many, {"end": True})
        sent = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "large"}
        answer = self.expect(self.server.request("POST", self.api("/commits"), body, headers=sent), 201)
        again = self.server.request("POST", self.api("/commits"), body, headers=sent)
        self.assertEqual(again.json, answer.json)
        clone = self.clone("fresh", "--branch", "large")
        self.assertEqual(clone.head(), answer.json["commit"])
        self.assertEqual((clone.path / "large.bin").read_bytes(), large)
        self.assertEqual(len(list((clone.path / "many").iterdir())), 500)

        cut = self.server.request("POST", self.api("/commits"), lines_of(head, file, *chunks), headers={"Content-Type": "application/x-ndjson"})
        self.expect(cut, 400, "stream_cut_off")
        self.assertEqual(self.clone("after", "--branch", "large").head(), answer.json["commit"])


if __name__ == "__main__":
    door_table.main()
