# SPDX-License-Identifier: Apache-2.0
"""Measurements of the Git side: ref listing, small clone, pushes; replayed, and by the real client."""
import time

import load
import record
from figures import Figure, spread
from git_client import Repo
from world import CONNECTIONS

BACKEND, BEAST = "http-backend", "beast"


def _ratio(figure, peer):
    return figure.ratios.get(peer, 0.0)


def _throughput(world, exchanges, name, expect=""):
    """Operations a second of each server, taking turns; also their processor time per operation."""
    sizes, found, cpu = world.sizes, {}, {}
    bare, bare_file = world.beast(exchanges, name)
    with bare:
        files = {server: world.replay_file(server, "small", exchanges, name) for server in world.servers()}
        files[bare] = bare_file
        for _ in range(sizes.rounds):
            for server, file in files.items():
                run = load.run(server, file, CONNECTIONS, len(exchanges), expect,
                               milliseconds=sizes.milliseconds, warm=2 * CONNECTIONS)
                found.setdefault(server.name, []).append(run["per_second"])
                if server is not world.backend:  # The time of its git processes is in nobody's account.
                    operations = run["operations"] + 2 * CONNECTIONS
                    cpu.setdefault(server.name, []).append(run["server_cpu_seconds"] * 1000 / operations)
    medians = {server: round(spread(values)["median"], 4) for server, values in cpu.items()}
    return {server: spread(values) for server, values in found.items()}, {"cpu_ms_per_operation": medians}


def _cpu_note(more):
    return "processor time each: " + ", ".join(f"{name} {ms:.3f} ms" for name, ms in more["cpu_ms_per_operation"].items())


def refs(world):
    """`git ls-remote` of the small repository, protocol v2."""
    exchanges = record.record(world.origin, "small", (world.small, "ls-remote", "URL"))
    found, more = _throughput(world, exchanges, "refs", expect="refs/heads/main")
    figure = Figure("ref_listing", "ref listing (v2)", "/s", found.pop("origind"), found,
                    "60x http-backend and a third of beast", more=more, note=_cpu_note(more))
    if BACKEND in found:
        figure.met = _ratio(figure, BACKEND) >= 60 and _ratio(figure, BEAST) >= 1 / 3
    return [figure]


def clone(world):
    """`git clone` of the small repository, protocol v2."""
    exchanges = record.record(world.origin, "small", (world.small, "clone", "-q", "--bare", "URL", world.root / "recorded.git"))
    found, more = _throughput(world, exchanges, "clone", expect="PACK")
    figure = Figure("small_clone", "full clone, small, warm", "/s", found.pop("origind"), found,
                    "50x http-backend or half of beast", more=more, note=_cpu_note(more))
    if BACKEND in found:
        figure.met = _ratio(figure, BACKEND) >= 50 or _ratio(figure, BEAST) >= 0.5
    else:
        figure.met = True if _ratio(figure, BEAST) >= 0.5 else None
    return [figure]


def push(world):
    """Pushes of one commit each, one after another on one connection."""
    sizes, small, found, more = world.sizes, world.small, {}, {"p99": {}}
    chain = record.add_chain(small, sizes.pushes)
    world.give("scratch")
    exchanges = []
    for commit in chain:
        exchanges += record.record(world.origin, "scratch", (small, "push", "-q", "URL", f"{commit}:refs/heads/main"))
    per_push = len(exchanges) // len(chain)
    for number in range(sizes.rounds):
        project = f"push-{number}"
        world.give(project)
        for server in world.servers():
            run = load.run(server, world.replay_file(server, project, exchanges, project), 1, per_push, "unpack ok", once=1)
            found.setdefault(server.name, []).append(run["latency_us"]["p50"] / 1000)
            more["p99"].setdefault(server.name, []).append(run["latency_us"]["p99"] / 1000)
            _check_tip(world, server, project, chain[-1])
    found = {name: spread(values) for name, values in found.items()}
    figure = Figure("push_one_commit", "push of one commit, p50", "ms", found.pop("origind"), found,
                    "8x http-backend" , more={"p99": {name: spread(v) for name, v in more["p99"].items()}},
                    note="both durable as by default: origind syncs everything, git its objects but not its refs")
    if BACKEND in found:
        figure.met = _ratio(figure, BACKEND) >= 8
    return [figure]


def _check_tip(world, server, project, commit):
    url = world.origin.code_url(project) if server is world.origin else server.url_of(project)
    told = Repo(world.root / "nowhere")("ls-remote", url, "refs/heads/main")
    assert told.split()[:1] == [commit], f"{server.name}: the pushes did not all arrive: {told}"


def client(world):
    """The real client's own times: it does most of the work, so there is no goal."""
    small, sizes = world.small, world.sizes
    rounds = max(sizes.rounds, sizes.samples // 5)
    chain = record.add_chain(small, rounds)
    world.give("real")
    clones, pushes = {}, {}
    for number in range(rounds):
        for server in world.servers():
            url = world.origin.code_url("real") if server is world.origin else server.url_of("real")
            into = world.root / f"cloned-{server.name}-{number}"
            begun = time.perf_counter()
            Repo(world.root / "nowhere")("clone", "-q", "--bare", url, into)
            cloned = time.perf_counter()
            small("push", "-q", url, f"{chain[number]}:refs/heads/main")
            clones.setdefault(server.name, []).append((cloned - begun) * 1000)
            pushes.setdefault(server.name, []).append((time.perf_counter() - cloned) * 1000)
    figures = []
    for name, title, values in (("client_clone", "git clone, as the client sees it", clones),
                                ("client_push", "git push, as the client sees it", pushes)):
        found = {server: spread(times) for server, times in values.items()}
        figures.append(Figure(name, title, "ms", found.pop("origind"), found))
    return figures
