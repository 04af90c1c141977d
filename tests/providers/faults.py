# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a provider, on purpose: at any (method, path, n-th occurrence), from a table or from a seed.

    plan.add("502_html", method="PUT", path="/deploys/*/files/*", nth=3)            # Once, at the third.
    plan.add("429_retry_after", path="/pages/assets/upload", times=2, seconds=1)    # The first two.
    plan.add("stuck", method="POST", path="/sites/*/deploys")                       # This deployment, for ever.

`path` is a glob on the request's path after the base ("*" takes slashes too), or with "re:" before it a regular
expression. `times=0` means from the n-th on, for ever. BEFORE: the request is not done. AFTER: it is done, and the
answer is spoilt. STATE: the stand-in does it and then behaves so; put it on the request that makes the deployment
(or asks for the token); if that is refused for another reason, the next one has it. HOLD: for a test that wants to
kill a client at exactly this point: `fault.reached.wait()`, kill, `plan.release()`.
"""
import fnmatch
import random
import re
import threading

BEFORE = {
    "429_retry_after": "429 with Retry-After in seconds (seconds=1)",
    "429_retry_date": "429 with Retry-After as an HTTP date (seconds=1)",
    "429_ratelimit_reset": "429 with X-RateLimit-Reset in unix seconds (seconds=1)",
    "429_limit_reset": "429 with Vercel's limit.reset in ms in the body (seconds=1)",
    "429_bare": "429 with nothing that says when",
    "500_html": "500 as a page of HTML",
    "502_html": "502 as a page of HTML",
    "503_html": "503 as a page of HTML",
    "524_html": "524 as a page of HTML",
    "401": "401 as a wrong token gets",
    "403": "403 as a token without the right gets",
    "expired_jwt": "403 with the plain text Expired JWT",
    "8000000": "Cloudflare's unknown error, in its envelope",
    "200_html": "200 with HTML",
    "200_empty": "200 with nothing",
    "200_object": "200 with {}",
    "200_huge": "200 with spaces without end (bytes=1 GiB)",
    "redirect": "307 to another host, which writes down what it gets (status=307, to=.../_stray)",
    "reset": "the connection is reset when the request was read",
    "reset_upload": "the connection is reset in the middle of the request's body",
}
AFTER = {
    "lost_answer": "done, and the connection is reset",
    "502_after": "done, and 502 as a page of HTML",
    "truncated": "done, and half of the answer's body",
    "slow": "done, and the body comes in ten pieces (seconds=1 in all)",
    "duplicate_keys": "done, and a key of the JSON answer is there twice",
    "null_errors": "done, and what names errors in the answer is null",
    "flat_error": "done, and an error of Vercel's stands on the top level of the answer",
}
STATE = {
    "jwt_expired": "the upload token's exp lies in the past, and it is not taken",
    "missing_again": "the files are missing again although they were sent (rounds=1)",
    "diff_slow": "the answer which files are wanted takes longer (polls=5)",
    "required_unknown": "`required` names a digest nobody sent",
    "error_state": "the deployment fails (message=...)",
    "cancelled": "somebody cancels the deployment",
    "no_alias": "ready, but not yet at its address (polls=5)",
    "unknown_state": "a state nobody has heard of for a while (polls=3, state=...)",
    "stuck": "the state does not change any more",
}
HOLD = {
    "hold_before": "the request waits, not yet done, until it is released (or 300 s)",
    "hold_after": "the request is done, and its answer waits until it is released (or 300 s)",
}
KINDS = {**BEFORE, **AFTER, **STATE, **HOLD}
HOLD_SECONDS = 300

# What a good client does: ends live all the same; fails and says why; or one of both, but claims nothing false.
RECOVERS, FAILS, EITHER = "recovers", "fails", "either"
_ANY = [(kind, RECOVERS) for kind in (
    "429_retry_after", "429_retry_date", "429_bare", "500_html", "502_html", "503_html", "524_html", "reset",
    "truncated", "lost_answer", "502_after", "slow")]
_LYING = [("200_html", FAILS), ("200_empty", FAILS), ("200_object", FAILS), ("200_huge", FAILS), ("redirect", FAILS), ("401", FAILS),
          ("403", FAILS)]
# The requests of each provider that make something, that carry bytes, and that ask how it goes.
CREATE = {"netlify": ("POST", "/sites/*/deploys"), "vercel": ("POST", "/v13/deployments"),
          "pages": ("POST", "/accounts/*/pages/projects/*/deployments"),
          "workers": ("POST", "/accounts/*/workers/scripts/*/assets-upload-session")}
UPLOAD = {"netlify": ("PUT", "/deploys/*/files/*"), "vercel": ("POST", "/v2/files"),
          "pages": ("POST", "/pages/assets/upload"), "workers": ("POST", "/accounts/*/workers/assets/upload")}
POLL = {"netlify": ("GET", "/*deploys/*"), "vercel": ("GET", "/v13/deployments/*"),
        "pages": ("GET", "/accounts/*/pages/projects/*/deployments/*"), "workers": None}
_OWN = {
    "netlify": [("429_ratelimit_reset", UPLOAD, RECOVERS), ("diff_slow", CREATE, RECOVERS),
                ("required_unknown", CREATE, FAILS), ("error_state", CREATE, FAILS), ("cancelled", CREATE, FAILS),
                ("stuck", CREATE, FAILS), ("unknown_state", CREATE, RECOVERS), ("duplicate_keys", POLL, EITHER),
                ("null_errors", POLL, RECOVERS)],
    "vercel": [("429_limit_reset", CREATE, RECOVERS), ("missing_again", CREATE, RECOVERS), ("flat_error", CREATE, RECOVERS),
               ("error_state", CREATE, FAILS), ("cancelled", CREATE, FAILS), ("stuck", CREATE, FAILS),
               ("no_alias", CREATE, RECOVERS), ("unknown_state", CREATE, RECOVERS),
               ("duplicate_keys", POLL, EITHER), ("null_errors", POLL, RECOVERS)],
    "pages": [("expired_jwt", UPLOAD, RECOVERS), ("8000000", CREATE, RECOVERS), ("error_state", CREATE, FAILS),
              ("cancelled", CREATE, FAILS), ("stuck", CREATE, FAILS), ("unknown_state", CREATE, RECOVERS),
              ("duplicate_keys", POLL, EITHER), ("null_errors", POLL, RECOVERS)],
    "workers": [("expired_jwt", UPLOAD, RECOVERS), ("jwt_expired", CREATE, RECOVERS)],
}


def table(provider):
    """Rows (kind, method, path, params, what a good client does) for netlify, vercel, pages or workers."""
    rows = []
    for where in (CREATE, UPLOAD, POLL):
        if where[provider]:
            rows += [(kind, *where[provider], {}, outcome) for kind, outcome in _ANY + _LYING]
    rows.append(("reset_upload", *UPLOAD[provider], {}, RECOVERS))
    rows += [(kind, *where[provider], {}, outcome) for kind, where, outcome in _OWN[provider]]
    if provider == "pages":
        rows.append(("8000000", *CREATE["pages"], {"times": 2}, RECOVERS))
        rows.append(("jwt_expired", "GET", "/accounts/*/pages/projects/*/upload-token", {}, RECOVERS))
    return rows


class Fault:
    def __init__(self, kind, method="*", path="*", nth=1, times=1, **params):
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind}; there are: {', '.join(KINDS)}")
        self.kind, self.method, self.path, self.nth, self.times, self.params = kind, method, path, nth, times, params
        self.seen = self.fired = 0
        self.worked = False  # A STATE fault whose request was refused because of it.
        self.reached, self.released = threading.Event(), threading.Event()  # Of HOLD.
        self.pattern = re.compile(path[3:] if path.startswith("re:") else fnmatch.translate(path))

    def takes(self, method, path):
        """Whether it happens to this request; counts those it could happen to."""
        if self.method not in ("*", method) or not self.pattern.match(path):
            return False
        self.seen += 1
        happens = self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)
        self.fired += happens
        return happens

    def give_back(self):
        """It happened to a request that came to nothing: it happens to the next one."""
        if not self.worked:
            self.seen, self.fired = self.seen - 1, self.fired - 1

    def hold(self):
        self.reached.set()
        self.released.wait(HOLD_SECONDS)

    def get(self, name, default):
        return self.params.get(name, default)

    def row(self):
        return {"kind": self.kind, "method": self.method, "path": self.path, "nth": self.nth, "times": self.times,
                "seen": self.seen, "fired": self.fired, **self.params,
                **({"held": self.reached.is_set() and not self.released.is_set()} if self.kind in HOLD else {})}


class Plan:
    def __init__(self):
        self.faults = []

    def add(self, kind, **more):
        fault = Fault(kind, **more)
        self.faults.append(fault)
        return fault

    def clear(self):
        self.release()
        self.faults = []

    def release(self):
        """What is held goes on."""
        for fault in self.faults:
            fault.released.set()

    def pick(self, method, path):
        """The fault that happens to this request: the first, where several would; each counts it."""
        happening = [fault for fault in self.faults if fault.takes(method, path)]
        return happening[0] if happening else None

    def seed(self, number, provider, count=5, outcomes=(RECOVERS,), within=6):
        """Adds `count` faults of the provider's table at random occurrences: the same for the same number."""
        chance = random.Random(number)
        rows = [row for row in table(provider) if row[4] in outcomes]
        return [self.add(kind, method=method, path=path, nth=chance.randint(1, within), **params)
                for kind, method, path, params, _ in (chance.choice(rows) for _ in range(count))]
