# SPDX-License-Identifier: Apache-2.0
"""Live sites of the target `local`, beside nginx that serves the same files from the disk."""
import contextlib
import http.client
import random

import load
import peers
from figures import Figure, spread
from git_client import Repo
from world import CONNECTIONS

SMALL, PAGE = 300, 60 * 1024
GOAL = "nginx"


def _text(bytes_, seed):
    words = random.Random(seed)
    return ("<!doctype html>\n" + " ".join(f"{words.getrandbits(40):x}" for _ in range(bytes_ // 10 + 1)))[:bytes_].encode()


class Sites:
    """The same trees at origind and in a folder of each host name."""

    def __init__(self, world):
        self.world, self.folder = world, world.root / "sites"
        self.hosts = []

    def add(self, name, files):
        """A project whose main is live; its host name is the name of its folder too."""
        origin = self.world.origin
        project = origin.make_project(name)
        origin.deploys_main(project)
        tree = self.world.root / "trees" / name
        for path, content in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content)
        repo = Repo(tree)
        repo("init", "-q")
        repo("add", "-A")
        repo("commit", "-q", "-m", "site")
        repo("push", "-q", origin.code_url(name), "HEAD:refs/heads/main")
        live = origin.settle_deployments(project)[-1]
        assert live["state"] == "live", live
        host = live["url"].split("://")[1].split("/")[0]
        place = self.folder / host.split(":")[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(tree)
        self.hosts.append(host)
        return host


def _etag(server, host, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        assert answer.status == 200, (server.name, answer.status)
        answer.read()
        return answer.getheader("ETag")
    finally:
        connection.close()


def _measure(world, servers, name, requests_of, **more):
    """Requests a second of each server, taking turns, and their processor time for each request."""
    found, cpu, files = {}, {}, {}
    for server in servers:
        files[server] = load.write(world.root / "requests" / f"{name}.{server.name}", requests_of(server))
    for number in range(world.sizes.rounds + 1):  # The first round warms everybody up.
        for server, file in files.items():
            run = load.run(server, file, more.get("connections", CONNECTIONS), milliseconds=world.sizes.milliseconds,
                           warm=more.get("warm", 2 * CONNECTIONS))
            if number > 0:
                found.setdefault(server.name, []).append(run["per_second"])
                cpu.setdefault(server.name, []).append(run["server_cpu_seconds"] * 1e6 / max(1, run["operations"]))
    return ({server: spread(values) for server, values in found.items()},
            {server: spread(values)["median"] for server, values in cpu.items()})


def _figure(world, servers, name, title, requests_of, **more):
    found, cpu = _measure(world, servers, name, requests_of, **more)
    figure = Figure(f"local_{name}", title, "/s", found.pop("origind"), found, GOAL, more={"cpu_us_per_request": cpu},
                    note="processor time each: " + ", ".join(f"{server} {us:.0f} us" for server, us in cpu.items()))
    if "nginx" in figure.ratios:
        figure.met = figure.ratios["nginx"] >= 1
    return figure


def local(world):
    """Small file, page, large file, conditional request, many hosts."""
    sites, sizes = Sites(world), world.sizes
    large = random.Random(1).randbytes(sizes.site_mebibytes * 1024 * 1024)
    host = sites.add("local-site", {"small.txt": _text(SMALL, 1), "page.html": _text(PAGE, 2), "large.bin": large})
    many = [sites.add(f"local-{number:04}", {"index.html": _text(SMALL, number)}) for number in range(sizes.sites)]

    def get(path, headers=None):
        return lambda _: [load.request("GET", path, {"Host": host, "User-Agent": "bench", **(headers or {})})]

    with contextlib.ExitStack() as running:
        servers = [world.origin]
        if world.with_peers:
            servers += [running.enter_context(peers.NginxSites(world.root / f"nginx-{number}", sites.folder, bool(number)))
                        for number in range(2)]
        figures = [
            _figure(world, servers, "small", f"site file of {SMALL} B", get("/small.txt")),
            _figure(world, servers, "page", f"site file of {PAGE // 1024} KiB", get("/page.html")),
            _figure(world, servers, "not_modified", "304 of it", lambda server: [load.request(
                "GET", "/page.html", {"Host": host, "If-None-Match": _etag(server, host, "/page.html")})]),
            _figure(world, servers, "hosts", f"{len(many)} hosts in turn", lambda _: [
                load.request("GET", "/", {"Host": one}) for one in many], warm=2 * len(many)),
            _figure(world, servers, "large", f"site file of {sizes.site_mebibytes} MiB, 2 at once", get("/large.bin"),
                    connections=2, warm=2),
        ]
    return figures
