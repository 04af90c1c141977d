# SPDX-License-Identifier: Apache-2.0
"""What must be true of the process whatever it was sent: alive, no fatter, nothing left open, answering, discreet.

A Watch looks at one process from outside: /proc/PID, its log file, and a thread that asks /healthz all the time.
"""
import http.client
import json
import os
import pathlib
import threading
import time

MEMORY_MIB_MAX = 64
HEALTH_SECONDS_MAX = 1.0
# Sanitizers reserve terabytes of address space, keep freed memory and slow everything down.
SANITIZER_BYTES = 8 * 2 ** 40
SETTLE_SECONDS = 15


def status_of(pid):
    """/proc/PID/status as a dict of its first words; sizes in KiB."""
    rows = (line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: value.split()[0] if value.split() else "" for name, value in rows}


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class HealthProbe(threading.Thread):
    """Asks /healthz over one connection, again and again. One slow answer may be the machine's; two in a row count."""

    def __init__(self, connect):
        super().__init__(daemon=True)
        self.connect, self.over = connect, threading.Event()
        self.slowest, self.bad, self.count = 0.0, [], 0
        self.lock = threading.Lock()

    def run(self):
        peer, slow_before = None, False
        while not self.over.wait(0.05):
            begun = time.monotonic()
            try:
                peer = peer or self.connect()
                peer.request("GET", "/healthz")
                answer = peer.getresponse()
                answer.read()
                good = answer.status == 200
            except (OSError, http.client.HTTPException):
                peer, good = None, False
            took = time.monotonic() - begun
            slow = not good or took > HEALTH_SECONDS_MAX
            with self.lock:
                self.count += 1
                self.slowest = max(self.slowest, took)
                if slow and slow_before:
                    self.bad.append(f"/healthz took {took:.2f} s, and the one before was slow too" if good
                                    else "/healthz failed twice in a row")
            slow_before = slow

    def take_bad(self):
        with self.lock:
            bad, self.bad = self.bad, []
            return bad


class Log:
    """The lines a process has written since the last look; those of the probe left out."""

    def __init__(self, path):
        self.path, self.at = pathlib.Path(path), 0

    def skip(self):
        self.at = self.path.stat().st_size if self.path.exists() else 0

    def fresh(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            data = file.read()
        whole = data[:data.rfind(b"\n") + 1]
        lines = [line for line in whole.split(b"\n") if line]
        return [line for line in lines if b'"path":"/healthz"' not in line]


def malformed(line):
    """Why a log line is not one JSON object of printable text, or None."""
    try:
        row = json.loads(line)
    except ValueError:
        return "is not JSON"
    if not isinstance(row, dict):
        return "is not an object"
    if any(byte < 0x20 or byte == 0x7f for byte in line):
        return "has a control character"
    return None


class Watch:
    def __init__(self, server, secrets, connect=None):
        self.pid, self.secrets = server.process.pid, secrets
        self.process = server.process
        self.log = Log(server.log_path)
        self.probe = HealthProbe(connect or (lambda: server.connect(timeout=20)))
        self.probe.start()
        self.is_sanitized = int(status_of(self.pid)["VmPeak"]) * 1024 > SANITIZER_BYTES
        while self.probe.count == 0:
            time.sleep(0.01)  # Its connection is part of what is open at the beginning.

    def end(self):
        self.probe.over.set()
        self.probe.join()

    def open_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def thread_count(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def begin(self):
        self.log.skip()
        self.open_before, self.threads_before = self.open_count(), self.thread_count()
        try:
            pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")  # The peak begins anew.
        except OSError:
            pass
        self.rss_before = int(status_of(self.pid)["VmRSS"])
        self.peak_mib = 0.0

    def _settled(self, condition):
        end = time.monotonic() + SETTLE_SECONDS
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def complaints(self, case):
        """What is wrong after a case, in words. Descriptors, memory and the log line are waited for."""
        try:
            if self.process.poll() is None:
                return [*self._memory(case), *self._counts(case), *self.probe.take_bad(), *self._lines(case)]
        except (KeyError, FileNotFoundError, ProcessLookupError):
            self.process.wait(timeout=SETTLE_SECONDS)  # It is ending: what it had is gone already.
        return [f"the process ended with {self.process.returncode}"]

    def _memory(self, case):
        now = status_of(self.pid)
        self.peak_mib = max(0, int(now["VmHWM"]) - self.rss_before) / 1024
        if self.is_sanitized:
            return
        if self.peak_mib > case.memory_mib:
            yield f"the peak was {self.peak_mib:.0f} MiB above before (bound {case.memory_mib})"

        def kept():
            return (int(status_of(self.pid)["VmRSS"]) - self.rss_before) / 1024
        if not self._settled(lambda: kept() <= MEMORY_MIB_MAX):
            yield f"{kept():.0f} MiB more than before are kept"

    def _counts(self, case):
        if not self._settled(lambda: self.open_count() <= self.open_before + case.keeps_open):
            yield f"{self.open_count() - self.open_before} descriptors are left open"
        if not self._settled(lambda: self.thread_count() <= self.threads_before):
            yield f"{self.thread_count() - self.threads_before} threads are left"

    def _lines(self, case):
        if case.logs and not self._settled(lambda: self.log.fresh()):
            yield "nothing was logged"
        for line in self.log.fresh():
            why = malformed(line)
            if why:
                yield f"a log line {why}: {line[:200]!r}"
            if found := self.secrets.found_in(line):
                yield f"the log tells {found}"


class Secrets:
    """What no log, file or answer may show."""

    def __init__(self):
        self.rows = {}

    def add(self, name, text):
        self.rows[text.encode() if isinstance(text, str) else text] = name
        return text

    def found_in(self, data):
        return next((name for secret, name in self.rows.items() if secret in data), None)

    def found_below(self, folder):
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                found = self.found_in(path.read_bytes())
                if found:
                    yield f"{path.relative_to(folder)} holds {found}"
