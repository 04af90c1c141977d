# SPDX-License-Identifier: Apache-2.0
"""Cloudflare Workers with static assets: upload sessions, scripts, versions, deployments, subdomain."""
import datetime
import re
import uuid

import contract
import digests
from standin import Refuse, breach, road

SCRIPT = "/accounts/{account_id}/workers/scripts/{script_name}"
NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,62}\Z")
ALIAS = re.compile(r"[a-z][a-z0-9-]*\Z")
MANIFEST_MAX = 100000
BUCKET_FILES = 50  # How many files this stand-in asks for at once.
FILE_BYTES_MAX = 25 << 20
HTML = ("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none")
NOT_FOUND = ("none", "404-page", "single-page-application")
NO_SCRIPT, NO_VERSION, BAD_ASSETS = 10007, 10073, 10021


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


class Script:
    def __init__(self, name, account):
        self.name, self.account, self.tag = name, account, uuid.uuid4().hex
        self.versions, self.deployments, self.aliases = [], [], {}
        self.enabled, self.previews = False, False

    def live(self):
        """The version that is served, or None."""
        return self.deployments[-1]["version"] if self.deployments else None


class Version:
    def __init__(self, manifest, metadata, number):
        self.id, self.manifest, self.metadata, self.number = str(uuid.uuid4()), manifest, metadata, number
        self.created = stamp()
        self.files = {path: one["hash"] for path, one in manifest.items()}


class Workers:
    def start_workers(self):
        self.scripts = {}  # (account, name) -> Script
        self.sessions = {}  # id -> {path: {"hash", "size"}}
        self.subdomain = "standin"
        self.single_uploads = False  # Whether it asks for one request a file, as the newest programs can.

    def workers_labels(self):
        made = []
        for script in self.scripts.values():
            made += [script.name] if script.enabled and script.live() else []
            if script.previews:
                made += [f"{v.id[:8]}-{script.name}" for v in script.versions]
                made += [f"{alias}-{script.name}" for alias in script.aliases]
        return [f"{label}.{self.subdomain}" for label in made]

    def workers_site(self, label):
        """{path: hash} of what is served there, or None."""
        label = label.removesuffix("." + self.subdomain)
        for script in self.scripts.values():
            if label == script.name and script.enabled:
                return script.live() and script.live().files
            if script.previews and label.endswith("-" + script.name):
                which = label.removesuffix("-" + script.name)
                found = [v for v in script.versions if v.id[:8] == which] + [
                    v for alias, v in script.aliases.items() if alias == which]
                if found:
                    return found[0].files
        return None

    def script_json(self, script):
        return {"id": script.name, "tag": script.tag, "created_on": stamp(), "modified_on": stamp(), "etag": script.tag,
                "handlers": [], "has_assets": True, "has_modules": False, "logpush": False,
                "startup_time_ms": 0, "deployment_id": script.deployments[-1]["id"] if script.deployments else None}

    def _script(self, request, name):
        script = self.scripts.get((request.who, name))
        if script is None:
            raise Refuse(404, "This Worker does not exist on your account.", NO_SCRIPT)
        return script

    # Assets -----------------------------------------------------------------------------------

    @road("POST", SCRIPT + "/assets-upload-session")
    def start_session(self, request, account_id, script_name):
        manifest = request.json["manifest"]
        if len(manifest) > MANIFEST_MAX:
            raise breach(400, f"{len(manifest)} entries; a manifest has at most {MANIFEST_MAX}", BAD_ASSETS)
        if not NAME.match(script_name):
            raise breach(400, f"{script_name!r} is not a script's name", BAD_ASSETS)
        for path, one in manifest.items():
            if not path.startswith("/") or path.startswith("//") or ".." in path.split("/"):
                raise breach(400, f"manifest: {path}: not a path with a leading slash", BAD_ASSETS)
            if path in ("/_headers", "/_redirects", "/.assetsignore", "/_worker.js"):
                raise breach(400, f"manifest: {path} is no asset", BAD_ASSETS)
            if not 0 <= one["size"] <= FILE_BYTES_MAX:
                raise breach(400, f"manifest: {path}: {one['size']} bytes; at most 25 MiB", BAD_ASSETS)
        name = uuid.uuid4().hex
        self.sessions[name] = manifest
        missing = self._missing(name)
        buckets = [missing[at:at + BUCKET_FILES] for at in range(0, len(missing), BUCKET_FILES)]
        kind = "session" if buckets else "completion"
        claims = {"wrangler_single_asset_uploads": True, "edge_kv_upload_concurrency": 8} if self.single_uploads else {}
        return self.ok({"jwt": self.jwt(kind, account_id, request.fault, session=name, script=script_name, **claims),
                        "buckets": buckets})

    def _missing(self, session):
        wanted = dict.fromkeys(one["hash"] for one in self.sessions[session].values())
        return [one for one in wanted if one not in self.objects]

    @road("POST", "/accounts/{account_id}/workers/assets/upload", jwt="session")
    def upload_bucket(self, request, account_id):
        rows = []
        for part in request.parts:
            if part.filename != part.name:
                raise breach(400, f"a part {part.name} with filename {part.filename}")
            rows.append((part.name, self.decoded(part.body, part.name), part.content_type))
        return self._take(request, account_id, rows)

    @road("POST", "/accounts/{account_id}/workers/assets/upload/{hash}", doc="wrangler 4.164.0", jwt="session")
    def upload_one(self, request, account_id, hash):
        if not self.single_uploads:
            raise breach(400, "the session did not ask for single uploads")
        return self._take(request, account_id, [(hash, request.body, request.headers.get("Content-Type"))])

    def _take(self, request, account_id, rows):
        """Stores [(hash, bytes, content type)] of a session; the last of them brings the completion token."""
        claims = request.who
        if account_id != claims["account"]:
            raise breach(401, "an upload token of another account", 10000)
        manifest = self.sessions[claims["session"]]
        sizes = {one["hash"]: one["size"] for one in manifest.values()}
        for key, data, kind in rows:
            if key not in sizes:
                raise breach(400, f"{key}: not a hash of this session")
            if not kind or "/" not in kind:
                raise breach(400, f"{key}: without a content type")
            if len(data) != sizes[key]:
                raise breach(400, f"{key}: {len(data)} bytes, the manifest says {sizes[key]}")
            if key in self.objects:
                self.odd(request, f"{key} was there already")
        new = {key: (data, None if kind == "application/null" else kind) for key, data, kind in rows}
        self._check_bytes([(path, new[one["hash"]][0], one["hash"]) for path, one in manifest.items()
                           if one["hash"] in new])
        self.objects.update(new)
        if self._missing(claims["session"]):
            return self.ok({}, 202)
        token = self.jwt("completion", account_id, session=claims["session"], script=claims["script"])
        return self.ok({"jwt": token}, 201)

    def _check_bytes(self, rows):
        """Refuses rows (path, bytes, hash) where no path of a hash gives that hash to its bytes."""
        made = self.asset_hashes([(data, digests.extension(path)) for path, data, _ in rows])
        good = {one for path, data, one in rows if made[digests.sha1(data), digests.extension(path)] == one}
        for path, _, one in rows:
            if one not in good:
                raise breach(400, f"{path}: the bytes sent as {one} have another hash")

    # Scripts, versions, deployments -------------------------------------------------------------

    def _version(self, request, script):
        """A new version of the request's metadata."""
        fields = {part.name: part for part in request.parts}
        if set(fields) != {"metadata"} or fields["metadata"].filename is not None:
            raise breach(400, f"a form with {sorted(fields)}; assets alone have the one field metadata", BAD_ASSETS)
        try:
            metadata = contract.strict_json(fields["metadata"].body)
        except ValueError as error:
            raise breach(400, f"metadata: {error}", BAD_ASSETS) from None
        if not isinstance(metadata, dict) or "assets" not in metadata or "compatibility_date" not in metadata:
            raise breach(400, "metadata: assets and compatibility_date are wanted", BAD_ASSETS)
        config = metadata["assets"].get("config") or {}
        if config.get("html_handling", HTML[0]) not in HTML or config.get("not_found_handling", "none") not in NOT_FOUND:
            raise breach(400, f"metadata: assets.config has an unknown value: {config}", BAD_ASSETS)
        for name in ("_headers", "_redirects"):
            if not isinstance(config.get(name, ""), str):
                raise breach(400, f"metadata: assets.config.{name} is not a text", BAD_ASSETS)
        claims = self._claims(metadata["assets"].get("jwt"), "completion")
        if claims["script"] != script.name or claims["account"] != request.who:
            raise breach(400, "metadata: the completion token is for another script", BAD_ASSETS)
        version = Version(self.sessions[claims["session"]], metadata, len(script.versions) + 1)
        script.versions.append(version)
        alias = (metadata.get("annotations") or {}).get("workers/alias")
        if alias is not None:
            if not ALIAS.match(alias) or len(f"{alias}-{script.name}") > 63:
                raise breach(400, f"{alias!r} is not an alias", BAD_ASSETS)
            script.aliases[alias] = version
        return version

    def _deploy(self, script, version, annotations=None):
        made = {"id": str(uuid.uuid4()), "version": version, "created_on": stamp(), "annotations": annotations or {}}
        script.deployments.append(made)
        return made

    def _deployment_json(self, made):
        return {"id": made["id"], "source": "api", "strategy": "percentage", "author_email": "dev@example.com",
                "created_on": made["created_on"], "annotations": made["annotations"],
                "versions": [{"version_id": made["version"].id, "percentage": 100}]}

    def _version_json(self, script, version):
        return {"id": version.id, "number": version.number, "metadata": {
            "created_on": version.created, "modified_on": version.created, "author_email": "dev@example.com",
            "author_id": "standin", "source": "api", "has_preview": script.previews},
            "annotations": version.metadata.get("annotations") or {}, "startup_time_ms": 0,
            "resources": {"script": {"etag": version.id, "handlers": []}, "bindings": [], "script_runtime": {
                "compatibility_date": version.metadata["compatibility_date"]}}}

    @road("PUT", SCRIPT)
    def put_script(self, request, account_id, script_name):
        self.check_limit()
        script = self.scripts.get((account_id, script_name)) or Script(script_name, account_id)
        made = self._deploy(script, self._version(request, script))
        self.scripts[account_id, script_name] = script
        return self.ok({**self.script_json(script), "deployment_id": made["id"], "version_id": made["version"].id})

    @road("GET", SCRIPT)
    def get_script(self, request, account_id, script_name):
        return self.ok(self.script_json(self._script(request, script_name)))

    @road("DELETE", SCRIPT)
    def delete_script(self, request, account_id, script_name):
        del self.scripts[account_id, self._script(request, script_name).name]
        return self.ok(None)

    @road("POST", SCRIPT + "/versions")
    def post_version(self, request, account_id, script_name):
        script = self._script(request, script_name)
        version = self._version(request, script)
        return self.ok(self._version_json(script, version))

    @road("GET", SCRIPT + "/versions")
    def list_versions(self, request, account_id, script_name):
        script = self._script(request, script_name)
        return self.ok({"items": [self._version_json(script, v) for v in reversed(script.versions)]})

    @road("GET", SCRIPT + "/versions/{version_id}")
    def get_version(self, request, account_id, script_name, version_id):
        script = self._script(request, script_name)
        return self.ok(self._version_json(script, self._known(script, version_id)))

    @staticmethod
    def _known(script, version_id):
        for version in script.versions:
            if version.id == version_id:
                return version
        raise Refuse(404, "Version not found.", NO_VERSION)

    @road("GET", SCRIPT + "/deployments")
    def list_script_deployments(self, request, account_id, script_name):
        rows = reversed(self._script(request, script_name).deployments)
        return self.ok({"deployments": [self._deployment_json(made) for made in rows]})

    @road("POST", SCRIPT + "/deployments", untyped=True)
    def post_deployment(self, request, account_id, script_name):
        script, wish = self._script(request, script_name), request.json
        rows = wish.get("versions", [])
        if wish.get("strategy") != "percentage" or len(rows) != 1 or rows[0].get("percentage") != 100:
            raise breach(400, "one version at 100 percent is all that this stand-in serves", BAD_ASSETS)
        version = self._known(script, rows[0]["version_id"])
        return self.ok(self._deployment_json(self._deploy(script, version, wish.get("annotations"))))

    # Where it is served -------------------------------------------------------------------------

    @road("GET", "/accounts/{account_id}/workers/subdomain")
    def get_subdomain(self, request, account_id):
        return self.ok({"subdomain": self.subdomain})

    @road("POST", SCRIPT + "/subdomain", untyped=True)
    def set_subdomain(self, request, account_id, script_name):
        script, wish = self._script(request, script_name), request.json or {}
        script.enabled = wish.get("enabled", script.enabled)
        script.previews = wish.get("previews_enabled", script.previews or script.enabled)
        return self.ok(self._subdomain_json(script))

    @road("GET", SCRIPT + "/subdomain", doc="wrangler 4.164.0")
    def script_subdomain(self, request, account_id, script_name):
        return self.ok(self._subdomain_json(self._script(request, script_name)))

    @staticmethod
    def _subdomain_json(script):
        return {"enabled": script.enabled, "previews_enabled": script.previews}

    @road("GET", "/accounts/{account_id}/workers/services/{script_name}", doc="wrangler 4.164.0")
    def service(self, request, account_id, script_name):
        script = self._script(request, script_name)
        return self.ok({"id": script.name, "default_environment": {"environment": "production", "script": {
            **self.script_json(script), "last_deployed_from": "wrangler"}}})

    @road("GET", "/accounts/{account_id}/workers/workers/{script_name}", doc="wrangler 4.164.0")
    def worker(self, request, account_id, script_name):
        script = self._script(request, script_name)
        return self.ok({"id": script.tag, "name": script.name, "subdomain": self._subdomain_json(script)})

    @road("PATCH", SCRIPT + "/script-settings", doc="wrangler 4.164.0")
    def script_settings(self, request, account_id, script_name):
        self._script(request, script_name)
        return self.ok(request.json)
