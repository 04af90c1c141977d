#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deploys a small site to the real provider, looks at it, changes it, goes back, and removes everything again.

usage: ./dev smoke netlify|vercel|cloudflare [--api-base URL] [--sites URL]

The token is in the variables that the provider's own program reads: NETLIFY_AUTH_TOKEN; VERCEL_TOKEN (and VERCEL_ORG_ID for a
team); CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID. Something called origind-smoke-... is made in that account, and removed
at the end, also after a failure or Ctrl-C; if that does not work, what to delete by hand is said.

--api-base: another API than the provider's; --sites: fetch the sites there, with their own host in `Host` (tests use both).
Exit status: 0 all is well; 1 something is not; 2 a variable is not set.
"""
import argparse
import os
import pathlib
import secrets
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"), str(pathlib.Path(__file__).resolve().parent)]

import accounts  # noqa: E402
from git_client import Repo  # noqa: E402
from origin_server import Server, wait_until  # noqa: E402

LIVE_SECONDS = 900
SHOWN_SECONDS = 300  # A new host name, its certificate and the provider's caches take their time.
PAUSE_SECONDS = 2
FETCH_SECONDS = 30
NOT_FOUND = b"<h1>Not here</h1>\n"  # Pages serves the home page for whatever it does not know, unless there is a 404.html.
FIRST = {"index.html": b"<h1>One</h1>\n", "about/index.html": b"<h1>About</h1>\n", "style.css": b"h1 { color: green }\n",
         "words/with space.txt": "grüße\n".encode(), "data.bin": bytes(range(256)) * 8, "old.txt": b"old\n", "404.html": NOT_FOUND}
SECOND = {**{name: data for name, data in FIRST.items() if name != "old.txt"}, "index.html": b"<h1>Two</h1>\n", "new.txt": b"new\n"}


class Wrong(Exception):
    """What was deployed is not what was pushed."""


def say(text):
    print(text, flush=True)


class Site:
    """One target of a server of our own, at the provider."""

    def __init__(self, account, server, given):
        self.account, self.server, self.given = account, server, given
        answer = server.post("/api/projects", {"name": account.name, "slug": account.name})
        if answer.status != 201:
            raise Wrong(f"no project: {answer}")
        self.project = answer.json["projectId"]
        self._target()
        self.repo = Repo(server.root / "work" / account.CONNECTOR)
        self.repo.path.parent.mkdir(exist_ok=True)
        self.repo.init(server.code_url(account.name))

    def _target(self):
        settings = self.account.settings() | ({"apiBase": self.given.api_base} if self.given.api_base else {})
        secret = self.server.root / "token"
        secret.touch(mode=0o600)
        secret.write_text(self.account.token + "\n")
        words = [word for item in settings.items() for word in ("--setting", "=".join(item))]
        common = ("--data", self.server.data, "--project", self.project)
        self.server.command("target", "set", *common, "--name", "production", "--connector", self.account.CONNECTOR, *words,
                            "--secret-file", secret)
        secret.unlink()
        self.server.command("rule", "set", *common, "main", "--target", "production")

    def push(self, files):
        self.repo("rm", "-rq", "--ignore-unmatch", ".")
        for name, data in files.items():
            self.repo.write(name, data)
        self.repo("add", "-A", "-f")
        self.repo("commit", "-qm", "smoke")
        self.repo("push", "-q", "origin", "HEAD:refs/heads/main")
        return self.repo.head()

    def live(self, commit):
        """The newest deployment, once it has come to its end, which must be that it is live."""
        def settled():
            rows = self.server.deployments(self.project)
            return rows[-1] if rows and rows[-1]["state"] in ("live", "failed", "superseded") else None
        row = wait_until("the deployment", settled, LIVE_SECONDS)
        if (row["state"], row["commit"]) != ("live", commit):
            shown = self.server.get(f"/api/projects/{self.project}/deployments/{row['id']}").json
            raise Wrong(f"{row['state']}: {row.get('error')}\n" + "\n".join(line["text"] for line in shown.get("log", [])))
        if not row.get("url"):
            raise Wrong("it is live, and the provider tells no address")
        return row

    def fetch(self, url, path):
        """(status, bytes); redirects, to clean URLs for instance, are followed."""
        address, headers = url.rstrip("/") + "/" + urllib.parse.quote(path), {"User-Agent": "origind-smoke", "Cache-Control": "no-cache"}
        if self.given.sites:
            parts = urllib.parse.urlsplit(address)
            address, headers["Host"] = self.given.sites + parts.path, parts.netloc
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=FETCH_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()

    def check(self, url, files, gone=()):
        """Every path shows its bytes, and those in `gone` are there no more; waits until it is so everywhere."""
        wanted, end = dict(files), time.monotonic() + self.given.shown_seconds
        while True:
            wrong = {}
            for path, data in wanted.items():
                status, body = self.fetch(url, path)
                if body != data or (status != 200 and path != "404.html"):
                    wrong[path] = f"{status}, {len(body)} bytes: {body[:80]!r}"
            wrong |= {path: "still there" for path in gone if self.fetch(url, path)[0] == 200}
            if not wrong:
                return
            if time.monotonic() > end:
                raise Wrong(f"{url} shows something else: {wrong}")
            time.sleep(PAUSE_SECONDS)


def story(site):
    first = site.push(FIRST)
    row = site.live(first)
    say(f"  live as release {row['release']}: {row['url']}")
    site.check(row["url"], FIRST)
    say(f"  {len(FIRST)} of {len(FIRST)} files are there, byte for byte")
    row = site.live(site.push(SECOND))
    site.check(row["url"], SECOND, gone=["old.txt"])
    say(f"  a change is live as release {row['release']}, {row.get('filesUploaded')} files uploaded")
    site.server.command("deployment", "rollback", "--data", site.server.data, "--project", site.project, row["id"])
    row = site.live(first)
    site.check(row["url"], FIRST, gone=["new.txt"])
    say(f"  back at the first commit, as release {row['release']}")


def remove(account):
    """Whether nothing is left at the provider."""
    try:
        account.remove()
        wait_until("it to be gone", lambda: not account.is_there(), 60)
        say(f"  removed {account.name}")
        return True
    except BaseException as failure:  # Ctrl-C too: what is left must be said in any case.
        say(f"  NOT removed: delete {account.name} ({account.CONNECTOR}) by hand at {account.WHERE}: {failure!r}")
        return False


def one(kind, given):
    """Whether all went well with one connector."""
    account = kind(os.environ, f"origind-smoke-{secrets.token_hex(5)}", given.api_base)
    say(f"{account.CONNECTOR}: {account.name}")
    config = "[deploy]\nallow_api_base = true\n[outbound]\nallow = [\"127.0.0.0/8\"]\n" if given.api_base else ""
    server, good = Server(), False
    (server.root / "origind.toml").write_text(config)
    server.options = ["--config", str(server.root / "origind.toml")]
    try:
        server.init().start()
        account.make()
        story(Site(account, server, given))
        good = True
    except KeyboardInterrupt:
        say("  stopped")
    except Exception as failure:  # Whatever it is, the rest is cleaned up.
        say(f"  FAILED: {failure}".replace(account.token, "***"))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.remove()  # First: nothing may be made while the rest is removed.
        gone = remove(account)
    return good and gone


def stop(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="./dev smoke", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("provider", choices=list(accounts.KINDS))
    parser.add_argument("--api-base", metavar="URL")
    parser.add_argument("--sites", metavar="URL", type=lambda text: text.rstrip("/"))
    parser.add_argument("--shown-seconds", type=int, default=SHOWN_SECONDS, help="how long a site may take to show what is live (300)")
    given = parser.parse_args()
    kinds = accounts.KINDS[given.provider]
    unset = accounts.missing(kinds)
    if unset:
        print(f"Set {' and '.join(unset)} in the environment: the account that a temporary site is made in.", file=sys.stderr)
        return 2
    passed = failed = 0
    for kind in kinds:
        signal.signal(signal.SIGTERM, stop)
        good = one(kind, given)
        passed, failed = passed + good, failed + (not good)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
