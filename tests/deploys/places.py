# SPDX-License-Identifier: Apache-2.0
"""The four providers as the run sees them: how a target is set, and what the stand-in itself says it made and serves."""
import dataclasses
import pathlib
import sys
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "scenarios"), str(TESTS / "providers")]

import cloudflare  # noqa: E402
import faults  # noqa: E402
import netlify  # noqa: E402
import standin  # noqa: E402
import vercel  # noqa: E402

MARK = "origind "  # What our deployments are called at a provider begins with it; their id follows.


@dataclasses.dataclass
class Made:
    """A deployment that the provider has. `mark`: the id of ours that it was made for."""
    id: str
    mark: str
    ready: bool
    files: dict  # path without a leading slash -> bytes


class Plan(faults.Plan):
    """A fault that another one forestalled has not happened: it happens to the next request."""

    def pick(self, method, path):
        happening = [fault for fault in self.faults if fault.takes(method, path)]
        for other in happening[1:]:
            other.seen, other.fired = other.seen - 1, other.fired - 1
        return happening[0] if happening else None


class Place:
    """`name`: of the target; `table`: of faults.py. The methods say what the stand-in keeps."""
    name = table = connector = ""

    def __init__(self, kind):
        self.standin = kind()
        self.standin.plan = Plan()
        self.settings = {}

    def made(self):
        raise NotImplementedError

    def live_id(self):
        """The provider's id of what the site shows, or None."""
        raise NotImplementedError

    def fetch(self, url, path):
        return self.standin.fetch(url, path)

    def by_hash(self, manifest):
        return {path.lstrip("/"): self.standin.objects[one][0] for path, one in manifest.items()}


def mark_in(text):
    return text.removeprefix(MARK).partition(":")[0]


class Netlify(Place):
    name = table = connector = "netlify"

    def __init__(self):
        super().__init__(netlify.Netlify)
        self.site_id = self.standin.add_site("shop")["id"]
        self.settings = {"site": "shop"}

    def made(self):
        objects = self.standin.objects
        return [Made(one.id, mark_in(one.title or ""), one.state == "ready",
                     {path: objects.get(sha) for path, sha in (one.files or {}).items()})
                for one in self.standin.deploy_rows.values()]

    def live_id(self):
        published = self.standin.site_rows[self.site_id].published
        return published and published.id


class Vercel(Place):
    name = table = connector = "vercel"

    def __init__(self):
        super().__init__(vercel.Vercel)
        self.project_id = self.standin.add_site("shop")["id"]
        self.settings = {"project": "shop"}

    def made(self):
        return [Made(one.id, next((text for text in one.meta.values() if text.startswith("dep_")), ""), bool(one.assigned),
                     {path: data for path, (data, _) in one.site.items()}) for one in self.standin.rows.values()]

    def live_id(self):
        live = self.standin.projects[self.project_id].live
        return live and live.id


class Pages(Place):
    name, table, connector = "pages", "pages", "cloudflare-pages"

    def __init__(self):
        super().__init__(cloudflare.Cloudflare)
        self.standin.add_site("shop")
        self.settings = {"account": cloudflare.ACCOUNT, "project": "shop"}

    def project(self):
        return next(iter(self.standin.projects.values()))

    def made(self):
        return [Made(one.id, mark_in(one.fields.get("commit_message", "")), one.status == "success", self.by_hash(one.manifest))
                for one in self.project().deployments]

    def live_id(self):
        live = self.project().live
        return live and live.id


class Workers(Place):
    name, table, connector = "workers", "workers", "cloudflare-workers"

    def __init__(self):
        super().__init__(cloudflare.Cloudflare)
        self.settings = {"account": cloudflare.ACCOUNT, "name": "shop"}

    def script(self):
        return next(iter(self.standin.scripts.values()), None)

    def made(self):
        script = self.script()
        return [Made(one.id, mark_in((one.metadata.get("annotations") or {}).get("workers/message", "")), True,
                     self.by_hash(one.files)) for one in (script.versions if script else [])]

    def live_id(self):
        script = self.script()
        return script and script.live() and script.live().id

    def fetch(self, url, path):
        """The URL is at workers.dev: the stand-in serves what the header Host names."""
        host = urllib.parse.urlsplit(url).hostname
        return standin.fetch(self.standin.sites.door.url + path, headers={"Host": host})


ALL = (Netlify, Vercel, Pages, Workers)
