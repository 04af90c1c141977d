#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the stand-ins ask no more than the providers do, and understand what the providers' own programs say.

Method: the pinned netlify-cli, vercel and wrangler deploy one folder to the stand-ins, in an environment of their
own; then every path is fetched and its bytes are compared, and no request may have broken the contract. Each step
is one passed or failed; the last line is "N passed, N failed". programs_faults.py has the providers fail, programs_beside.py
compares our calls with theirs.

    python3 -B tests/providers/programs.py [--programs FOLDER] [--only NAME] [--json FILE] [--verbose]

FOLDER has the node_modules that `./dev test --providers` installed (default build/providers).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import cloudflare
import netlify
import tree
import vercel
from programs_beside import run_beside
from programs_faults import run_faults
from standin import fetch

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 600
CONTROL = {"_headers": b"/*\n  X-Tree: yes\n", "_redirects": b"/old /about 301\n"}


class Run:
    """The programs, a folder of their own, and what passed."""

    def __init__(self, programs, folder, verbose):
        self.bin, self.folder, self.verbose = programs / "node_modules/.bin", folder, verbose
        self.passed, self.failed, self.rows, self.sequences = 0, 0, [], {}
        (folder / "home").mkdir()

    def program(self, words, site, environment, fails=False):
        """Runs a program beside the folder `site`, in nearly no environment. Returns the finished process. `fails`:
        that is what it should do."""
        names = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.folder / "home"), "CI": "1",
                 "DO_NOT_TRACK": "1", "NO_UPDATE_NOTIFIER": "1", **environment}
        done = subprocess.run([str(self.bin / words[0]), *words[1:]], cwd=site.parent, env=names, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_SECONDS)
        if self.verbose or (done.returncode != 0) != fails:
            print(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}", flush=True)
        return done

    def tree(self, name, files):
        site = self.folder / name / "site"
        tree.write(site, files)
        return site

    def step(self, what, works, why=""):
        self.passed += bool(works)
        self.failed += not works
        self.rows.append({"step": what, "passed": bool(works)})
        print(f"{'passed' if works else 'FAILED'}  {what}{'' if works else f': {why}'}", flush=True)

    def served(self, what, url, files, left_out=(), types=None):
        """Every file is there with its bytes (and its type, by `types`); what was left out is not."""
        wrong = []
        for path, data in files.items():
            got = fetch(url + "/" + urllib.parse.quote(path))
            if (got.status, got.body) != (200, data):
                wrong.append(f"{path}: {got.status}, {len(got.body)} bytes")
            elif types and path in types and got.headers.get("Content-Type") != types[path]:
                wrong.append(f"{path}: {got.headers.get('Content-Type')}")
        for path in left_out:
            if fetch(url + "/" + urllib.parse.quote(path)).status != 404:
                wrong.append(f"{path}: is served")
        self.step(f"{what}: {len(files)} paths have their bytes", not wrong, "; ".join(wrong[:5]))

    def clean(self, what, standin):
        wrong = [row["what"] for row in standin.violations] + standin.own_faults
        self.step(f"{what}: {len(standin.requests)} requests keep to the contract", not wrong, "; ".join(wrong[:5]))
        for odd in sorted({row["what"] for row in standin.oddities}):
            print(f"        beyond the contract: {odd}")


# Netlify -------------------------------------------------------------------------------------------

def run_netlify(run):
    files = tree.contents()
    site = run.tree("netlify", {**files, **CONTROL})
    without = ["sub/_headers"]  # The program folds every _headers and _redirects into a netlify.toml.
    expected = {path: data for path, data in files.items() if path not in without}
    with netlify.Netlify() as standin:
        standin.add_site("shop")
        environment = {"NETLIFY_API_URL": standin.api, "NETLIFY_AUTH_TOKEN": standin.TOKEN,
                       "NETLIFY_TEST_TRACK_URL": standin.sites.door.url + "/_stray"}
        words = ["netlify", "deploy", "--no-build", "--dir", "site", "--site", "shop", "--json"]
        for more, label in (["--prod"], "shop"), (["--alias", "feature-x"], "feature-x--shop"), ([], None):
            what = "netlify " + " ".join(["deploy", *more])
            done = run.program([*words, *more], site, environment)
            said = json.loads(done.stdout) if done.returncode == 0 else {}
            run.step(f"{what} ends well", said, f"exit {done.returncode}")
            run.served(f"{what}, deploy_url", said.get("deploy_url", standin.sites.door.url), expected, CONTROL)
            if label:
                run.served(f"{what}, {label}", standin.site_url(label), expected, CONTROL)
        uploads = len(standin.calls("PUT", "/deploys/*/files/*"))
        run.step("netlify: nothing is uploaded that the site has", uploads <= len(files) + 1, f"{uploads} uploads")
        refused = run.program([*words, "--prod"], site, {**environment, "NETLIFY_AUTH_TOKEN": "wrong"}, True)
        run.step("netlify: a wrong token is refused", refused.returncode != 0)
        run.clean("netlify", standin)


# Cloudflare Pages ----------------------------------------------------------------------------------

def cloudflare_environment(standin):
    return {"CLOUDFLARE_API_BASE_URL": standin.api, "CLOUDFLARE_API_TOKEN": standin.TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": standin.ACCOUNT, "WRANGLER_SEND_METRICS": "false"}


def run_pages(run):
    files = tree.contents()
    site = run.tree("pages", {**files, **CONTROL})
    types = {"index.html": "text/html", "style/main.css": "text/css", "LICENSE": "application/octet-stream",
             "sub/_headers": "application/octet-stream", "image.png": "image/png"}
    with cloudflare.Cloudflare(polls=1) as standin:
        environment = cloudflare_environment(standin)
        made = run.program(["wrangler", "pages", "project", "create", "shop", "--production-branch", "main"], site,
                           environment)
        run.step("wrangler pages project create ends well", made.returncode == 0, f"exit {made.returncode}")
        for branch, label in ("main", "shop"), ("Feature/X", "feature-x.shop"):
            what = f"wrangler pages deploy --branch {branch}"
            done = run.program(["wrangler", "pages", "deploy", "site", "--project-name", "shop", "--branch", branch,
                                "--commit-message", "é" * 300], site, environment)
            run.step(f"{what} ends well", done.returncode == 0 and "couldn't" not in done.stdout, done.stdout[-300:])
            run.served(f"{what}, {label}", standin.site_url(label), files, CONTROL, types)
        newest = standin.projects[standin.ACCOUNT, "shop"].deployments[-1]
        run.served("wrangler pages deploy, permalink", standin.site_url(f"{newest.id[:8]}.shop"), files, CONTROL)
        again = [len(r.json) for r in standin.calls("POST", "/pages/assets/upload")]
        run.step("wrangler: a second deployment uploads nothing", sum(again) <= len(files), f"{again}")
        fault = standin.plan.add("expired_jwt", path="/pages/assets/*")
        tree.write(site, {"new.txt": b"new\n"})
        done = run.program(["wrangler", "pages", "deploy", "site", "--project-name", "shop", "--branch", "main"], site,
                           environment)
        run.step("wrangler pages deploy goes on after Expired JWT", done.returncode == 0 and fault.fired, done.stderr)
        run.served("wrangler pages deploy after Expired JWT", standin.site_url("shop"), {**files, "new.txt": b"new\n"})
        refused = run.program(["wrangler", "pages", "deploy", "site", "--project-name", "shop", "--branch", "main"],
                              site, {**environment, "CLOUDFLARE_API_TOKEN": "wrong"}, True)
        run.step("wrangler: a wrong token is refused", refused.returncode != 0)
        run.clean("wrangler pages", standin)


# Cloudflare Workers --------------------------------------------------------------------------------

def run_workers(run):
    files = tree.contents()
    site = run.tree("workers", {**files, **CONTROL})
    types = {"index.html": "text/html; charset=utf-8", "style/main.css": "text/css; charset=utf-8", "LICENSE": None,
             "script/app.js": "text/javascript; charset=utf-8", "image.png": "image/png", "sub/_headers": None}
    with cloudflare.Cloudflare() as standin:
        environment = cloudflare_environment(standin)

        def wrangler(*words):
            done = run.program(["wrangler", *words, "--name", "shop", "--assets", "site", "--compatibility-date",
                                "2026-01-01"], site, environment)
            run.step(f"wrangler {' '.join(words)} ends well", done.returncode == 0, f"exit {done.returncode}")

        live = standin.site_url("shop.standin")
        wrangler("deploy")
        run.served("wrangler deploy of a new Worker", live, files, CONTROL, types)
        script = standin.scripts[standin.ACCOUNT, "shop"]
        config = script.live().metadata["assets"]["config"]
        run.step("wrangler: _headers and _redirects are texts in the configuration",
                 [config.get(name, "").encode() for name in CONTROL] == list(CONTROL.values()), str(config)[:200])
        first, new = script.live(), {"index.html": b"<p>second\n"}
        tree.write(site, new)
        wrangler("deploy")
        run.served("wrangler deploy of a second version", live, {**files, **new}, CONTROL, types)
        bodies = [len(r.parts) for r in standin.calls("POST", "/accounts/*/workers/assets/upload")]
        run.step("wrangler: a second version uploads what is new", bodies[-1] == 1, f"{bodies}")
        preview = {"index.html": b"<p>preview\n"}
        tree.write(site, preview)
        wrangler("versions", "upload", "--preview-alias", "feature-x")
        run.served("wrangler versions upload, alias", standin.site_url("feature-x-shop.standin"), {**files, **preview})
        run.served("wrangler versions upload leaves what is live", live, {**files, **new})
        done = run.program(["wrangler", "rollback", first.id, "--name", "shop", "--message", "back", "--yes"], site,
                           environment)
        run.step("wrangler rollback ends well", done.returncode == 0 and script.live() is first, done.stderr[-300:])
        run.served("wrangler rollback", live, files)
        standin.control({"single_uploads": True})
        tree.write(site, {"new one.txt": b"new\n", "two.css": b"a{}\n"})
        wrangler("deploy")
        run.served("wrangler deploy with single uploads", live, {**files, **preview, "new one.txt": b"new\n"})
        singles = len(standin.calls("POST", "/accounts/*/workers/assets/upload/*"))
        run.step("wrangler: each new file was a request", singles == 2, f"{singles} requests")
        run.clean("wrangler (Workers)", standin)


# Vercel --------------------------------------------------------------------------------------------

def run_vercel(run):
    files = tree.contents()
    site = run.tree("vercel", {**files, **CONTROL})
    with vercel.Vercel() as standin:
        project = standin.add_site("shop", standin.TEAM)
        environment = {"VERCEL_TOKEN": standin.TOKEN, "VERCEL_ORG_ID": standin.TEAM, "VERCEL_PROJECT_ID": project["id"],
                       "VERCEL_TELEMETRY_DISABLED": "1"}

        def deploy(name, *more, folder=site):
            """Deploys the folder; returns the URL it says, on plain HTTP."""
            done = run.program(["vercel", "deploy", str(folder), "--api", standin.api, "--yes", *more], site, environment)
            run.step(f"vercel deploy{name} ends well", done.returncode == 0, f"exit {done.returncode}")
            return done.stdout.strip().replace("https://", "http://")

        first = deploy(" --prod", "--prod")
        run.served("vercel deploy --prod", first, files, CONTROL)
        run.served("vercel deploy --prod, shop", standin.site_url("shop"), files, CONTROL)
        uploads = len(standin.calls("POST", "/v2/files"))
        new = {"index.html": b"<p>second\n"}
        tree.write(site, new)
        run.served("vercel deploy (a preview)", deploy(""), {**files, **new})
        run.served("vercel deploy, shop is as it was", standin.site_url("shop"), files)
        again = len(standin.calls("POST", "/v2/files")) - uploads
        run.step("vercel: a second deployment uploads what is new", again == 1, f"{again} uploads")
        run.served("vercel deploy --archive=tgz", deploy(" --archive=tgz", "--archive=tgz"), {**files, **new})
        sent = [r.json["files"] for r in standin.calls("POST", "/v13/deployments")]
        run.step("vercel: the archive was one file", [f["file"] for f in sent[-1]] == [".vercel/source.tgz.part1"])
        built = {".vercel/output/config.json": b'{"version": 3}',
                 **{".vercel/output/static/" + path: data for path, data in files.items()}}
        folder = run.tree("prebuilt", built)
        run.served("vercel deploy --prebuilt --prod", deploy(" --prebuilt --prod", "--prebuilt", "--prod", folder=folder),
                   files)
        _vercel_back(run, standin, environment, site, first.partition("://")[2])
        refused = run.program(["vercel", "deploy", str(site), "--api", standin.api, "--yes"], site,
                              {**environment, "VERCEL_TOKEN": "wrong"}, True)
        run.step("vercel: a wrong token is refused", refused.returncode != 0)
        run.clean("vercel", standin)


def _vercel_back(run, standin, environment, site, first):
    """Rollback to the first deployment, and a promote of the newest."""
    project = next(p for p in standin.projects.values() if p.name == "shop")
    newest, oldest = project.live, project.deployments[0]
    for word, to in ("rollback", oldest), ("promote", newest):
        done = run.program(["vercel", word, to.id, "--api", standin.api, "--yes"], site, environment)
        run.step(f"vercel {word} ends well, and moves production", done.returncode == 0 and project.live is to,
                 f"exit {done.returncode}, live is {project.live.label}")
        run.step(f"vercel {word}: automatic assignment is {'on' if word == 'promote' else 'off'}",
                 project.auto_assign == (word == "promote"))


ALL = {"netlify": run_netlify, "pages": run_pages, "workers": run_workers, "vercel": run_vercel, "faults": run_faults,
       "beside": run_beside}


def versions(programs):
    found = {}
    for name in ("node", "netlify-cli", "vercel", "wrangler"):
        package = programs / "node_modules" / name / "package.json"
        found[name] = json.loads(package.read_text())["version"] if package.is_file() else None
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/providers")
    parser.add_argument("--only", choices=list(ALL), action="append")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    found = versions(options.programs)
    if None in found.values():
        raise SystemExit(f"{options.programs} lacks a program: {found}. ./dev test --providers installs them.")
    print(" ".join(f"{name} {version}" for name, version in found.items()), flush=True)
    with tempfile.TemporaryDirectory(prefix="origind-providers-") as name:
        run = Run(options.programs.resolve(), pathlib.Path(name), options.verbose)
        for name in options.only or ALL:
            try:
                ALL[name](run)
            except Exception as error:  # The other programs are judged all the same.
                run.step(f"{name} ran to its end", False, repr(error))
    if options.json:
        options.json.write_text(json.dumps({"versions": found, "steps": run.rows, "sequences": run.sequences}, indent=1) + "\n")
    print(f"\n{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
