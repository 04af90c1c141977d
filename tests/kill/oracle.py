# SPDX-License-Identifier: Apache-2.0
"""The oracle: what the server has acknowledged, written down outside its data folder and synced at once.

One JSON object a line: {"kind": "push" | "main" | "pair" | "run" | "merge" | "rollback" | "gc" | "try", ...}. A "try" is what a worker
was about to ask: the server may or may not have done it.
"""
import json
import os
import threading


class Oracle:
    def __init__(self, path):
        self.lock = threading.Condition()
        self.rows = []
        self.file = open(path, "ab", buffering=0)

    def write(self, kind, **row):
        with self.lock:
            self.file.write(json.dumps({"kind": kind, **row}).encode() + b"\n")
            os.fsync(self.file.fileno())
            self.rows.append({"kind": kind, **row})
            self.lock.notify_all()

    def of(self, *kinds):
        with self.lock:
            return [row for row in self.rows if row["kind"] in kinds]

    def acknowledged(self):
        return sum(row["kind"] != "try" for row in self.rows)

    def count(self, kind):
        return sum(row["kind"] == kind for row in self.rows)

    def wait_for(self, kind, count, seconds):
        """Until `count` of that kind are acknowledged; returns whether they were."""
        with self.lock:
            return self.lock.wait_for(lambda: self.count(kind) >= count, seconds)
