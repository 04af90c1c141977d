# SPDX-License-Identifier: Apache-2.0
"""Points: each a line of output, and a count at the end."""
import argparse
import collections
import json
import random
import sys
import time


def options(description, **more):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="only so many points of each kind, drawn with the seed")
    parser.add_argument("--seed", type=int, default=random.randrange(2 ** 32))
    parser.add_argument("--only", help="only kinds that contain this word")
    parser.add_argument("--json", help="writes a summary to this file")
    parser.add_argument("--control", action="store_true", help="leaves a fault unhandled, and passes only if that is noticed")
    for name, settings in more.items():
        parser.add_argument(f"--{name}", **settings)
    return parser.parse_args()


class Points:
    def __init__(self, chosen):
        self.chosen, self.random = chosen, random.Random(chosen.seed)
        self.passed, self.failed = collections.Counter(), collections.Counter()
        self.notes = collections.Counter()
        self.begun = time.monotonic()
        print(f"seed {chosen.seed}", flush=True)

    def wants(self, kind):
        return not self.chosen.only or self.chosen.only in kind

    def some(self, places):
        """All of them, or a sample in their order."""
        places = list(places)
        if self.chosen.sample is None or len(places) <= self.chosen.sample:
            return places
        return [places[at] for at in sorted(self.random.sample(range(len(places)), self.chosen.sample))]

    def tell(self, kind, what, wrong, note="", log=""):
        """One point: `wrong` is a list of sentences, empty if all is well."""
        wrong = list(wrong)
        (self.failed if wrong else self.passed)[kind] += 1
        if note:
            self.notes[kind, note] += 1
        print(f"{'FAIL' if wrong else 'ok  '} {kind}: {what}{': ' + note if note else ''}", flush=True)
        for line in wrong[:10]:
            print(f"       {line}")
        if wrong and log:
            told = [line for line in log.splitlines() if " info " not in line]
            print("\n".join(told[-8:]), flush=True)
        return not wrong

    def end(self):
        kinds = sorted({*self.passed, *self.failed})
        for kind in kinds:
            notes = ", ".join(f"{count} {note}" for (of, note), count in sorted(self.notes.items()) if of == kind)
            print(f"{kind}: {self.passed[kind]} passed, {self.failed[kind]} failed{' (' + notes + ')' if notes else ''}")
        if self.chosen.json:
            with open(self.chosen.json, "w") as file:
                json.dump({"seed": self.chosen.seed, "seconds": round(time.monotonic() - self.begun, 1), "passed": sum(self.passed.values()),
                           "failed": sum(self.failed.values()),
                           "kinds": {kind: {"passed": self.passed[kind], "failed": self.failed[kind]} for kind in kinds}}, file, indent=1)
        failed = sum(self.failed.values())
        print(f"{sum(self.passed.values())} passed, {failed} failed")
        sys.exit(1 if failed else 0)

    def end_control(self, red, what):
        """The control: `red` are the complaints that the planted fault must have caused."""
        self.tell("control", what, [] if red else ["nobody noticed"])
        print(f"       noticed: {red[0][:300] if red else ''}")
        self.end()
