# SPDX-License-Identifier: Apache-2.0
"""Ours beside the providers' own programs: the same two trees go to a stand-in each, and what was asked of them is compared.

By method and path: what ours writes and the program does not, and the other way round, is in BESIDE with its reason, or it is
a failure; so is a call with another kind of token or type of content. By meaning: the same files under the same digests.
"""
import pathlib
import sys

import cloudflare
import netlify
import tree
import vercel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))

from git_client import Repo  # noqa: E402
from origin_server import Server  # noqa: E402

CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n[deploy]\nallow_api_base = true\n'
CHANGED = {"index.html": b"<p>second\n"}

SCRIPT = "/accounts/{account_id}/workers/scripts/{script_name}"
# {provider: {"ours" | "program": {(method, template): why the other one does not ask it}}}
BESIDE = {
    "netlify": {"ours": {("GET", "/sites/{site_id}"): "whether the deploy is what the site shows, or the site is locked"}, "program": {}},
    "vercel": {"ours": {}, "program": {}},
    "pages": {"ours": {}, "program": {}},
    "workers": {"ours": {("GET", SCRIPT + "/versions"): "whether the version was made already, when an answer was lost",
                         ("GET", SCRIPT + "/subdomain"): "the address, which the program makes up"},
                "program": {("PATCH", SCRIPT + "/script-settings"): "logs and consumers of a Worker's code: a site has none"}},
}
OWN_TYPES = {("text/javascript", "application/javascript")}  # (ours, the program's): the first is what RFC 9239 says.


def kind_of(standin, bearer):
    return "token" if bearer == standin.TOKEN else "upload token" if bearer and bearer.count(".") == 2 else f"{bearer}"


class Asked:
    """What a stand-in was asked, without what went wrong."""

    def __init__(self, standin):
        self.requests = [r for r in standin.requests if r.operation and r.status and r.status < 400]
        self.calls = [(r.method, r.operation) for r in self.requests]
        self.tokens, self.types = {}, {}
        for request in self.requests:
            call = request.method, request.operation
            self.tokens.setdefault(call, set()).add(kind_of(standin, request.bearer))
            if request.body:
                self.types.setdefault(call, set()).add(request.content_type)

    def sequence(self):
        """["POST /a", "PUT /b (3 times)", ...]"""
        made = []
        for call in self.calls:
            if made and made[-1][0] == call:
                made[-1][1] += 1
            else:
                made.append([call, 1])
        return [f"{method} {template}" + (f" ({count} times)" if count > 1 else "") for (method, template), count in made]

    def of(self, method, template):
        return [r for r in self.requests if (r.method, r.operation) == (method, template)]


def ours(standin, connector, settings, trees):
    """Pushes the trees to an origind whose target is the stand-in; returns how it ended, or None if all went live."""
    server = Server()
    try:
        config = server.root / "origind.toml"
        config.write_text(CONFIG)
        server.options = ["--config", str(config)]
        server.init().start()
        project = server.post("/api/projects", {"name": "Shop", "slug": "shop"}).json["projectId"]
        for path, body in (("targets/production", {"connector": connector, "settings": {**settings, "apiBase": standin.api},
                                                   "secret": standin.TOKEN}),
                           ("rules", {"pattern": "main", "target": "production"})):
            server.request("PUT", f"/api/projects/{project}/{path}", body)
        repo = Repo(server.root / "work").init(server.code_url("shop"))
        for files in trees:
            tree.write(repo.path, files)
            repo("add", "-A", "-f")
            repo("commit", "-qm", "a change")
            repo("push", "-q", "origin", "main")
            row = server.settle_deployments(project)[-1]
            if row["state"] != "live":
                return f"{row['state']}: {row.get('error')}"
        return None
    finally:
        server.remove()


def compare(run, name, program, own):
    """The calls of `program` and `own`, both Asked."""
    run.sequences[name] = {"program": program.sequence(), "ours": own.sequence()}
    for who, mine, theirs in (("ours", own, program), ("program", program, own)):
        known = BESIDE[name][who]
        alone = {call for call in mine.calls if call not in theirs.calls}
        if who == "program":
            alone = {call for call in alone if call[0] != "GET"}  # What it reads besides, it shows to people.
        odd = sorted(alone - set(known))
        run.step(f"{name}: {who} asks nothing that the other does not, but for {len(alone & set(known))} with a reason", not odd, f"{odd}")
        gone = sorted(set(known) - alone)
        run.step(f"{name}: no reason of {who} is out of date", not gone, f"{gone}")
    both = set(own.calls) & set(program.calls)
    other = {call: (own.tokens[call], program.tokens[call]) for call in both if own.tokens[call] != program.tokens[call]}
    run.step(f"{name}: {len(both)} calls that both make have the same kind of token", both and not other, f"{other}")
    other = {call: (own.types.get(call), program.types.get(call)) for call in both if own.types.get(call) != program.types.get(call)}
    run.step(f"{name}: and the same types of content", not other, f"{other}")


def same(run, what, mine, theirs, known=()):
    wrong = {key: (mine.get(key), theirs.get(key)) for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)}
    wrong = {key: pair for key, pair in wrong.items() if pair not in known}
    run.step(f"{what}: the same for {len(mine)} files", mine and not wrong, f"{list(wrong.items())[:3]}")


def run_netlify(run, trees):
    without = [{path: data for path, data in files.items() if not path.endswith("/_headers")} for files in trees]
    stands = []
    for _ in range(2):
        stands.append(netlify.Netlify())
        stands[-1].add_site("shop")
    program, own = stands
    with program, own:
        environment = {"NETLIFY_API_URL": program.api, "NETLIFY_AUTH_TOKEN": program.TOKEN,
                       "NETLIFY_TEST_TRACK_URL": program.sites.door.url + "/_stray"}
        for number, files in enumerate(without):
            site = run.tree(f"beside-netlify-{number}", files)
            run.program(["netlify", "deploy", "--no-build", "--dir", "site", "--site", "shop", "--json", "--prod"], site, environment)
        ended = ours(own, "netlify", {"site": "shop"}, without)
        run.step("netlify: ours is live", ended is None, ended)
        asked = [Asked(one) for one in stands]
        compare(run, "netlify", *asked)
        put = ("PUT", "/sites/{site_id}/deploys/{deploy_id}")
        for at in range(len(trees)):
            theirs = asked[0].of(*put)[at].json["files"]
            theirs.pop("netlify.toml")  # The program makes one; we send what is in the tree.
            same(run, f"netlify, manifest {at + 1}", asked[1].of(*put)[at].json["files"], theirs)


def run_vercel(run, trees):
    program, own = vercel.Vercel(), vercel.Vercel()
    with program, own:
        project = program.add_site("shop", program.TEAM)
        own.add_site("shop", own.TEAM)
        environment = {"VERCEL_TOKEN": program.TOKEN, "VERCEL_ORG_ID": program.TEAM, "VERCEL_PROJECT_ID": project["id"],
                       "VERCEL_TELEMETRY_DISABLED": "1"}
        for number, files in enumerate(trees):
            built = {".vercel/output/config.json": b'{"version":3}', **{".vercel/output/static/" + path: data for path, data in files.items()}}
            site = run.tree(f"beside-vercel-{number}", built)
            run.program(["vercel", "deploy", str(site), "--api", program.api, "--yes", "--prebuilt", "--prod"], site, environment)
        ended = ours(own, "vercel", {"project": "shop", "team": own.TEAM}, trees)
        run.step("vercel: ours is live", ended is None, ended)
        asked = [Asked(one) for one in (program, own)]
        compare(run, "vercel", *asked)
        for at in range(len(trees)):
            mine, theirs = ({row["file"]: (row["sha"], row["size"]) for row in one.of("POST", "/v13/deployments")[at].json["files"]
                             if row["file"].startswith(".vercel/output/static/")} for one in (asked[1], asked[0]))
            same(run, f"vercel, files {at + 1}", mine, theirs)


def wrangler_environment(standin):
    return {"CLOUDFLARE_API_BASE_URL": standin.api, "CLOUDFLARE_API_TOKEN": standin.TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": standin.ACCOUNT, "WRANGLER_SEND_METRICS": "false"}


def run_pages(run, trees):
    program, own = cloudflare.Cloudflare(polls=1), cloudflare.Cloudflare(polls=1)
    with program, own:
        for one in (program, own):
            one.add_site("shop")
        for number, files in enumerate(trees):
            site = run.tree(f"beside-pages-{number}", files)
            run.program(["wrangler", "pages", "deploy", "site", "--project-name", "shop", "--branch", "main"], site, wrangler_environment(program))
        ended = ours(own, "cloudflare-pages", {"account": own.ACCOUNT, "project": "shop"}, trees)
        run.step("pages: ours is live", ended is None, ended)
        compare(run, "pages", *[Asked(one) for one in (program, own)])
        for at in range(len(trees)):
            mine, theirs = (one.projects[one.ACCOUNT, "shop"].deployments[at].manifest for one in (own, program))
            same(run, f"pages, manifest {at + 1}", mine, theirs)
        kinds = [{key: kind for key, (_, kind) in one.objects.items()} for one in (own, program)]
        same(run, "pages, content types", *kinds, known=OWN_TYPES)


def run_workers(run, trees):
    program, own = cloudflare.Cloudflare(), cloudflare.Cloudflare()
    with program, own:
        for number, files in enumerate(trees):
            site = run.tree(f"beside-workers-{number}", files)
            run.program(["wrangler", "deploy", "--name", "shop", "--assets", "site", "--compatibility-date", "2026-01-01"], site,
                        wrangler_environment(program))
        ended = ours(own, "cloudflare-workers", {"account": own.ACCOUNT, "name": "shop"}, trees)
        run.step("workers: ours is live", ended is None, ended)
        compare(run, "workers", *[Asked(one) for one in (program, own)])
        for at in range(len(trees)):
            mine, theirs = (one.scripts[one.ACCOUNT, "shop"].versions[at].manifest for one in (own, program))
            same(run, f"workers, manifest {at + 1}", mine, theirs)


def run_beside(run):
    first = tree.contents()
    trees = [first, {**first, **CHANGED}]
    for one in (run_netlify, run_vercel, run_pages, run_workers):
        try:
            one(run, trees)
        except Exception as error:  # The others are compared all the same.
            run.step(f"{one.__name__.removeprefix('run_')}: compared to its end", False, repr(error))
