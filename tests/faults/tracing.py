# SPDX-License-Identifier: Apache-2.0
"""strace on a running server: what its threads ask of the kernel, and one of these calls met by a kill or an error.

strace counts `when=` for each thread by itself, so a place is (thread, call, the n-th). Threads are known by their names
(docs/threads.md); where several have one name, whichever comes to the n-th call meets the fault.
"""
import collections
import contextlib
import pathlib
import re
import signal
import subprocess
import tempfile

# Waiting, memory, time: how often these come is chance, and they change nothing outside the process.
UNSEEN = {"futex", "epoll_wait", "restart_syscall", "poll", "ppoll", "select", "clock_nanosleep", "clock_gettime", "sched_yield", "mmap",
          "munmap", "mprotect", "madvise", "brk", "mremap", "rt_sigprocmask", "rt_sigtimedwait", "getpid", "gettid", "getrandom", "rseq"}
LINE = re.compile(r"^(?:(\d+) +)?(\w+)\((.*)$")


class Place(collections.namedtuple("Place", "thread call number text")):
    """One system call of one operation, and what strace printed of it."""

    def __str__(self):
        return f"{self.thread}: {self.call} #{self.number}"


def threads(pid):
    """{thread id: name}"""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # A thread that has just ended.
            found[int(task.name)] = (task / "comm").read_text().strip()
    return found


class Strace:
    """Attached when made, detached at the end of `with`; the server goes on."""

    def __init__(self, pids, *options):
        self.file = tempfile.NamedTemporaryFile(prefix="origind-strace-", suffix=".txt")
        words = ["strace", "-y", "-s", "160", "-o", self.file.name, *options]
        for pid in pids:
            words += ["-p", str(pid)]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        attached, said = 0, ""
        while attached < len(pids):
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"strace did not attach: {said}")
            said += line
            attached += "attached" in line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # It detaches.
        self.process.stderr.read()
        self.process.wait()
        self.process.stderr.close()
        with open(self.file.name, errors="replace") as file:
            self.lines = file.read().splitlines()
        self.file.close()

    def injected(self):
        return [line for line in self.lines if "(INJECTED)" in line]


def calls_of(server, operation):
    """Every system call that `operation` makes the server ask, in order, as places."""
    names = threads(server.process.pid)
    with Strace(names, "-e", "trace=!" + ",".join(sorted(UNSEEN))) as trace:
        operation()
    counts, places = collections.Counter(), []
    for line in trace.lines:
        found = LINE.match(line)
        if not found or int(found[1]) not in names:
            continue
        thread, call = int(found[1]), found[2]
        counts[thread, call] += 1
        place = Place(names[thread], call, counts[thread, call], found[3])
        if not any(place[:3] == known[:3] for known in places):
            places.append(place)
    return places


def met_by(server, place, fault):
    """Attached so that the call at `place` meets `fault` ("signal=SIGKILL", "error=ENOSPC")."""
    wanted = [thread for thread, name in threads(server.process.pid).items() if name == place.thread]
    return Strace(wanted, "-e", f"trace={place.call}", "-e", f"inject={place.call}:{fault}:when={place.number}")
