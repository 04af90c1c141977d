# SPDX-License-Identifier: Apache-2.0
"""An operator's account at a provider: makes the thing that is deployed to, and removes it again.

Standard library alone, and none of our connectors' code: what it finds is the provider's own word.
"""
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request

SECONDS_MAX = 60


class Refused(Exception):
    """The provider's answer is no."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:300]}")
        self.status = status


class Account:
    """`api`: where the provider's API is; `name`: of the thing, made up by the caller. `NEEDS`: variables that must be set."""
    NEEDS, API, CONNECTOR, WHERE = (), "", "", ""

    def __init__(self, environment, name, api=None):
        self.values = {variable: environment.get(variable, "") for variable in self.NEEDS}
        self.environment, self.name, self.api = environment, name, (api or self.API).rstrip("/")

    @property
    def token(self):
        return self.values[self.NEEDS[0]]

    def settings(self):
        raise NotImplementedError

    def make(self):
        raise NotImplementedError

    def remove(self):
        """Removes it; it may never have been made."""
        raise NotImplementedError

    def is_there(self):
        raise NotImplementedError

    def call(self, method, path, body=None):
        """The JSON of the answer, None for none. Raises Refused, or OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "User-Agent": "origind-smoke"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.api + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode("utf-8", "replace")) from None
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from None
        return json.loads(text) if text.strip() else None

    def found(self, path):
        """The answer, or None if there is no such thing."""
        try:
            return self.call("GET", path)
        except Refused as refused:
            if refused.status != 404:
                raise
            return None

    def delete(self, path):
        try:
            self.call("DELETE", path)
        except Refused as refused:
            if refused.status != 404:
                raise


class Netlify(Account):
    NEEDS = ("NETLIFY_AUTH_TOKEN",)
    API, CONNECTOR, WHERE = "https://api.netlify.com/api/v1", "netlify", "https://app.netlify.com/"

    def settings(self):
        return {"site": self.name}

    def make(self):
        self.call("POST", "/sites", {"name": self.name})

    def _sites(self):
        rows = self.call("GET", f"/sites?name={urllib.parse.quote(self.name)}&filter=all") or []
        return [row for row in rows if row["name"] == self.name]

    def remove(self):
        for site in self._sites():
            self.delete(f"/sites/{site['id']}")

    def is_there(self):
        return bool(self._sites())


class Vercel(Account):
    """VERCEL_ORG_ID, as Vercel's own program takes it, names the team if the token is used for one."""
    NEEDS = ("VERCEL_TOKEN",)
    API, CONNECTOR, WHERE = "https://api.vercel.com", "vercel", "https://vercel.com/dashboard"

    @property
    def team(self):
        owner = self.environment.get("VERCEL_ORG_ID", "")
        return owner if owner.startswith("team_") else ""

    def _path(self, path):
        return path + (f"?teamId={self.team}" if self.team else "")

    def settings(self):
        return {"project": self.name, **({"team": self.team} if self.team else {})}

    def make(self):
        self.call("POST", self._path("/v11/projects"), {"name": self.name})

    def remove(self):
        self.delete(self._path(f"/v9/projects/{self.name}"))

    def is_there(self):
        return self.found(self._path(f"/v9/projects/{self.name}")) is not None


class Cloudflare(Account):
    NEEDS = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID")
    API, WHERE = "https://api.cloudflare.com/client/v4", "https://dash.cloudflare.com/ (Workers & Pages)"
    FOLDER = ""

    def _path(self, rest):
        return f"/accounts/{self.values['CLOUDFLARE_ACCOUNT_ID']}/{self.FOLDER}{rest}"

    def _settings(self, key):
        return {"account": self.values["CLOUDFLARE_ACCOUNT_ID"], key: self.name}


class Pages(Cloudflare):
    CONNECTOR, FOLDER = "cloudflare-pages", "pages/projects"

    def settings(self):
        return self._settings("project")

    def make(self):
        self.call("POST", self._path(""), {"name": self.name, "production_branch": "main"})

    def remove(self):
        self.delete(self._path(f"/{self.name}"))

    def is_there(self):
        return self.found(self._path(f"/{self.name}")) is not None


class Workers(Cloudflare):
    CONNECTOR, FOLDER = "cloudflare-workers", "workers/scripts"

    def settings(self):
        return self._settings("name")

    def make(self):
        """The first deployment does."""

    def remove(self):
        self.delete(self._path(f"/{self.name}?force=true"))

    def is_there(self):
        """By the list of its deployments: the script itself has no JSON to read."""
        return self.found(self._path(f"/{self.name}/deployments")) is not None


KINDS = {"netlify": (Netlify,), "vercel": (Vercel,), "cloudflare": (Pages, Workers)}


def missing(kinds, environment=os.environ):
    """The variables that are wanted and not set."""
    return [name for name in dict.fromkeys(name for kind in kinds for name in kind.NEEDS) if not environment.get(name)]
