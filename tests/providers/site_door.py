# SPDX-License-Identifier: Apache-2.0
"""The second port of a stand-in: the sites as they would be served, and the control of the stand-in."""
import hashlib
import json
import mimetypes
import urllib.parse

import faults
from door import Answer, Door, json_answer

TYPES = mimetypes.MimeTypes()  # The built-in table, not the machine's.
DOMAINS = (".localhost", ".netlify.app", ".vercel.app", ".pages.dev", ".workers.dev")
NOT_SERVED = ("_headers", "_redirects", "netlify.toml")


def guessed_type(path):
    """For providers that go by the name; their own tables differ, so no test should lean on a rare one."""
    kind = {"js": "text/javascript", "mjs": "text/javascript", "json": "application/json", "webmanifest":
            "application/manifest+json", "woff2": "font/woff2", "xml": "application/xml"}.get(path.rsplit(".", 1)[-1])
    kind = kind or TYPES.guess_type("x/" + path)[0] or "application/octet-stream"
    return kind + "; charset=utf-8" if kind.startswith("text/") else kind


def found(files, path):
    """(status, name) of what a site of these files serves at `path` (no leading slash)."""
    for name in (path, f"{path.rstrip('/')}/index.html".lstrip("/"), path.rstrip("/") + ".html"):
        if name in files and name not in NOT_SERVED:
            return 200, name
    return 404, "404.html" if "404.html" in files else None


class SiteDoor:
    def __init__(self, standin, port):
        self.standin = standin
        self.strays = []
        self.door = Door(self._answer, port)
        self.stray = self.door.url + "/_stray"

    def close(self):
        self.door.close()

    def url(self, label):
        return f"{self.door.url}/s/{label}"

    def _answer(self, request):
        path = request.raw_path
        with self.standin.lock:
            if path.startswith("/_control/"):
                return self._control(request, path[len("/_control/"):])
            if path.startswith("/_stray"):
                self.strays.append({"method": request.method, "headers": dict(request.headers.items())})
                return json_answer(200, {})
            host = request.headers.get("Host", "").split(":")[0]
            for domain in DOMAINS:
                if host.endswith(domain):
                    return self._served(host[:-len(domain)], path[1:])
            if path.startswith("/s/"):
                label, _, rest = path[3:].partition("/")
                return self._served(urllib.parse.unquote(label), rest)
        return Answer(404, "no such site\n", "text/plain")

    def _served(self, label, raw):
        files = self.standin.site(label)
        if files is None:
            return Answer(404, "no such site\n", "text/plain", {"X-Standin": "no site"})
        status, name = found(files, urllib.parse.unquote(raw))
        if name is None:
            return Answer(404, "not found\n", "text/plain")
        body, kind = files[name]
        return Answer(status, body, kind)

    # Control ----------------------------------------------------------------------------------

    def _control(self, request, word):
        wish = json.loads(request.body) if request.body else {}
        function = getattr(self, f"_{request.method.lower()}_{word}", None)
        if function is None:
            return json_answer(404, {"message": f"no control {request.method} {word}"})
        try:
            return json_answer(200, function(wish))
        except (ValueError, TypeError, KeyError) as error:
            return json_answer(400, {"message": str(error)})

    def _get_state(self, _):
        standin = self.standin
        return {"provider": standin.NAME, "requests": len(standin.requests), "violations": standin.violations,
                "oddities": standin.oddities, "own_faults": standin.own_faults, "strays": self.strays}

    def _get_requests(self, _):
        return [{"n": n, "method": r.method, "path": r.path, "operation": r.operation, "query": r.query, "bearer": r.bearer, "status": r.status,
                 "content_type": r.content_type, "size": len(r.body), "fault": r.fault.kind if r.fault else None}
                for n, r in enumerate(self.standin.requests, 1)]

    def _get_deployments(self, _):
        return self.standin.deployments()

    def _get_sites(self, _):
        def row(body, kind):
            return {"size": len(body), "type": kind, "sha1": hashlib.sha1(body).hexdigest()}
        return {label: {path: row(*file) for path, file in self.standin.site(label).items()}
                for label in self.standin.labels()}

    def _get_strays(self, _):
        return self.strays

    def _get_table(self, _):
        names = ["pages", "workers"] if self.standin.NAME == "cloudflare" else [self.standin.NAME]
        keys = ("kind", "method", "path", "params", "outcome")
        return {name: [dict(zip(keys, row)) for row in faults.table(name)] for name in names}

    def _get_faults(self, _):
        return [fault.row() for fault in self.standin.plan.faults]

    def _post_faults(self, wish):
        for one in wish if isinstance(wish, list) else [wish]:
            if "seed" in one:
                one = dict(one)
                self.standin.plan.seed(one.pop("seed"), one.pop("provider", self.standin.NAME), **one)
            else:
                self.standin.plan.add(**one)
        return self._get_faults(wish)

    def _delete_faults(self, _):
        self.standin.plan.clear()
        return []

    def _post_release(self, wish):
        self.standin.plan.release()
        return self._get_faults(wish)

    def _post_set(self, wish):
        known = {"polls", "skew", "limit"}
        for name in known & set(wish):
            setattr(self.standin, name, wish[name])
        if set(wish) - known and not self.standin.control(wish):
            raise ValueError(f"nothing here can be set by {sorted(wish)}")
        return wish

    def _post_forget(self, _):
        for kept in (self.standin.requests, self.standin.violations, self.standin.oddities, self.strays):
            kept.clear()
        return {}
