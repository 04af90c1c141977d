#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast origind is, beside its peers in the same run. `./dev bench` builds and runs this; see docs/benchmarks.md."""
import argparse
import json
import sys

import places  # Finds the tests' helpers for the rest.
import api_works
import deploy_works
import figures
import git_works
import hook_works
import peers
import scale_works
import site_works
import ssh_works
import timing_works
import world as worlds

WORKS = {
    "refs": git_works.refs, "clone": git_works.clone, "push": git_works.push, "client": git_works.client,
    "commit": api_works.commit, "project": api_works.project, "deploy": api_works.deploy, "webhook": api_works.webhook,
    "live": deploy_works.live, "redeploy": deploy_works.redeploy, "local": site_works.local, "webhooks": hook_works.webhooks,
    "ssh": ssh_works.ssh, "idle": scale_works.idle, "start": scale_works.start,
    "constant-time": timing_works.constant_time,
}


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Figures of origind and its peers, from one run.",
                                     epilog="See docs/benchmarks.md for what is compared with what.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(WORKS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--quick", action="store_true", help="about three minutes: fewer and shorter rounds, 10,000 projects")
    parser.add_argument("--tiny", action="store_true", help="seconds: only shows that everything works")
    parser.add_argument("--without-peers", action="store_true", help="no nginx and git http-backend; the bare server stays")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in WORKS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(WORKS)}")
    return given


def measure(given, say):
    sizes = worlds.TINY if given.tiny else worlds.QUICK if given.quick else worlds.FULL
    with_peers = not given.without_peers
    if with_peers and peers.missing():
        say(f"There is no {', '.join(peers.missing())}: origind is measured without that peer.")
        with_peers = False
    document = {"format": 1, "begun": figures.now(), "machine": figures.machine(), "versions": worlds.versions(),
                "client_limits": "none",
                "sizes": "tiny" if given.tiny else "quick" if given.quick else "full"}
    found = []
    with worlds.World(sizes, with_peers, say) as world:
        for name in given.names or WORKS:
            say(f"{name} ...")
            found += WORKS[name](world)
    document["ended"] = figures.now()
    document["figures"] = [figure.as_json() for figure in found]
    return document, found


def main():
    given = arguments()
    document, found = measure(given, lambda text: print(text, file=sys.stderr, flush=True))
    if given.json:
        print(json.dumps(document, indent=2))
    else:
        machine, versions = document["machine"], document["versions"]
        print(f"\n{document['begun']}, {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, load before "
              f"{machine['load_before']}; limits of clients: none; {versions['origind']}, {versions['git']}, {versions['nginx']}\n")
        print(figures.table(found))
    return 0


if __name__ == "__main__":
    assert places
    sys.exit(main())
