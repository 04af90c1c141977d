#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: npm's `standardwebhooks` verifies what origind sends, and refuses what was tampered with.

Method: an origind with endpoints of each kind; a push, a rotation and a ping; what came in is handed to a Node program beside
the package, which `./dev test --providers` has installed into build/standardwebhooks.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/scenarios"))

from hook_receiver import Receiver  # noqa: E402
from origin_server import Server  # noqa: E402


def commit(server, project, number):
    answer = server.post(f"/api/projects/{project}/commits", {"branch": "main", "message": "änderung ✓", "files": [
        {"action": "create", "path": f"file-{number}", "content": "x\n"}]})
    assert answer.status == 201, answer


def collect():
    """What each endpoint got: [{name, scheme, keys, foreign, headers, body}]."""
    deliveries = []
    with Server() as server:
        config = server.root / "origind.toml"
        config.write_text('[outbound]\nallow = ["127.0.0.0/8"]\n')
        server.stop()
        server.options = ["--config", str(config)]
        server.start()
        project = server.post("/api/projects", {"name": "hooked"}).json["projectId"]
        kinds = {"of a project": {}, "in GitHub's shapes": {"format": "github"}, "of Ed25519": {"signature": "v1a"}}
        made = {}
        for name, more in kinds.items():
            receiver = Receiver()
            answer = server.post(f"/api/projects/{project}/webhooks", {"url": receiver.url, "events": ["push"], **more}).json
            made[name] = (receiver, answer)

        def take(what, name, keys, foreign=()):
            receiver, hook = made[name]
            headers, body, _ = receiver.next()
            deliveries.append({"name": f"{what} {name}", "scheme": hook["signature"], "keys": keys, "foreign": list(foreign),
                               "headers": headers, "body": body.decode()})

        def key_of(answer):
            return answer.get("secret") or answer["publicKey"]

        take("the ping at its creation", "in GitHub's shapes", [key_of(made["in GitHub's shapes"][1])])
        commit(server, project, 1)
        for name, (_, hook) in made.items():
            take("a push", name, [key_of(hook)])
        rotated = {name: server.post(f"/api/projects/{project}/webhooks/{hook['id']}/rotate", {"overlapSeconds": 3600}).json
                   for name, (_, hook) in made.items()}
        commit(server, project, 2)
        for name, (_, hook) in made.items():
            take("a push during a rotation", name, [key_of(hook), key_of(rotated[name])])
        for name, (_, hook) in made.items():
            last = server.post(f"/api/projects/{project}/webhooks/{hook['id']}/rotate", {"overlapSeconds": 0}).json
            server.post(f"/api/projects/{project}/webhooks/{hook['id']}/ping")
            take("a ping after a rotation at once", name, [key_of(last)], [key_of(hook), key_of(rotated[name])])
        for receiver, _ in made.values():
            receiver.close()
    return deliveries


def main():
    beside = ROOT / "build/standardwebhooks/package.json"
    if not (beside.parent / "node_modules/standardwebhooks").exists():
        sys.exit("npm's standardwebhooks is not installed: ./dev test --providers does that")
    done = subprocess.run(["node", HERE / "standardwebhooks.mjs", beside], input=json.dumps(collect()), text=True, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
