# SPDX-License-Identifier: Apache-2.0
"""Cloudflare's API, as far as Pages (direct upload) and Workers with static assets go: envelope, tokens, upload JWTs.

Labels of sites: Pages: PROJECT, SHORTID.PROJECT, ALIAS.PROJECT; Workers: NAME.SUBDOMAIN, VERSIONPREFIX-NAME.SUBDOMAIN,
ALIAS-NAME.SUBDOMAIN (each also without .SUBDOMAIN). Control: {"jwt_seconds": N}, the life of an upload token;
{"max_files": N} of a Pages project; {"single_uploads": true}, one request for each asset of a Worker.
"""
import base64
import hashlib
import hmac
import json

import digests
from cf_pages import Pages, nothing_yet
from cf_workers import Workers
from standin import EXPIRED, OTHER, TOKEN, Answer, Refuse, Standin, breach, json_answer, road

ACCOUNT, THEIRS = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
AUTH_FAILED = 10000
FILE_BYTES_MAX = 25 << 20


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Cloudflare(Pages, Workers, Standin):
    NAME = "cloudflare"
    BASE = "/client/v4"
    CONTRACTS = (("cloudflare-assets-supplement.openapi.json", None),
                 ("cloudflare-pages-workers-subset-2024-08-06.openapi.json", nothing_yet))
    ACCOUNT = ACCOUNT
    WHO = {TOKEN: ACCOUNT, OTHER: THEIRS}
    SECRET = b"of this stand-in"

    def __init__(self, *arguments, **more):
        self.jwt_seconds = {"upload": 300, "session": 3600, "completion": 3600}
        self.objects = {}  # hash -> (bytes, content type or None): of Pages and of Workers, as at Cloudflare.
        self.hashes = {}  # (sha1, extension) -> asset hash, so that none is made twice.
        self.served = {}  # id of a manifest -> (the manifest, what its site serves), once somebody asked.
        self.start_pages()
        self.start_workers()
        super().__init__(*arguments, **more)

    def add_site(self, name, account=ACCOUNT):
        return self.add_project(name, account)

    # What the base asks for -------------------------------------------------------------------

    def error(self, refuse):
        if isinstance(refuse.code, str):  # Plain text, as the gateway says it.
            return Answer(refuse.status, refuse.message, "text/plain;charset=UTF-8")
        row = {"code": refuse.code or refuse.status, "message": refuse.message}
        answer = json_answer(refuse.status, {"success": False, "errors": [row], "messages": [], "result": None})
        if refuse.status == 429:
            answer.headers["Retry-After"] = str(max(1, int(refuse.more.get("reset", 0) - self.now()) + 1))
        return answer

    def ok(self, result, status=200, info=None):
        made = {"success": True, "errors": [], "messages": [], "result": result}
        return json_answer(status, {**made, "result_info": info} if info else made)

    def authenticate(self, request, way):
        token, wants = request.bearer, way.more.get("jwt")
        if wants:
            return self._claims(token, wants)
        if token == EXPIRED:
            raise Refuse(401, "Authentication error: the token has expired", AUTH_FAILED)
        if token and token.count(".") == 2:
            raise breach(401, "an upload token where the API token is wanted", AUTH_FAILED)
        if token not in self.WHO:
            raise Refuse(401, "Authentication error", AUTH_FAILED)
        account = request.path.split("/")[2] if request.path.startswith("/accounts/") else None
        if account and account != self.WHO[token]:
            raise Refuse(403, "Authentication error", AUTH_FAILED)
        return self.WHO[token]

    def labels(self):
        return self.pages_labels() + self.workers_labels()

    def site(self, label):
        files = self.pages_site(label)
        if files is None:
            files = self.workers_site(label)
        if files is None:
            return None
        if id(files) not in self.served:
            self.served[id(files)] = files, {path.lstrip("/"): self.objects[one] for path, one in files.items()}
        return self.served[id(files)][1]

    def deployments(self):
        return {"pages": [self.deployment_json(d) for p in self.projects.values() for d in p.deployments],
                "workers": [self.script_json(s) for s in self.scripts.values()]}

    def control(self, wish):
        if "jwt_seconds" in wish:
            self.jwt_seconds = {kind: wish["jwt_seconds"] for kind in self.jwt_seconds}
        self.single_uploads = wish.get("single_uploads", self.single_uploads)
        self.max_files = wish.get("max_files", self.max_files)
        return bool({"jwt_seconds", "single_uploads", "max_files"} & set(wish))

    # Upload tokens ----------------------------------------------------------------------------

    def jwt(self, kind, account, fault=None, **claims):
        """A signed token of `kind`: upload, session or completion."""
        life = -60 if fault is not None and fault.kind == "jwt_expired" else self.jwt_seconds[kind]
        claims = {"kind": kind, "account": account, "exp": int(self.now() + life), **claims}
        head = base64url(b'{"alg":"HS256","typ":"JWT"}')
        signed = f"{head}.{base64url(json.dumps(claims).encode())}"
        return f"{signed}.{base64url(hmac.digest(self.SECRET, signed.encode(), 'sha256'))}"

    def _claims(self, token, kind):
        """The claims of a token that is good for `kind`."""
        if token in self.WHO:
            raise breach(401, "the API token where an upload token is wanted", AUTH_FAILED)
        signed, _, signature = (token or "").rpartition(".")
        if not hmac.compare_digest(signature, base64url(hmac.digest(self.SECRET, signed.encode(), "sha256"))):
            raise breach(401, "not a token of ours", AUTH_FAILED)
        text = signed.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if claims["kind"] != kind:
            raise breach(401, f"a {claims['kind']} token where a {kind} token is wanted", AUTH_FAILED)
        if claims["exp"] <= self.now():
            raise Refuse(403, "Expired JWT", "text")
        return claims

    # Assets -----------------------------------------------------------------------------------

    def decoded(self, text, what):
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            raise breach(400, f"{what}: not base64") from None
        if base64.b64encode(data) != (text if isinstance(text, bytes) else text.encode()):
            raise breach(400, f"{what}: not standard padded base64")
        if len(data) > FILE_BYTES_MAX:
            raise breach(413, f"{what}: {len(data)} bytes; a file has at most 25 MiB")
        return data

    def asset_hashes(self, pairs):
        """{(data's SHA-1, extension): hash} of [(data, extension)], each made once."""
        keyed = {(hashlib.sha1(data).hexdigest(), ext): (data, ext) for data, ext in pairs}
        new = {key: pair for key, pair in keyed.items() if key not in self.hashes}
        self.hashes.update(zip(new, digests.asset_hashes(new.values())))
        return {key: self.hashes[key] for key in keyed}

    def check_hashes(self, manifest):
        """Refuses a manifest {path: hash} whose stored bytes have other hashes."""
        pairs = [(path, self.objects[one][0], one) for path, one in manifest.items()]
        made = self.asset_hashes([(data, digests.extension(path)) for path, data, _ in pairs])
        for path, data, one in pairs:
            if made[hashlib.sha1(data).hexdigest(), digests.extension(path)] != one:
                raise breach(400, f"{path}: the bytes stored under {one} have another hash")

    # What wrangler asks besides ---------------------------------------------------------------

    @road("GET", "/user/tokens/verify")
    def verify(self, request):
        return self.ok({"id": digests.sha1(request.bearer.encode())[:32], "status": "active"})

    @road("GET", "/memberships", doc="wrangler 4.164.0")
    def memberships(self, request):
        return self.ok([{"id": "m", "account": {"id": request.who, "name": "Stand In"}}])

    @road("GET", "/accounts", doc="wrangler 4.164.0")
    def accounts(self, request):
        return self.ok([{"id": request.who, "name": "Stand In"}])

    @road("GET", "/user", doc="wrangler 4.164.0")
    def user(self, request):
        return self.ok({"id": "standin-user", "email": "dev@example.com"})
