# SPDX-License-Identifier: Apache-2.0
"""Table L, and A13 and A14: starts that must be refused, folders that are damaged, what is found again after a kill.

Most cases start a server of their own on a copy of one small data folder.
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import packs
from harness import (PATIENCE_SECONDS, ZERO, Case, Elsewhere, Server, Wrong, check, environment, git_client, one_of, program,
                     push_body, report_of, wait_until)

CASES = []


def case(row, name, **more):
    more.setdefault("on", "none")
    more.setdefault("logs", False)

    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


# A small data folder with two repositories, made once; each case has a copy ------------------------------

def template(world):
    if not hasattr(world, "template"):
        server = Server(world.folder / "template")
        server.root.mkdir(exist_ok=True)
        server.init().start()
        world.secrets.add("the key of the template", server.key)
        world.template_heads = {}
        for name in ("one", "two"):
            repo = git_client.Repo(world.folder / f"template-{name}").init(server.code_url(name))
            for number in range(3):
                world.template_heads[name] = repo.commit(f"{name} {number}", **{f"{name}{number}.txt": f"{number}\n" * 2000})
                repo("push", "-q", "origin", "main")
        check(server.stop() == 0, "the template does not stop in order")
        world.template = server
    return world.template


def copied(world):
    """A server, not started, on a copy of the template."""
    first = template(world)
    root = pathlib.Path(tempfile.mkdtemp(prefix="copy-", dir=world.folder))
    shutil.copytree(first.data, root / "data", ignore=shutil.ignore_patterns("*.sock"))
    server = Server(root)
    server.key, server.client_id, server.client = first.key, first.client_id, "admin"
    return server


def serve(world, data, *words, seconds=60, **more):
    """Runs `origind serve` that must end by itself; returns (exit status, what it said)."""
    done = subprocess.run([program(), "serve", "--data", str(data), "--http", "127.0.0.1:0", *map(str, words)],
                          capture_output=True, timeout=seconds, env=environment(), **more)
    said = done.stdout + done.stderr
    check(b" serves " not in done.stdout, "it started")
    check(done.returncode > 0, f"it died of signal {-done.returncode}: {said[-400:]}")
    if found := world.secrets.found_in(said):
        raise Wrong(f"its message tells {found}")
    return done.returncode, said.decode("utf-8", "replace")


def last_line(said):
    return said.strip().splitlines()[-1][-110:] if said.strip() else "nothing said"


# A13: configurations ------------------------------------------------------------------------------------

CONFIGS = {
    "an unknown setting": '[http]\nlistne = "127.0.0.1:0"\n', "a wrong type": "[workers]\nthreads = \"many\"\n", "a setting twice": "[log]\nlevel = \"info\"\nlevel = \"info\"\n",
    "a table twice": "[log]\nlevel = \"info\"\n[log]\nformat = \"json\"\n", "port 70000": '[http]\nlisten = "127.0.0.1:70000"\n', "a negative port": '[http]\nlisten = "127.0.0.1:-1"\n',
    "a host name to listen on": '[http]\nlisten = "localhost:80"\n', "threads 0": "[workers]\nthreads = 0\n", "threads 2^63": "[workers]\nthreads = 9223372036854775808\n",
    "no SSH connections": "[ssh]\nconnections = 0\n", "SSH for ever": "[ssh]\nlogin_seconds = 100001\n", "an SSH time in words": "[ssh]\nidle_seconds = \"1h\"\n",
    "ssh.compat in words": "[ssh]\ncompat = \"yes\"\n", "ssh.compat as a number": "[ssh]\ncompat = 1\n",
    "threads 1e9": "[workers]\nthreads = 1e9\n", "a certificate without its key": '[http]\ntls_certificate = "/nowhere"\n',
    "a certificate that is not there": '[http]\ntls_certificate = "/nowhere"\ntls_key = "/nowhere"\n', "text that is no TOML": "log: {level: info}\n",
    "text that is not UTF-8": b"[log]\nlevel = \"\xff\xfe\"\n", "a NUL": b"[log]\nlevel = \"in\0fo\"\n", "10 MB": "#" * 10_000_000, "2,000 levels": "a = " + "[" * 2000 + "]" * 2000 + "\n",
    "an address block that is none": '[outbound]\nallow = ["10.0.0.0/99"]\n', "a public URL without a scheme": '[http]\npublic_url = "git.example.org"\n',
    "a public URL of another scheme": '[http]\npublic_url = "ftp://git.example.org"\n',
}
for name_, text_ in CONFIGS.items():
    @case("A13", f"a configuration with {name_}")
    def bad_config(world, text=text_):
        template(world)
        path = pathlib.Path(tempfile.mkstemp(suffix=".toml", dir=world.folder)[1])
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        status, said = serve(world, world.template.data, "--config", path)
        check(len(said) < 4000, f"{len(said)} bytes of message")
        return one_of(status, {78}, "exit") + f": {last_line(said)}"


@case("A13", "three mistakes in one configuration are told at once")
def all_mistakes(world):
    template(world)
    path = world.folder / "three.toml"
    path.write_text('[http]\nlistne = "x"\n[workers]\nthreads = "x"\n[log]\nlevel = "loud"\n')
    status, said = serve(world, world.template.data, "--config", path)
    one_of(status, {78}, "exit")
    check(all(word in said for word in ("listne", "threads", "level")), said)
    return "http.listne, workers.threads, log.level"


@case("A13", "a configuration that begins with a byte order mark")
def config_with_mark(world):
    server = copied(world)
    path = server.root / "mark.toml"
    path.write_bytes(b'\xef\xbb\xbf[log]\nformat = "json"\n')
    server.options = ["--config", str(path)]
    with contextlib.closing(stopping(server)):
        server.start()
        check('{"' in server.log(), "its settings were not taken")
    return "taken, as TOML says"


@case("A13", "a configuration that is a folder, one that is not there, one that is a pipe")
def config_of_no_kind(world):
    template(world)
    pipe = world.folder / "pipe.toml"
    os.mkfifo(pipe)
    for path in (world.folder, world.folder / "nowhere.toml", pipe):
        one_of(serve(world, world.template.data, "--config", path)[0], {78}, "exit")
    return "78 each"


@case("A13", "a master key that others may read")
def readable_master_key(world):
    server = copied(world)
    (server.data / "master.key").chmod(0o644)
    return one_of(serve(world, server.data)[0], {78}, "exit")


@case("A13", "a port in use")
def port_in_use(world):
    server = copied(world)
    taken = f"127.0.0.1:{world.server.port}"
    done = subprocess.run([program(), "serve", "--data", server.data, "--http", taken], capture_output=True, timeout=60, env=environment())
    check(world.ask("GET", "/healthz", key=None).status == 200, "the one that had it suffers")
    return one_of(done.returncode, {78}, "exit")


@case("A13", "data folders that are none: missing, empty, a file, relative")
def no_data_folder(world):
    empty = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    file = world.folder / "a-file"
    file.write_text("x")
    for path in (world.folder / "missing", empty, file, pathlib.Path("no/such/folder")):
        status, said = serve(world, path)
        one_of(status, {1, 78}, "exit")
    check(not any(empty.iterdir()), "something was made in the empty one")
    return "refused, nothing made"


@case("A14", "SIGHUP with a broken configuration under load", on="plain", logs=True, fakeable=False)
def hang_up(world):
    path = pathlib.Path(world.server.options[1])
    kept = path.read_text()
    over, failed = threading.Event(), []

    def load():
        while not over.is_set():
            try:
                if world.server.get("/api/projects").status != 200:
                    failed.append(1)
            except OSError:
                failed.append(1)
                return
    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        path.write_text("this is no TOML at all\n")
        for _ in range(5):
            world.server.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
        wait_until("a line about it", lambda: "SIGHUP" in world.server.log(), 20)
    finally:
        path.write_text(kept)
        over.set()
        for thread in threads:
            thread.join()
    check(not failed, f"{len(failed)} requests failed")
    check(world.server.process.poll() is None, "it ended")
    return "nothing changes, a warning says so, no request failed"


# L3 to L5: the store ----------------------------------------------------------------------------------------

class stopping:
    """Ends a server that a case started, whatever became of it."""

    def __init__(self, server):
        self.server = server

    def close(self):
        if self.server.process is not None:
            self.server.kill()


def all_there(world, server, names=("one", "two")):
    for name in names:
        clone = git_client.Repo.clone(server.code_url(name), pathlib.Path(tempfile.mkdtemp(dir=world.folder)) / "clone")
        check(clone.head() == world.template_heads[name], f"{name} is another")


@case("L3", "kill -9 in the middle of pushes, five times; each start finds all that was acknowledged")
def kill_in_write(world):
    server = copied(world)
    acknowledged = {}
    with contextlib.closing(stopping(server)):
        server.start()
        for turn in range(5):
            made = [packs.commit_on(world.template_heads["one"], f"kill-{turn}-{n}") for n in range(40)]
            done = threading.Event()

            def push_all():
                for number, (commit, pack) in enumerate(made):
                    ref = f"refs/heads/kill/{turn}-{number}"
                    try:
                        answer = server.request("POST", "/admin/one.git/git-receive-pack", push_body([(ZERO, commit, ref)], pack),
                                                headers={"Content-Type": "application/x-git-receive-pack-request"})
                        if report_of(answer.body)[1].get(ref) == "ok":
                            acknowledged[ref] = commit
                    except OSError:
                        pass
                    if number == 5 + turn:
                        done.set()
            thread = threading.Thread(target=push_all)
            thread.start()
            done.wait(60)
            server.kill()
            thread.join()
            server.start()
            body = server.get("/admin/one.git/info/refs?service=git-upload-pack").body
            refs = {name.decode(): oid.decode() for oid, name in re.findall(rb"([0-9a-f]{40}) (refs/[^\0\n]+)", body)}
            lost = {ref for ref, commit in acknowledged.items() if refs.get(ref) != commit}
            check(not lost, f"lost: {lost}")
        all_there(world, server)
        one_of(server.stop(), {0}, "exit")
    return f"{len(acknowledged)} acknowledged, all there"


def damage(change):
    """A start that must be refused with words, twice alike, and never by a signal."""
    def run(world):
        server = copied(world)
        file = server.data / "store/data.mdb"
        change(file)
        status, said = serve(world, server.data)
        one_of(status, {78}, "exit")
        check("damaged" in said or "store" in said or "mdb" in said, f"it does not say what is wrong: {said[-300:]}")
        again, _ = serve(world, server.data)
        check(again == status, "the second start says something else")
        return f"exit {status}: {last_line(said)}"
    return run


def overwrite(file, at, data):
    with open(file, "r+b") as out:
        out.seek(at)
        out.write(data)


@case("L4", "data.mdb: the last 64 bytes of each page of rows flipped")
def flipped_pages(world):
    server = copied(world)
    file = server.data / "store/data.mdb"
    for at in range(2 * 4096, file.stat().st_size, 4096):
        with open(file, "rb") as source:
            source.seek(at)
            page = source.read(4096)
        if any(page):
            overwrite(file, at + 4032, bytes(byte ^ 0x5a for byte in page[4032:]))
    with contextlib.closing(stopping(server)):
        try:
            server.start()
        except AssertionError as refused:
            check("damaged" in str(refused) or "store" in str(refused), str(refused)[-300:])
            return "the start is refused with words"
        statuses = {server.get(path).status for path in ("/api/projects", "/api/clients", "/api/keys", "/api/events")}
        check(server.get("/healthz", key=None).status == 200 and statuses <= {200, 401, 404, 500}, f"{statuses}")
        server.stop()
    return f"it starts; rows that are damaged answer {sorted(statuses)}"


for name_, change_ in (("both headers zeroed", lambda f: overwrite(f, 0, bytes(8192))), ("the first header's mark zeroed", lambda f: overwrite(f, 16, bytes(4))),
                       ("cut to 8 KiB", lambda f: os.truncate(f, 8192)), ("cut to 100 bytes", lambda f: os.truncate(f, 100)), ("emptied", lambda f: os.truncate(f, 0)),
                       ("random bytes instead", lambda f: f.write_bytes(os.urandom(1 << 20))),
                       ("missing", lambda f: f.unlink()), ("a folder instead", lambda f: (f.unlink(), f.mkdir()))):
    case("L4", f"data.mdb: {name_}")(damage(change_))


for name_, change_ in (("missing", lambda f: f.unlink()), ("junk", lambda f: f.write_bytes(b"junk" * 100)), ("empty", lambda f: f.write_bytes(b""))):
    @case("L4", f"lock.mdb: {name_}")
    def lock_file(world, change=change_):
        server = copied(world)
        file = server.data / "store/lock.mdb"
        if not file.exists():
            return "there is none after a stop"
        change(file)
        with contextlib.closing(stopping(server)):
            server.start()
            all_there(world, server, ["one"])
        return "made anew, all there"


@case("L5", "a second server on one folder")
def second_server(world):
    status, said = serve(world, world.server.data)
    check(world.ask("GET", "/healthz", key=None).status == 200, "the first one suffers")
    return one_of(status, {78}, "exit") + f": {last_line(said)}"


# L8, L9, L11: folders and packs -------------------------------------------------------------------------------

def by_project(server):
    """{slug: folder}, asked of the running server."""
    folders = {}
    for row in server.get("/api/projects").json["projects"]:
        folders[row["codeUrl"].split("/")[-1].removesuffix(".git")] = pathlib.Path(server.data) / "projects" / row["projectId"]
    return folders


def damaged_project(world, change, slug="one"):
    """Lets `change` do what it does to the folder of project `slug`, between a stop and a start; returns the server."""
    server = copied(world)
    server.start()
    folder = by_project(server)[slug]
    server.stop()
    change(folder)
    server.start()
    return server


def hurt(folder, suffix):
    return sorted(folder.rglob(f"*{suffix}"))


def flip_middle(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.chmod(0o644)
    path.write_bytes(data)


DAMAGES = {
    "a pack without its index": lambda folder: [path.unlink() for path in hurt(folder, ".idx")],
    "an index without its pack": lambda folder: [path.unlink() for path in hurt(folder, ".pack")],
    "one bit of each pack flipped": lambda folder: [flip_middle(path) for path in hurt(folder, ".pack")],
    "one bit of each index flipped": lambda folder: [flip_middle(path) for path in hurt(folder, ".idx")],
    "each pack cut to half": lambda folder: [(path.chmod(0o644), os.truncate(path, path.stat().st_size // 2)) for path in hurt(folder, ".pack")],
    "each pack emptied": lambda folder: [(path.chmod(0o644), os.truncate(path, 0)) for path in hurt(folder, ".pack")],
    "the packs of another project": lambda folder: [path.write_bytes(b"PACK\0\0\0\2\0\0\0\0" + bytes(20)) for path in hurt(folder, ".pack") if not path.chmod(0o644)],
}
for name_, change_ in DAMAGES.items():
    @case("L11", f"{name_}: its clone fails clearly, the other project is whole")
    def hurt_packs(world, change=change_):
        server = damaged_project(world, change)
        with contextlib.closing(stopping(server)):
            all_there(world, server, ["two"])
            repo = git_client.Repo(pathlib.Path(tempfile.mkdtemp(dir=world.folder)))
            done = repo.run("clone", "-q", server.code_url("one"), repo.path / "clone", check=False)
            if done.returncode == 0:  # What was hurt was not needed, or was rebuilt: then all of it is right.
                all_there(world, server, ["one"])
                words = "rebuilt: cloned whole"
            else:
                check("Internal" not in done.stderr and str(server.data) not in done.stderr, done.stderr)
                words = done.stderr.strip().splitlines()[0][:80]
            check(server.get("/healthz", key=None).status == 200, "it does not answer")
            one_of(server.stop(), {0}, "exit")
        return words


@case("L11", "leftovers of pushes and stale locks are removed or ignored")
def leftovers(world):
    def litter(folder):
        for place in {path.parent for path in hurt(folder, ".pack")} | {folder / "quarantine"}:
            place.mkdir(exist_ok=True)
            for name in ("tmp_pack_1234", "incoming.pack", "pack-" + "0" * 40 + ".lock", "x.tmp"):
                (place / name).write_bytes(b"junk")
        mark = folder.parent / "written" / folder.name  # As of a server that was killed while it wrote there.
        check(mark.parent.is_dir(), f"there is no {mark.parent}")
        mark.touch()
    server = damaged_project(world, litter)
    with contextlib.closing(stopping(server)):
        all_there(world, server)
        left = [path for path in server.data.rglob("quarantine/*") if path.is_file()]
        check(not left, f"left in quarantine: {left}")
        one_of(server.stop(), {0}, "exit")
    return "all there"


@case("L8", "a data folder that may only be read")
def read_only_folder(world):
    server = copied(world)
    if os.geteuid() == 0:
        done = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
        if done.returncode != 0:
            return "root ignores rights, and mounts are not allowed here: not tried"
        script = f'mount --bind "{server.data}" "{server.data}" && mount -o remount,ro,bind "{server.data}" && ' \
                 f'exec "{program()}" serve --data "{server.data}" --http 127.0.0.1:0'
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    else:
        for path in [server.data, *server.data.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
        words = [program(), "serve", "--data", str(server.data), "--http", "127.0.0.1:0"]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE_SECONDS, env=environment(), text=True)
    check(" serves " not in done.stdout, "it started")
    return one_of(done.returncode, {1, 78}, "exit") + f": {last_line(done.stderr)}"


@case("L8", "no more files may grow (RLIMIT_FSIZE): pushes fail, clones go on, later it goes on")
def file_size_limit(world):
    server = copied(world)
    with contextlib.closing(stopping(server)):
        server.start()
        pid = server.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        commit, pack = packs.commit_on(world.template_heads["one"], "no-space")
        body = push_body([(ZERO, commit, "refs/heads/no-space")], pack)
        kind = {"Content-Type": "application/x-git-receive-pack-request"}
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, hard))
        try:
            answer = server.request("POST", "/admin/one.git/git-receive-pack", body, headers=kind)
            verdict = f"{answer.status} {report_of(answer.body)[0]}"
            check(report_of(answer.body)[1].get("refs/heads/no-space") != "ok", "it was acknowledged")
            alive = server.process.poll() is None
            if alive:
                all_there(world, server, ["one"])
        except OSError:
            alive, verdict = False, "no answer"
        if not alive:
            return ended(world, server)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        refs = report_of(server.request("POST", "/admin/one.git/git-receive-pack", body, headers=kind).body)[1]
        check(refs.get("refs/heads/no-space") == "ok", f"it does not go on: {refs}")
        one_of(server.stop(), {0}, "exit")
    return verdict[:100]


def ended(world, server):
    status = server.process.wait(timeout=60)
    server.process = None
    check(status == 74, f"it ended with {status}")
    server.start()
    all_there(world, server)
    return "exit 74; the next start finds all"


ELSEWHERE = [
    Elsewhere("A13", "overrides by the environment", "the environment is not read (docs/configuration.md)"),
    Elsewhere("A13", "port 0, a relative data folder", "both are allowed: port 0 takes a free one, a relative folder is one"),
    Elsewhere("A14", "a reload", "there is none: SIGHUP changes nothing and says so"),
    Elsewhere("L1", "the map is full at the k-th put", "inside the process only: store/lmdb_store_test.cc grows a small map under load"),
    Elsewhere("L2", "a reader left open", "no peer can hold one for longer than a step: store/lmdb_store_test.cc; limits.h: 20 s"),
    Elsewhere("L3", "a kill inside the store's own transaction", "tests/kill kills at random under writers, store tests at each step; five rounds here"),
    Elsewhere("L5", "a store of a newer format, a wrong page size", "the format is a row of the store: store/format_test.cc"),
    Elsewhere("L6", "ENOSPC and EDQUOT at each call", "needs a small file system or a tracer: the faults suite"),
    Elsewhere("L7", "EIO on a sync", "needs a tracer: the faults suite"),
    Elsewhere("L8", "a remount under a running server, inodes at an end", "needs a file system of its own: the faults suite"),
    Elsewhere("L9", "a data folder on NFS, tmpfs or overlay", "needs such a mount; the judgement is store/lmdb_store.cc's and has a unit test"),
    Elsewhere("L10", "clocks that jump", "needs a clock of its own: the faults suite"),
    Elsewhere("L12", "a backup under load", "there is no online backup yet"),
    Elsewhere("L13", "a million refs, 100,000 projects", "sizes and restart times are figures of ./dev bench"),
    Elsewhere("L14", "PostgreSQL", "there is no such store yet"),
    Elsewhere("L15", "S3", "there is no such store yet"),
]
