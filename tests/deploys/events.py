# SPDX-License-Identifier: Apache-2.0
"""What strikes: drawn by seed, so that event 17 of a seed is the same in every run. When it strikes, and which push it hits, is a
matter of time."""
import random
import threading

import places  # Finds the other tests' helpers.
import faults
from origin_server import wait_until

INSTANT_SECONDS_MAX = 1.5
REQUESTS_MAX = 10  # A kill waits for one of so many next requests of a provider.
OCCURRENCES_MAX = 2  # A fault for one of so many.
STUCK_SECONDS = 3  # The time limit of a state is 45 minutes and no setting: what is stuck goes on after this.
HUGE_BYTES = 64 << 20  # Twice what is read of an answer.
PARAMETERS = {"200_huge": {"bytes": HUGE_BYTES}}


class Deck:
    """The events of a seed, one after another. Each row of each provider's table comes once before one comes again."""

    def __init__(self, seed):
        self.seed, self.number, self.cards, self.rounds = seed, 0, [], 0

    def draw(self):
        """A dict that says all of the next event."""
        chance = random.Random(f"{self.seed}/event/{self.number}")
        self.number += 1
        if chance.random() >= 0.5:
            return self._fault(chance)
        return {"kind": "kill", "when": chance.choice(("instant", "hold_before", "hold_after")), "fails": False,
                "place": chance.choice([one.name for one in places.ALL]), "nth": chance.randint(1, REQUESTS_MAX),
                "seconds": chance.uniform(0, INSTANT_SECONDS_MAX)}

    def _fault(self, chance):
        if not self.cards:
            self.cards = all_rows()
            random.Random(f"{self.seed}/deck/{self.rounds}").shuffle(self.cards)
            self.rounds += 1
        place, (kind, method, path, params, outcome) = self.cards.pop()
        return {"kind": kind, "place": place, "method": method, "path": path, "nth": chance.randint(1, OCCURRENCES_MAX),
                "params": {**params, **PARAMETERS.get(kind, {})}, "fails": outcome != faults.RECOVERS and kind != "stuck"}


def all_rows():
    """[(place, row of its table)]"""
    return [(one.name, row) for one in places.ALL for row in faults.table(one.table)]


def row_of(event):
    return event["place"], event["kind"], event["method"], event["path"]


class Killer:
    """Kills the server when an event says so, and starts it again: one at a time."""

    def __init__(self, server):
        self.server, self.life, self.over = server, threading.Lock(), threading.Event()
        self.kills, self.threads, self.failures = [], [], []

    def order(self, event, plans):
        """`plans`: of all stand-ins, by name."""
        thread = threading.Thread(target=self._run, args=(event, plans))
        self.threads.append(thread)
        thread.start()

    def _run(self, event, plans):
        try:
            if event["when"] == "instant":
                self.over.wait(event["seconds"])
            else:
                fault = plans[event["place"]].add(event["when"], nth=event["nth"])
                while not fault.reached.wait(0.05):
                    if self.over.is_set():
                        return
            with self.life:
                self.server.kill()
                self._come_to_rest(plans)
                self.server.start()
                self.kills.append(event["when"])
        except Exception as failure:  # A server that does not start ends the run.
            self.failures.append(f"kill {event}: {failure!r}")

    def _come_to_rest(self, plans):
        """The providers do what the killed server asked of them before the next one looks: a request that is still on its
        way when somebody asks whether it came cannot be known of by anybody."""
        def at_rest():
            for plan in plans.values():
                plan.release()
            return not any("process_request_thread" in one.name for one in threading.enumerate())
        wait_until("the stand-ins to come to rest", at_rest)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Faults:
    """The faults that were put in, and which of them have happened."""

    def __init__(self, stands):
        self.plans = {place.name: place.standin.plan for place in stands}
        self.locks = {place.name: place.standin.lock for place in stands}
        self.put = []  # (event, fault)

    def add(self, event):
        with self.locks[event["place"]]:
            fault = self.plans[event["place"]].add(event["kind"], method=event["method"], path=event["path"],
                                                   nth=event["nth"], **event["params"])
        self.put.append((event, fault))

    def happened(self):
        return [event for event, fault in self.put if fault.fired]

    def free_what_is_stuck(self, now):
        for _, fault in self.put:
            if fault.kind == "stuck" and fault.fired:
                since = fault.params.setdefault("since", now)
                if now - since > STUCK_SECONDS:
                    fault.kind = "stuck, and free again"

    def drop_those_that_fail(self):
        """So that what comes now can go live."""
        for event, fault in self.put:
            if event["fails"] and not fault.fired:
                with self.locks[event["place"]]:
                    self.plans[event["place"]].faults.remove(fault)
        self.put = [(event, fault) for event, fault in self.put if fault.fired or not event["fails"]]

    def excuses(self, name):
        """How many deployments to `name` may have failed."""
        return sum(event["fails"] and event["place"] == name for event in self.happened())
