#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the deployment providers' APIs: they check, they keep what was sent, and they serve the site.

Written from the providers' contracts (docs/deploy/providers.md) and never from our own client; the providers' own
programs deploy to them (`./dev test --providers`), which proves that they ask no more than the real thing does.

In a Python test:

    import netlify                                  # or vercel, cloudflare
    with netlify.Netlify() as standin:
        site = standin.add_site("shop")             # Or by the API, as a client does.
        ...                                         # A client with apiBase=standin.api and the token standin.TOKEN.
        standin.fetch(standin.site_url("shop"), "/a%20b.txt")   # -> Answer: .status .headers .body
        standin.assert_clean()                      # No request broke the contract.

As a process (one line of JSON, then it serves until it is stopped by a signal):

    python3 -B tests/providers/standin.py netlify --port 0 --json --site shop
    {"provider": "netlify", "api": "http://127.0.0.1:41001/api/v1", "sites": "http://127.0.0.1:41002",
     "control": "http://127.0.0.1:41002/_control", "token": "standinToken", "account": ...}

Tokens: TOKEN works; EXPIRED worked once; OTHER belongs to another account, whose things are not ours. A thing named
"taken" belongs to somebody else from the start.

Sites: <sites>/s/<label>/<path> (or the header Host: <label>.localhost, or .netlify.app, ...); every URL in an answer leads
there; Vercel's `url` and `alias` and Pages' `subdomain` have no scheme. A path is served exactly, then as a folder
with index.html, then with .html; else 404.html, else 404. Root _headers and _redirects are not served nor obeyed.

Control, on the site port:
    GET    /_control/state                counts; violations (a request broke the contract), oddities (it said more
                                          than the contract knows), own_faults (we answered against the contract)
    GET    /_control/requests             [{n, method, path, operation, query, bearer, content_type, size, status}]
    GET    /_control/deployments          what there is; sites: {label: {path: {size, type, sha1}}}
    GET    /_control/sites
    GET    /_control/strays               requests that a redirect led astray, with their headers
    GET    /_control/table                the fault plan for this provider (faults.py)
    GET, POST, DELETE /_control/faults    list; add {"kind": "502_html", "method": "PUT", "path": "*", "nth": 2} or
                                          many or {"seed": 7, "count": 5} (for Cloudflare also "provider": "pages"
                                          or "workers"); clear
    POST   /_control/release              what a hold_before or hold_after keeps waiting goes on ("held" in the list)
    POST   /_control/set                  {"polls": 3}, {"skew": 7200} (its clock, seconds), {"limit": [3, 60]}
                                          (creations a time), {"site": "shop", "locked": true} (Netlify), ...
    POST   /_control/forget               empties requests, violations, oddities, strays

What stays the same from poll to poll needs no clock: a deployment is ready at the `polls`-th question (default 2).
"""
import argparse
import http.client
import importlib
import json
import pathlib
import re
import signal
import sys
import threading
import time
import urllib.parse

import contract
import faults
import multipart
import site_door
from door import Answer, Door, json_answer, spoilt, wire_fault

SPECS = pathlib.Path(__file__).resolve().parent / "specs"
TOKEN, EXPIRED, OTHER = "standinToken", "standinTokenExpired", "standinTokenOther"


class Refuse(Exception):
    """The request is refused. `violation`: because it broke the contract, which no client of ours may."""

    def __init__(self, status, message, code=None, violation=False, **more):
        super().__init__(message)
        self.status, self.message, self.code, self.violation, self.more = status, message, code, violation, more


def breach(status, message, code=None, **more):
    return Refuse(status, message, code, violation=True, **more)


def road(method, template, doc=None, **more):
    """Marks a method as the answer to `method template`. `doc`: where it is from, if no contract file has it."""
    def mark(function):
        function.roads = [*getattr(function, "roads", []), (method, template, doc, more)]
        return function
    return mark


class Road:
    def __init__(self, method, template, function, doc, more):
        self.method, self.template, self.function, self.doc, self.more = method, template, function, doc, more
        self.pattern = contract.template_pattern(template)
        self.operation = self.contract = None
        segments = template.split("/")
        self.rank = ([s.startswith("{") for s in segments], -len(segments))


class Standin:
    NAME = "?"
    BASE = ""  # What stands before every path of the API.
    CONTRACTS = ()  # (file in specs/, a function that mends it or None), the first that has a path decides.
    TOKEN, EXPIRED, OTHER = TOKEN, EXPIRED, OTHER
    loud = True  # Violations are said on stderr too.
    POLITE_QUERY = ()  # Names in a query that are no oddity.

    def __init__(self, port=0, site_port=0, polls=2):
        self.lock = threading.RLock()
        self.polls, self.skew, self.limit, self.created = polls, 0, None, []
        self.requests, self.violations, self.oddities, self.own_faults = [], [], [], []
        self.plan = faults.Plan()
        self.contracts = [contract.Contract(SPECS / name, change) for name, change in self.CONTRACTS]
        self.roads = self._roads()
        self.api_door = Door(self._answer, port, self._pick)
        self.sites = site_door.SiteDoor(self, site_port)
        self.api = self.api_door.url + self.BASE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.api_door.close()
        self.sites.close()

    # For tests --------------------------------------------------------------------------------

    def site_url(self, label):
        return self.sites.url(label)

    def fetch(self, url, path=""):
        return fetch(url + path)

    def assert_clean(self):
        assert not self.violations, "\n".join(row["what"] for row in self.violations)
        assert not self.own_faults, "\n".join(self.own_faults)

    def calls(self, method=None, path="*"):
        """The requests so far of this method and glob."""
        fault = faults.Fault("reset", method or "*", path, times=0)
        return [r for r in self.requests if fault.takes(r.method, r.path)]

    # For providers ----------------------------------------------------------------------------

    def now(self):
        return time.time() + self.skew

    def odd(self, request, what):
        self.oddities.append({"n": len(self.requests), "request": f"{request.method} {request.path}", "what": what})

    def error(self, refuse):
        """The provider's shape of a refusal, an Answer."""
        raise NotImplementedError

    def authenticate(self, request, way):
        """Raises Refuse, or returns who it is."""
        raise NotImplementedError

    def site(self, label):
        """{path without a leading slash: (bytes, content type or None)} of what is served there, or None."""
        raise NotImplementedError

    def labels(self):
        raise NotImplementedError

    def deployments(self):
        """What there is, as JSON."""
        raise NotImplementedError

    def control(self, wish):
        """A wish of /_control/set that the base does not know. Returns whether it was one."""
        return False

    def check_limit(self):
        """Refuses a creation beyond `limit` = [count, seconds]."""
        if not self.limit:
            return
        count, seconds = self.limit
        self.created = [at for at in self.created if at > self.now() - seconds]
        if len(self.created) >= count:
            raise Refuse(429, "Too many requests", "rate_limited", reset=self.created[0] + seconds)
        self.created.append(self.now())

    # The road of a request --------------------------------------------------------------------

    def _roads(self):
        found = []
        for name in dir(self):
            function = getattr(self, name)
            for method, template, doc, more in getattr(function, "roads", []):
                way = Road(method, template, function, doc, more)
                way.contract = next((c for c in self.contracts if c.has(method, template)), None)
                assert way.contract or doc, f"{method} {template} is in no contract: say where it is from"
                way.operation = way.contract.operation(method, template) if way.contract else None
                found.append(way)
        return sorted(found, key=lambda way: way.rank)

    def _within(self, target):
        path = target.partition("?")[0]
        return path[len(self.BASE):] if path.startswith(self.BASE + "/") else None

    def _pick(self, method, target):
        path = self._within(target)
        with self.lock:
            return self.plan.pick(method, path) if path else None

    def _answer(self, request):
        with self.lock:
            self.requests.append(request)
            request.path = self._within(request.target) or request.raw_path
            answer = self._fault_or_answer(request)
            request.status = answer.status
            return answer

    def _fault_or_answer(self, request):
        kind = request.fault.kind if request.fault else None
        if kind in faults.BEFORE and kind not in ("401", "403"):
            return wire_fault(request.fault, self.sites.stray)
        try:
            if kind in ("401", "403"):
                raise Refuse(int(kind), "Access Denied")
            answer = self._checked(request)
        except Refuse as refuse:
            if refuse.violation:
                self._violated(request, refuse.message)
            if kind in faults.STATE:
                request.fault.give_back()
            answer = self.error(refuse)
        return spoilt(kind, answer) if kind in faults.AFTER else answer

    def _violated(self, request, what):
        line = f"{request.method} {request.path}: {what}"
        self.violations.append({"n": len(self.requests), "request": f"{request.method} {request.target}", "what": line})
        if self.loud:
            print(f"stand-in {self.NAME}: VIOLATION {line}", file=sys.stderr, flush=True)

    def _checked(self, request):
        way, names = self._way(request)
        request.operation = way.template
        request.who = self.authenticate(request, way)
        self._check_body(request, way)
        self._check_query(request, way)
        answer = way.function(request, **names)
        if way.operation and answer.headers.get("Content-Type", "").startswith("application/json"):
            wrong = way.contract.check_answer(way.operation, answer.status, answer.json)
            self.own_faults += [f"our answer {answer.status} to {request.method} {way.template}: {w}" for w in wrong]
        return answer

    def _way(self, request):
        if self._within(request.target) is None:
            raise breach(599, f"the API is below {self.BASE}/")
        if re.search(r"[^\x21-\x7e]", request.target):
            raise breach(400, "the path is not percent-encoded")
        others = set()
        for way in self.roads:
            match = way.pattern.match(request.path)
            if match and way.method == request.method:
                try:
                    return way, {key: contract.unquoted(raw) for key, raw in match.groupdict().items()}
                except ValueError:
                    raise breach(400, "the path is not UTF-8") from None
            if match:
                others.add(way.method)
        raise breach(599, f"the contract has no such path{' with this method' if others else ''}")

    def _check_query(self, request, way):
        if not way.operation:
            return
        wrong, unknown = way.contract.check_query(way.operation, request.query)
        if wrong:
            raise breach(way.more.get("bad", 400), "; ".join(wrong))
        for name in unknown:
            if name not in self.POLITE_QUERY:
                self.odd(request, f"query {name} is not in the contract")

    def _check_body(self, request, way):
        kind = request.content_type
        if way.more.get("untyped") and request.body and kind != "application/json":
            self.odd(request, f"JSON as {kind or 'nothing'}")  # wrangler says text/plain in places.
            kind = "application/json"
        schema, types, needed = (way.contract.body_schema(way.operation, kind)
                                 if way.operation else (None, ["application/json"], False))
        bad = way.more.get("bad", 400)
        if needed and not request.body and types != ["application/octet-stream"]:
            raise breach(bad, "there must be a body")
        if request.body and types and kind not in types and way.operation:
            raise breach(bad, f"a body of type {kind or '(none)'}; it takes {', '.join(types)}")
        if kind == "application/json" and request.body:
            try:
                request.json = contract.strict_json(request.body)
            except ValueError as error:
                raise breach(bad, f"the body is not JSON: {error}") from None
        fields = request.json
        if kind == "multipart/form-data":
            fields = self._parts(request, schema or {}, bad)
        if schema and fields is not None:
            wrong = list(way.contract.complaints(schema, fields))
            if wrong:
                raise breach(bad, "the body breaks the schema: " + "; ".join(wrong[:5]))
            for name in way.contract.unknown_fields(schema, fields):
                self.odd(request, f"field {name} is not in the contract")

    @staticmethod
    def _parts(request, schema, bad):
        """Sets request.parts; returns {name: text}, or what the JSON says where the schema has an object."""
        try:
            request.parts = multipart.parts(request.headers.get("Content-Type", ""), request.body)
        except ValueError as error:
            raise breach(bad, f"the body is not multipart/form-data: {error}") from None
        names = [part.name for part in request.parts]
        if len(set(names)) != len(names):
            raise breach(bad, "a part is there twice")
        objects = {name for name, one in schema.get("properties", {}).items() if one.get("type") == "object"}
        try:
            return {part.name: contract.strict_json(part.body) if part.name in objects
                    else part.body.decode("utf-8", "replace") for part in request.parts}
        except ValueError as error:
            raise breach(bad, f"a part is not JSON: {error}") from None


def fetch(url, method="GET", body=None, headers=()):
    """One request, no redirect followed. Returns an Answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers))
        got = connection.getresponse()
        return Answer(got.status, got.read(), headers=got.headers.items())
    finally:
        connection.close()


def maker(name):
    """The class of the provider called `name`."""
    return getattr(importlib.import_module(name), name.capitalize())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("provider", choices=["netlify", "vercel", "cloudflare"])
    parser.add_argument("--port", type=int, default=0, help="of the API; 0: a free one")
    parser.add_argument("--site-port", type=int, default=0, help="of the sites and of control; 0: a free one")
    parser.add_argument("--polls", type=int, default=2, help="a deployment is ready at this question")
    parser.add_argument("--site", action="append", default=[], metavar="NAME", help="a site (project) that is there")
    parser.add_argument("--json", action="store_true", help="print the one line as JSON")
    options = parser.parse_args()
    standin = maker(options.provider)(options.port, options.site_port, options.polls)
    made = [standin.add_site(name) for name in options.site]
    line = {"provider": options.provider, "api": standin.api, "sites": standin.sites.door.url,
            "control": standin.sites.door.url + "/_control", "token": TOKEN, "account": standin.ACCOUNT, "made": made}
    print(json.dumps(line) if options.json else f"{options.provider}: API {line['api']}, sites {line['sites']}", flush=True)
    try:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
