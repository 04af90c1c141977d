# SPDX-License-Identifier: Apache-2.0
"""Netlify's API for deploys by file digests, as far as deploying a folder goes: sites, deploys, files, publishing.

A site's labels: its name (production), DEPLOYID--NAME (each deploy) and BRANCH--NAME (the newest of a branch).
"""
import datetime
import itertools
import re
import uuid

import digests
from site_door import guessed_type
from standin import EXPIRED, OTHER, TOKEN, Answer, Refuse, Standin, breach, json_answer, road

SYNC_FILES_MAX = 100  # Above it a deploy has to be asynchronous, or the gateway gives up (N1).
ALIAS_MAX = 37
DIFF_POLLS = 1  # Questions until an asynchronous deploy knows what it wants.
OURS, THEIRS = "standin-account", "somebody-else"
PROCESSING = ("uploaded", "processing", "unheard_of")
COUNTER = itertools.count(1)


class Site:
    def __init__(self, name, account):
        self.id, self.name, self.account = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.{account}")), name, account
        self.locked, self.published, self.history, self.settings = False, None, [], {}
        self.branches = {}  # branch -> Deploy
        self.created = stamp()


class Deploy:
    def __init__(self, site, title, wish, fault):
        number = next(COUNTER)
        self.id = f"{number:08x}" + digests.sha1(f"{site.id}{number}".encode())[:16]
        self.site, self.title, self.fault = site, title, fault
        self.draft, self.branch = wish.get("draft") or False, wish.get("branch") or None
        self.state, self.files, self.required, self.message = "new", None, {}, None  # required: its keys.
        self.served = None  # What its site serves, once somebody asked.
        self.asynchronous, self.polls, self.created, self.published_at = False, 0, stamp(), None

    def wants(self, name):
        return self.fault is not None and self.fault.kind == name


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Netlify(Standin):
    NAME = "netlify"
    BASE = "/api/v1"
    CONTRACTS = (("netlify-deploy-subset.swagger.json", None),)
    ACCOUNT = OURS
    WHO = {TOKEN: OURS, OTHER: THEIRS}

    def __init__(self, *arguments, **more):
        self.site_rows, self.deploy_rows, self.objects = {}, {}, {}
        super().__init__(*arguments, **more)
        self.add_site("taken", THEIRS)

    def add_site(self, name, account=OURS):
        site = Site(name, account)
        self.site_rows[site.id] = site
        return self._site_json(site)

    # What the base asks for -------------------------------------------------------------------

    def error(self, refuse):
        headers = {}
        if refuse.status == 429:
            headers = {"X-RateLimit-Limit": "500", "X-RateLimit-Remaining": "0",
                       "X-RateLimit-Reset": str(int(refuse.more.get("reset", self.now() + 1)) + 1)}
        if refuse.status == 502:
            return Answer(502, "<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
        answer = json_answer(refuse.status, {"code": refuse.status, "message": refuse.message, **(
            {"errors": refuse.more["errors"]} if "errors" in refuse.more else {})})
        answer.headers.update(headers)
        return answer

    def authenticate(self, request, way):
        if request.bearer not in self.WHO:
            what = "Access Denied: the token has expired" if request.bearer == EXPIRED else "Access Denied"
            raise Refuse(401, what)
        return self.WHO[request.bearer]

    def labels(self):
        made = [d.id + "--" + d.site.name for d in self.deploy_rows.values() if d.state == "ready"]
        branches = [f"{b}--{s.name}" for s in self.site_rows.values() for b in s.branches]
        return made + branches + [s.name for s in self.site_rows.values() if s.published]

    def site(self, label):
        which, _, name = label.rpartition("--")
        site = next((s for s in self.site_rows.values() if s.name == name), None)
        if site is None:
            return None
        deploy = site.published
        if which:
            deploy = self.deploy_rows.get(which) or site.branches.get(which)
        if deploy is None or deploy.state != "ready" or deploy.site is not site:
            return None
        if deploy.served is None:
            deploy.served = {path: (self.objects[sha], guessed_type(path)) for path, sha in deploy.files.items()}
        return deploy.served

    def deployments(self):
        return [self._deploy_json(d, list(d.required)) for d in self.deploy_rows.values()]

    def control(self, wish):
        site = next((s for s in self.site_rows.values() if s.name == wish.get("site")), None)
        if site is None or "locked" not in wish:
            return False
        site.locked = bool(wish["locked"])
        return True

    # JSON -------------------------------------------------------------------------------------

    def _site_json(self, site, brief=False):
        url = self.site_url(site.name)
        made = {"id": site.id, "site_id": site.id, "state": "current", "name": site.name, "url": url, "ssl_url": url,
                "admin_url": f"{self.sites.door.url}/_admin/{site.name}", "account_id": site.account,
                "account_slug": site.account, "account_name": site.account, "created_at": site.created,
                "updated_at": site.created, "default_domain": f"{site.name}.netlify.app", "build_settings": {},
                "capabilities": {}, "processing_settings": {"html": {"pretty_urls": True}},
                "prevent_non_git_prod_deploys": False, **site.settings}
        if site.published and not brief:
            made["published_deploy"] = self._deploy_json(site.published, [])
            made["deploy_url"] = made["published_deploy"]["deploy_url"]
        return made

    def _deploy_json(self, deploy, required):
        site, here = deploy.site, f"{deploy.branch or deploy.id}--{deploy.site.name}"
        production = not deploy.draft and not deploy.branch
        made = {"id": deploy.id, "site_id": site.id, "state": deploy.state, "name": site.name,
                "url": self.site_url(site.name), "ssl_url": self.site_url(site.name),
                "admin_url": f"{self.sites.door.url}/_admin/{site.name}", "draft": deploy.draft,
                "deploy_url": self.site_url(here), "deploy_ssl_url": self.site_url(here),
                "required": required, "required_functions": [], "created_at": deploy.created,
                "updated_at": deploy.created, "context": "production" if production else
                "branch-deploy" if deploy.branch else "deploy-preview",
                "locked": site.locked and site.published is deploy, "skipped": False}
        for name, value in (("error_message", deploy.message), ("title", deploy.title), ("branch", deploy.branch),
                            ("published_at", deploy.published_at)):
            if value is not None:
                made[name] = value
        return made

    def _now(self, deploy, status=200):
        known = deploy.state not in ("new", "preparing", "unheard_of")
        return json_answer(status, self._deploy_json(deploy, list(deploy.required) if known else []))

    # Finding ----------------------------------------------------------------------------------

    def _mine(self, request, site_id):
        for site in self.site_rows.values():
            if site_id in (site.id, f"{site.name}.netlify.app") and site.account == request.who:
                return site
        raise Refuse(404, "Not Found")

    def _deploy(self, request, deploy_id, site_id=None):
        deploy = self.deploy_rows.get(deploy_id)
        if deploy is None or deploy.site.account != request.who or site_id not in (None, deploy.site.id):
            raise Refuse(404, "Not Found")
        return deploy

    # Sites ------------------------------------------------------------------------------------

    @road("GET", "/sites")
    @road("GET", "/{account_slug}/sites")
    def list_sites(self, request, account_slug=None):
        rows = [s for s in self.site_rows.values() if s.account == request.who and request.query.get("name", "") in s.name]
        return json_answer(200, [self._site_json(s) for s in self._page(request, rows)])

    @road("POST", "/sites", bad=422)
    @road("POST", "/{account_slug}/sites", bad=422)
    def create_site(self, request, account_slug=None):
        if account_slug not in (None, request.who):
            raise Refuse(404, "Not Found")
        wish = request.json or {}
        name = wish.get("name") or f"standin-{next(COUNTER):06d}"
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name) or len(name) > 63:
            raise Refuse(422, "Validation failed", errors={"subdomain": ["is not a name"]})
        if any(s.name == name for s in self.site_rows.values()):
            raise Refuse(422, "Validation failed", errors={"subdomain": ["must be unique"]})
        return json_answer(201, self.add_site(name, request.who))

    @road("GET", "/sites/{site_id}")
    def get_site(self, request, site_id):
        return json_answer(200, self._site_json(self._mine(request, site_id)))

    @road("DELETE", "/sites/{site_id}")
    def delete_site(self, request, site_id):
        site = self._mine(request, site_id)
        del self.site_rows[site.id]
        self.deploy_rows = {k: d for k, d in self.deploy_rows.items() if d.site is not site}
        return Answer(204)

    @road("GET", "/sites/{site_id}/files")
    def list_files(self, request, site_id):
        deploy = self._mine(request, site_id).published
        rows = deploy.files.items() if deploy else ()
        return json_answer(200, [self._file_json(path, sha) for path, sha in rows])

    @staticmethod
    def _page(request, rows):
        size, page = int(request.query.get("per_page", 100)), int(request.query.get("page", 1))
        return rows[(page - 1) * size:page * size]

    # Deploys ----------------------------------------------------------------------------------

    @road("GET", "/sites/{site_id}/deploys")
    def list_deploys(self, request, site_id):
        site, query = self._mine(request, site_id), request.query
        rows = [d for d in reversed(self.deploy_rows.values()) if d.site is site]
        if query.get("production") == "true":
            rows = [d for d in rows if not d.draft and not d.branch]
        if "state" in query:
            rows = [d for d in rows if d.state == query["state"]]
        if "branch" in query:
            rows = [d for d in rows if d.branch == query["branch"]]
        if query.get("latest-published") == "true":
            rows = [d for d in rows if d is site.published]
        return json_answer(200, [self._deploy_json(d, []) for d in self._page(request, rows)])

    @road("POST", "/sites/{site_id}/deploys", bad=422)
    def create_deploy(self, request, site_id):
        site, wish = self._mine(request, site_id), request.json or {}
        if len(wish.get("branch") or "") > ALIAS_MAX:
            raise breach(422, f"a branch of more than {ALIAS_MAX} characters")
        self.check_limit()
        deploy = Deploy(site, request.query.get("title"), wish, request.fault)
        self.deploy_rows[deploy.id] = deploy
        if "files" in wish:
            self._take_manifest(deploy, wish)
        return self._now(deploy)

    @road("GET", "/sites/{site_id}/deploys/{deploy_id}")
    @road("GET", "/deploys/{deploy_id}")
    def get_deploy(self, request, deploy_id, site_id=None):
        deploy = self._deploy(request, deploy_id, site_id)
        self._step(deploy)
        return self._now(deploy)

    @road("PUT", "/sites/{site_id}/deploys/{deploy_id}", bad=422)
    def put_deploy(self, request, site_id, deploy_id):
        deploy, wish = self._deploy(request, deploy_id, site_id), request.json
        if deploy.state not in ("new", "preparing", "prepared", "uploading"):
            raise Refuse(422, "Build is already done")
        if "files" not in wish:
            raise breach(422, "a manifest without files")
        if deploy.fault is None:
            deploy.fault = request.fault
        for name in ("draft", "branch"):
            if name in wish and wish[name] is not None:
                setattr(deploy, name, wish[name] or None if name == "branch" else wish[name])
        self._take_manifest(deploy, wish)
        return self._now(deploy)

    def _take_manifest(self, deploy, wish):
        files = {}
        for path, sha in wish["files"].items():
            if not isinstance(sha, str) or not re.fullmatch(r"[0-9a-f]{40}", sha):
                raise breach(422, f"{path}: not a SHA-1 in hex")
            if re.search(r"[#?]", path) or ".." in path.split("/") or not path.strip("/"):
                raise breach(422, f"{path}: a path Netlify's clients refuse")
            files[path.removeprefix("/")] = sha
        if deploy.files not in (None, files):
            raise breach(422, "another manifest than the one sent before")
        deploy.files, deploy.asynchronous = files, bool(wish.get("async"))
        if len(files) > SYNC_FILES_MAX and not deploy.asynchronous:
            deploy.state, deploy.message = "error", "timed out"
            raise breach(502, f"{len(files)} files in a synchronous deploy (N1)")
        deploy.required = dict.fromkeys(sha for sha in sorted(set(files.values())) if sha not in self.objects)
        if deploy.wants("required_unknown"):
            deploy.required[digests.sha1(b"nobody sent this")] = None
        deploy.polls = 0
        deploy.state = "preparing" if deploy.asynchronous else self._after_diff(deploy)

    @staticmethod
    def _after_diff(deploy):
        return ("prepared" if deploy.asynchronous else "uploading") if deploy.required else "uploaded"

    def _step(self, deploy):
        """What a question finds a little later."""
        deploy.polls += 1
        if deploy.wants("stuck") and deploy.state in PROCESSING:
            return
        if deploy.state == "preparing":
            wait = deploy.fault.get("polls", 5) if deploy.wants("diff_slow") else DIFF_POLLS
            if deploy.polls >= wait:
                deploy.state, deploy.polls = self._after_diff(deploy), 0
        elif deploy.state in PROCESSING:
            self._process(deploy)

    def _process(self, deploy):
        deploy.state = "processing"
        if deploy.wants("unknown_state") and deploy.polls < deploy.fault.get("polls", 3):
            deploy.state = "unheard_of"
        elif deploy.wants("error_state") or deploy.wants("cancelled"):
            default = "Canceled" if deploy.wants("cancelled") else "Failed during stage 'deploying site': no luck"
            deploy.state, deploy.message = "error", deploy.fault.get("message", default)
        elif deploy.polls >= self.polls:
            deploy.state = "ready"
            if deploy.branch:
                deploy.site.branches[deploy.branch] = deploy
            elif not deploy.draft and not deploy.site.locked:
                self._publish(deploy)

    @staticmethod
    def _publish(deploy):
        deploy.published_at = stamp()
        if deploy.site.published not in (None, deploy):
            deploy.site.history.append(deploy.site.published)
        deploy.site.published = deploy

    @road("PUT", "/deploys/{deploy_id}/files/{path}", bad=422)
    def upload(self, request, deploy_id, path):
        deploy = self._deploy(request, deploy_id)
        if deploy.state in ("new", "preparing"):
            raise breach(422, "a file before the diff is known (N2)")
        if deploy.state not in ("prepared", "uploading"):
            if deploy.files and deploy.files.get(path) == digests.sha1(request.body):
                return json_answer(200, self._file_json(path, deploy.files[path]))  # Sent twice, the second too late.
            raise Refuse(422, "Build is already done")
        if path not in deploy.files:
            raise breach(422, f"{path} is not in the manifest (N3)")
        sha = digests.sha1(request.body)
        if deploy.files[path] != sha:
            raise breach(400, f"Uploaded file {path} did not match deploy (N4)")
        if sha not in deploy.required:
            self.odd(request, "a file nobody asked for, or asked for no more")
        self.objects[sha] = request.body
        deploy.required.pop(sha, None)
        deploy.state = "uploading" if deploy.required else "uploaded"
        deploy.polls = 0
        return json_answer(200, self._file_json(path, sha))

    def _file_json(self, path, sha):
        return {"id": "/" + path, "path": "/" + path, "sha": sha, "size": len(self.objects[sha]),
                "mime_type": guessed_type(path).split(";")[0]}

    # Publishing -------------------------------------------------------------------------------

    @road("POST", "/deploys/{deploy_id}/cancel")
    def cancel(self, request, deploy_id):
        deploy = self._deploy(request, deploy_id)
        if deploy.state == "ready":
            raise Refuse(422, "Build is already done")
        deploy.state, deploy.message = "error", deploy.message or "Canceled"
        return self._now(deploy, 201)

    @road("POST", "/sites/{site_id}/deploys/{deploy_id}/restore")
    def restore(self, request, site_id, deploy_id):
        deploy = self._deploy(request, deploy_id, site_id)
        if deploy.state != "ready":
            raise Refuse(422, "Only a deploy that is ready can be published")
        self._publish(deploy)
        return self._now(deploy, 201)

    @road("PUT", "/sites/{site_id}/rollback")
    def rollback(self, request, site_id):
        site = self._mine(request, site_id)
        if not site.history:
            raise Refuse(422, "There is no earlier deploy")
        site.published = site.history.pop()
        site.published.published_at = stamp()
        return Answer(204)

    @road("POST", "/deploys/{deploy_id}/lock")
    @road("POST", "/deploys/{deploy_id}/unlock")
    def lock_or_unlock(self, request, deploy_id):
        deploy = self._deploy(request, deploy_id)
        deploy.site.locked = request.path.endswith("/lock")
        return self._now(deploy)

    @road("DELETE", "/deploys/{deploy_id}")
    @road("DELETE", "/sites/{site_id}/deploys/{deploy_id}")
    def delete_deploy(self, request, deploy_id, site_id=None):
        deploy = self._deploy(request, deploy_id, site_id)
        if deploy is deploy.site.published:
            raise Refuse(422, "The published deploy cannot be deleted")
        del self.deploy_rows[deploy.id]
        deploy.site.history = [d for d in deploy.site.history if d is not deploy]
        deploy.site.branches = {branch: d for branch, d in deploy.site.branches.items() if d is not deploy}
        return Answer(204)

    # What only Netlify's own program asks -------------------------------------------------------

    @road("GET", "/user")
    def user(self, request):
        return json_answer(200, {"id": "standin-user", "email": "dev@example.com", "full_name": "Stand In"})

    @road("GET", "/accounts/{account_slug}/env", doc="netlify-cli 27.10.2")
    def environment(self, request, account_slug):
        return json_answer(200, [])

    @road("GET", "/accounts")
    def accounts(self, request):
        return json_answer(200, [{"id": request.who, "slug": request.who, "name": request.who, "type": "free"}])
