#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a clock that jumps, ten years either way or a few hours, changes what time things are said to have happened, and nothing else.

Method: libfaketime below the server moves the wall clock while it runs and leaves the monotonic one alone; a time namespace starts it
with a monotonic clock that is ten years on. After each jump, and after the jump back: pushes, a run, keys that end, preview links,
webhook retries, the order of events, how often each thing was tried; and a restart in between.

usage: clock.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control exchanges two events and asks for a retry that cannot come, and passes only if both are noticed.
"""
import base64
import json
import re
import threading
import time

import points
from world import Receiver, Server, World, attempt, look, wait_until
import world as worlds
import false_clock
from false_clock import DAY_SECONDS

JUMPS = {"+10 years": 3652, "-10 years": -3652, "+3 days": 3, "-3 days": -3, "-20 hours": -20 / 24, "+20 hours": 20 / 24, "to 2106": 365.25 * 80.5}
SCOPES = ["admin", "git:read", "git:write", "requirements", "deploy", "projects:create"]
TRIES_MAX = 8  # Of one delivery that failed once: anything near it is a loop.


def faketime_library():
    found = false_clock.library()
    if not found:
        print("needs the Debian package faketime")
        raise SystemExit(77)
    return found


class FalseClockServer(false_clock.FalseClockServer):
    def __init__(self):
        super().__init__()
        config = self.root / "clock.toml"
        config.write_text('[workers]\nthreads = 2\n[outbound]\nallow = ["127.0.0.0/8"]\n')
        self.options = ["--config", str(config)]

    def init(self):
        """Keys end after a year unless asked otherwise: this one outlives every jump."""
        super().init()
        made = self.command_json("key", "create", "--data", self.data, "--client", self.client_id, "--title", "for long", *(word for scope in SCOPES for word in ("--scope", scope)), "--no-expiry")
        self.key_id, self.key = made["keyId"], made["key"]
        return self


class Story:
    """What is begun before a jump and must come right after it."""

    def __init__(self, world, told, name, days):
        self.world, self.server, self.told, self.name, self.days = world, world.server, told, name, days
        world.place = None
        self.task = world.task("push")
        self.place = self.task.place
        self.receiver = Receiver([500])
        self.not_told = len(self.server.events(self.place.project))  # Events before there was a hook.
        self.hook = self.server.post(f"/api/projects/{self.place.project}/webhooks", {"url": self.receiver.url}).json

    def tell(self, what, wrong):
        self.told.tell(self.name, what, list(wrong), log=self.server.log())

    def play(self):
        self.idle()
        self.busy()
        # A start cannot tell a clock set back by less than a day from a retry that is meant to wait: docs/operations.md.
        if abs(self.days) >= 1:
            self.restarted()
        self.tell("the order of events, everything there once", [*out_of_order(self.server.events()), *look(self.task), *self.newest_is_live()])
        self.tell("each delivery in order, tried a few times", self.deliveries())
        self.receiver.close()

    def idle(self):
        """A failed delivery waits 5 s for its next try; the clock jumps meanwhile."""
        self.task.ask()
        wait_until("the first try", self.tries)
        self.server.jump(self.days)
        self.tell("the clock has jumped", [] if abs(self.server.clock() - time.time() - self.days * DAY_SECONDS) < 300 else ["it has not"])
        self.tell("a push, and its deployment", self.asked(self.task))
        self.tell("a requirement", self.asked(worlds.Run(self.place, self.world.number)))
        self.tell("a key that ends in an hour, by the new clock", self.keys())
        self.tell("a preview link, by the new clock", self.links())
        self.tell("a failed delivery is tried again within its 5 s", self.retried())
        self.server.jump(0)
        self.tell("after the jump back, a push", self.asked(self.task))

    def asked(self, task):
        refusal = attempt(task)
        if refusal is not None:
            yield f"refused: {refusal}"
        task.settle()

    def retried(self):
        try:
            wait_until("the retry", self.delivered, 12)
        except AssertionError as failure:
            yield str(failure)

    def keys(self):
        """Made by the jumped clock; then judged by it and by the right one."""
        server = self.server
        hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(server.clock() + 3600))
        made = server.post("/api/keys", {"clientId": server.client_id, "title": "an hour", "scopes": ["git:read"], "expiresAt": hour}).json
        key = made["key"]
        path = f"/api/projects/{self.place.project}"
        if (status := server.get(path, key=key, source="127.0.0.9").status) != 200:
            yield f"a key that ends in an hour is answered {status}"
        server.jump(self.days + 1)
        if (status := server.get(path, key=key, source="127.0.0.9").status) != 401:
            yield f"a key that ended a day ago is answered {status}"
        server.jump(self.days)

    def links(self):
        server = self.server
        link = wait_until("a preview link", lambda: server.get(f"/api/requirements/{self.place.oracle.of('run')[0]['id']}").json.get("previewUrl"))
        if (status := server.open_url(link).status) not in (200, 302, 303):
            yield f"a fresh preview link is answered {status}"
        server.jump(self.days + 3)
        if (status := server.open_url(link).status) in (200, 302, 303):
            yield f"a preview link of three days ago is answered {status}"
        server.jump(self.days - 3)
        if (status := server.open_url(link).status) in (200, 302, 303):
            yield f"a preview link that would live four days is answered {status}"
        server.jump(self.days)

    def busy(self):
        """At random instants of pushes, to and fro."""
        for _ in range(4):
            answers = []
            asking = threading.Thread(target=lambda: answers.append(attempt(self.task)))
            asking.start()
            threading.Event().wait(self.told.random.uniform(0, 0.08))
            self.server.jump(self.days)
            asking.join()
            self.server.jump(0)
            self.tell("in the middle of a push", [f"refused: {answers[0]}"] if answers[0] else [])
        self.task.settle()

    def restarted(self):
        """Killed with a delivery that waits for its next try, and started in another time."""
        self.drained()
        self.receiver.statuses.append(500)
        self.task.ask()
        wait_until("a failed delivery", lambda: self.receiver.statuses == [])
        self.server.kill()
        self.server.jump(self.days)
        self.server.start()
        self.tell("after a restart in another time, a push", self.asked(self.task))
        self.tell("after a restart in another time, the delivery", self.all_delivered())
        self.server.kill()
        self.server.jump(0)
        self.server.start()
        self.tell("after a restart in our time, a push", self.asked(self.task))
        self.tell("after a restart in our time, the delivery", self.all_delivered())

    def drained(self):
        """Until what was to be delivered was."""
        wanted = len(self.server.events(self.place.project)) - self.not_told
        wait_until(f"{wanted} events to be delivered", lambda: len(set(self.delivered())) >= wanted, 15)

    def tries(self):
        return [(json.loads(body)["data"]["sequence"], status) for body, status in list(self.receiver.arrived)]

    def delivered(self):
        return [number for number, status in self.tries() if status == 204]

    def all_delivered(self):
        try:
            self.drained()
        except AssertionError as failure:
            yield str(failure)

    def deliveries(self):
        yield from self.all_delivered()
        told = self.delivered()
        for before, after in zip(told, told[1:]):
            if after < before:
                yield f"event {after} was delivered after {before}"
        tries = {}
        for number, _ in self.tries():
            tries[number] = tries.get(number, 0) + 1
        for number, count in tries.items():
            if count > TRIES_MAX:
                yield f"event {number} was tried {count} times"

    def newest_is_live(self):
        last = self.place.oracle.of("main")[-1]["commit"]
        live = [row["commit"] for row in self.server.settle_deployments(self.place.project) if row["state"] == "live" and row["target"] == "production"]
        if live != [last]:
            yield f"live is {live}, last pushed was {last}"


def out_of_order(events):
    numbers = [base64.b64decode(event["cursor"] + "==", altchars="-_")[-8:] for event in events]
    if numbers != sorted(set(numbers)):
        yield "events are not in the order of their numbers"
    last = {}
    for event in events:
        for ref in event["data"].get("refs", []) if event["type"] == "push" else []:
            key = event["projectId"], ref["ref"]
            if last.get(key, ref["before"]) != ref["before"]:
                yield f"push {event['data']['push']} moves {ref['ref']} from where it was not"
            last[key] = ref["after"]


def busy_loops(server):
    """Nothing is done a million times: what each kind of job was claimed, by the server's own count."""
    text = server.get("/metrics").text
    for kind, count in re.findall(r'jobs_total\{kind="(\w+)"\} (\d+)', text):
        if int(count) > 1000:
            yield f"{count} jobs of kind {kind} were claimed"


def monotonic_namespace(told):
    """A machine that has been up for ten years."""
    server = Server()
    try:
        server.init()
        import origin_server
        real = origin_server.program
        wrapper = server.root / "origind-in-ten-years"
        wrapper.write_text(f"#!/bin/sh\nexec unshare -T --boottime {3652 * DAY_SECONDS} --monotonic {3652 * DAY_SECONDS} {real()} \"$@\"\n")
        wrapper.chmod(0o755)
        origin_server.program = lambda: str(wrapper)
        try:
            server.start()
        finally:
            origin_server.program = real
        task = World(server).task("push")
        refusal = attempt(task)
        task.settle()
        told.tell("monotonic +10 years", "a push and its deployment", ([f"refused: {refusal}"] if refusal else []) + look(task))
    finally:
        server.remove()


def control(world, told):
    story = Story(world, told, "control", 3652)
    story.task.ask()
    story.task.ask()
    events = world.server.events()
    told.tell("control", "two events exchanged", [] if list(out_of_order([*events[:-2], events[-1], events[-2]])) else ["nobody noticed"])
    wait_until("the first try", story.tries)
    world.server.request("DELETE", f"/api/projects/{story.place.project}/webhooks/{story.hook['id']}")
    told.end_control(list(story.retried()), "a retry that cannot come")


def main():
    told = points.Points(points.options(__doc__))
    faketime_library()
    if told.wants("monotonic") and not told.chosen.control:
        monotonic_namespace(told)
    with FalseClockServer() as server:
        world = World(server)
        if told.chosen.control:
            control(world, told)
        for name in told.some(JUMPS):
            if told.wants(name):
                Story(world, told, name, JUMPS[name]).play()
        told.tell("loops", "how often jobs were claimed", busy_loops(server))
        if told.chosen.only is None:
            told.tell("doctor", "all data folders' rows, packs and refs", world.doctor())
    told.end()


if __name__ == "__main__":
    main()
