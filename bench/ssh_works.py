# SPDX-License-Identifier: Apache-2.0
"""Measurements of the SSH door: sessions that list refs, and a clone of a large repository, beside OpenSSH + git-shell.

Both sides speak the same key exchange, host key and cipher. Sessions are bench_ssh_load's (bench/ssh_load.cc); clones are
the real client's.
"""
import contextlib
import json
import random
import shutil
import subprocess
import time

import load
import peers
import places
from figures import Figure, spread
from git_client import Repo
from world import Origin

SSHD = peers.OpenSsh.name
WORKERS = 4
LIMITS = "[ssh]\nconnections = 100000\nconnections_per_address = 100000\nconnections_per_client = 100000\n"


class SshOrigin(Origin):
    """An origind with an SSH door that bounds nobody, and a key for it."""

    ssh_user = "git"

    def __init__(self, folder):
        super().__init__(folder)
        config = self.root / "origind.toml"
        config.write_text(config.read_text() + LIMITS)
        self.options += ["--ssh", "127.0.0.1:0"]
        self.key_file = self.root / "key"

    def start(self):
        super().start()
        self.ssh_port = int(self.ssh_url.rsplit(":", 1)[1])
        return self

    def init(self):
        super().init()
        peers.make_ssh_key(self.key_file)
        self.command("key", "add-ssh", "--data", self.data, f"{self.key_file}.pub")
        return self

    def ssh_path_of(self, project):
        return f"/{self.client}/{project}.git"


def sessions(server, project, **more):
    """What bench_ssh_load tells of `server`'s sessions, and the server's processor time."""
    words = [places.tool("bench_ssh_load"), "--port", server.ssh_port, "--user", server.ssh_user, "--key", server.key_file,
             "--command", f"git-upload-pack '{server.ssh_path_of(project)}'", "--cipher", peers.SSH_CIPHER]
    for name, value in more.items():
        words += [f"--{name}", value]
    before = places.cpu_seconds(server.pids())
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise load.LoadFailed(f"bench_ssh_load: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    if found["failed"]:
        raise load.LoadFailed(f"{server.name}: {found['failed']} of {found['sessions']} sessions failed: {found['first_failure']}")
    found["server_cpu_seconds"] = places.cpu_seconds(server.pids()) - before
    return found


def make_large_repository(path, mebibytes):
    """One branch: bytes that do not compress, and as many small texts as mebibytes times 50."""
    chance = random.Random(7)
    repo = Repo(path).init()
    for number in range(mebibytes):
        (repo.path / f"data-{number}.bin").write_bytes(chance.randbytes(1 << 20))
    for number in range(mebibytes * 50):
        file = repo.path / f"texts/{number % 97}/{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"line {chance.random()}\n" for _ in range(20)))
    repo("add", ".")
    repo("commit", "-q", "-m", "large")
    return repo


def ssh(world):
    with contextlib.ExitStack() as stack:
        origin = SshOrigin(world.root / "ssh-origind")
        stack.callback(origin.remove)
        servers = [origin.init().start()]
        if world.with_peers:
            servers.append(stack.enter_context(peers.OpenSsh(world.root / "ssh-peer")))
        large = make_large_repository(world.root / "large", world.sizes.large_mebibytes)
        for name, source in (("small", world.small), ("large", large)):
            source("push", "-q", origin.code_url(name), "HEAD:refs/heads/main")
            for peer in servers[1:]:
                Repo(world.root)("clone", "-q", "--bare", "--no-local", source.path, peer.repositories / f"{name}.git")
        return [_listing(world, servers), _clone(world, servers)]


def _listing(world, servers):
    found, cpu = {}, {}
    for _ in range(world.sizes.rounds):
        for server in servers:
            run = sessions(server, "small", milliseconds=world.sizes.milliseconds, workers=WORKERS)
            found.setdefault(server.name, []).append(run["per_second"])
            cpu.setdefault(server.name, []).append(run["server_cpu_seconds"] * 1000 / run["sessions"])
    return _figure("ssh_listing", "SSH session: ref listing", "/s", found, cpu, 2, "a session")


def _clone(world, servers):
    found, cpu = {}, {}
    for number in range(world.sizes.rounds):
        for server in servers:
            into = world.root / f"ssh-cloned-{number}"
            url = f"ssh://{server.ssh_user}@127.0.0.1:{server.ssh_port}{server.ssh_path_of('large')}"
            before, begun = places.cpu_seconds(server.pids()), time.perf_counter()
            Repo(world.root, config=(f"core.sshCommand={peers.ssh_command(server.key_file)}",))("clone", "-q", "--bare", url, into)
            found.setdefault(server.name, []).append((time.perf_counter() - begun) * 1000)
            cpu.setdefault(server.name, []).append((places.cpu_seconds(server.pids()) - before) * 1000)
            shutil.rmtree(into)
    return _figure("ssh_large_clone", f"clone over SSH, {world.sizes.large_mebibytes} MiB", "ms", found, cpu, 1, "a clone")


def _figure(name, title, unit, found, cpu, goal, of_what):
    cpu = {server: round(spread(values)["median"], 3) for server, values in cpu.items()}
    found = {server: spread(values) for server, values in found.items()}
    note = f"processor time of {of_what}: " + ", ".join(f"{server} {ms:.2f} ms" for server, ms in cpu.items())
    figure = Figure(name, title, unit, found.pop("origind"), found, f"{goal}x OpenSSH + git-shell", note=note,
                    more={"cpu_ms": cpu})
    if SSHD in found:
        figure.met = figure.ratios[SSHD] >= goal
    return figure
