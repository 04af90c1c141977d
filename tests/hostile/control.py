# SPDX-License-Identifier: Apache-2.0
"""The controls: a suite that cannot fail shows nothing.

First each check of the process (alive, memory, descriptors, threads, health, log, secrets) against a server that is wrong
in just that; then every case that is sent to a running server, against one that says yes to everything and one that says
no to everything: a case that likes both looks at nothing.
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import time

import harness
import ssh_rows
import tables
import watch
from harness import Case, Server, World

HERE = pathlib.Path(__file__).resolve().parent
KEY = "ogk_" + "controlcontrol" * 5 + "x"
# What its complaint must say, by what the impostor does wrong. None: nothing is wrong.
MODES = {
    "good": None, "answers wrongly": "status 200", "answers twice": "2 answers", "stays open": "left open", "dies": "ended with 3",
    "is killed": "ended with -11", "keeps memory": "are kept", "peaks": "the peak was", "keeps descriptors": "descriptors are left open",
    "keeps threads": "threads are left", "slow health": "slow too", "ill health": "failed twice", "says nothing": "nothing was logged",
    "logs raw text": "is not JSON", "tells the log": "the log tells", "tells the peer": "an answer tells", "keeps the key": "holds",
}


class Impostor:
    """A World whose one server is impostor.py."""

    def __init__(self, folder, mode):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        self.world = World(self.folder)
        self.server = Server(self.folder)
        self.server.data.mkdir()
        self.server.log_path.touch()
        self.server.process = subprocess.Popen([sys.executable, "-B", HERE / "impostor.py", mode, self.server.log_path, self.server.data],
                                               stdout=subprocess.PIPE)
        self.server.port = int(self.server.process.stdout.readline())
        self.server.url = f"http://127.0.0.1:{self.server.port}"
        self.server.key, self.server.client, self.server.client_id = KEY, "admin", "cli_x"
        world = self.world
        world.servers = {"plain": self.server, "tls": self.server}
        world.secrets.add("the key", KEY)
        world.base = world.tree = world.large = world.gone = "1" * 40
        world.project, world.site_host, world.page = "prj_x", "site.localhost", b"page"

    def end(self):
        if self.server.process.poll() is None:
            self.server.process.kill()
        self.server.process.wait()
        self.server.process.stdout.close()


class SshImpostor:
    """A World whose one door is ssh_impostor.py."""

    def __init__(self, folder, mode):
        self.world = World(tempfile.mkdtemp(dir=folder))
        self.process = subprocess.Popen([sys.executable, "-B", HERE / "ssh_impostor.py", mode], stdout=subprocess.PIPE)
        self.world.door = ssh_rows.Door.of_impostor(self.world, self.process, int(self.process.stdout.readline()))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def check_of_process(folder, mode, wanted):
    """Runs one case under a watch; returns what is wrong with the check itself, or nothing."""
    import run
    made = Impostor(folder, mode)
    world = made.world
    try:
        world.watches["plain"] = watch.Watch(made.server, world.secrets)
        seconds = 4 if mode == "stays open" else 30

        def one(world):
            talk = world.talk(world.head("BAD / HTTP/1.1", key=""), seconds=seconds)
            harness.check(len(talk.statuses) == 1, f"{len(talk.statuses)} answers to one request")
            harness.check(talk.closed, "the connection was left open")
            if "health" in mode:
                time.sleep(4)  # Long enough for two slow answers in a row.
            return harness.one_of(talk.status, {400})
        (_, words, wrong), = run.watched(world, [Case("-", mode, one)])
        wrong = wrong + list(world.secrets.found_below(made.server.data))
        world.watches["plain"].end()
    finally:
        made.end()
    if wanted is None:
        return f"it complains of a good server: {wrong}" if wrong else None
    return None if any(wanted in text for text in wrong) else f"unnoticed; it said {wrong or words}"


def verdict(world, case):
    """'red', 'green', or why the case cannot be run against an impostor."""
    try:
        case.run(world)
    except AssertionError:  # Wrong, and what waits in vain.
        return "red"
    except Exception as error:
        return f"broke: {type(error).__name__}: {error}"[:160]
    return "green"


def check_of_cases(folder, cases, impostor):
    """{name of case: {mode: verdict}}: of the one that says no, and if that is not red, of the one that says yes."""
    found = {case: {} for case in cases}
    for mode in ("no", "yes"):
        made = impostor(folder, mode)
        left = [case for case in cases if "red" not in found[case].values()]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for case, said in zip(left, pool.map(lambda case: verdict(made.world, case), left)):
                found[case][mode] = said
        made.end()
    return found


def main():
    watch.SETTLE_SECONDS = 3
    passed = failed = 0

    def say(name, wrong):
        nonlocal passed, failed
        passed, failed = passed + (not wrong), failed + bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {name}{': ' + wrong if wrong else ''}", flush=True)
    with tempfile.TemporaryDirectory(prefix="origind-hostile-control-") as folder:
        for mode, wanted in MODES.items():
            say(f"a server that {mode}: {'no complaint' if wanted is None else wanted}", check_of_process(folder, mode, wanted))
        for on, impostor in (("plain", Impostor), ("ssh", SshImpostor)):
            cases = [case for case in tables.chosen() if case.on == on and not case.slow and case.fakeable]
            for case, said in check_of_cases(folder, cases, impostor).items():
                say(f"{case.row} {case.name}", None if "red" in said.values() else "; ".join(f"{mode}: {each}" for mode, each in said.items()))
        tables.ROWS.append("H99")
        say("a row in no table", None if tables.missing() == ["H99"] else "unnoticed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


