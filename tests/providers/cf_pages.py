# SPDX-License-Identifier: Apache-2.0
"""Cloudflare Pages by direct upload: projects, upload tokens, assets, deployments, rollback."""
import datetime
import re
import uuid

import contract
from standin import Refuse, breach, road

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,57}\Z")
BUCKET_BYTES_MAX, BUCKET_FILES_MAX = 40 << 20, 2000
FILES_MAX = 20000
MESSAGE_BYTES_MAX = 384
CONTROL_FILES = ("_worker.js", "_redirects", "_headers", "_routes.json", "_worker.bundle")
FIELDS = {"manifest", "branch", "commit_message", "commit_hash", "commit_dirty", "wrangler_config_hash",
          "pages_build_output_dir"}
NOT_FOUND, NO_DEPLOYMENT, EXISTS, NO_MANIFEST = 8000007, 8000009, 8000002, 8000096
PROJECT = "/accounts/{account_id}/pages/projects/{project_name}"
STAGES = ("queued", "initialize", "clone_repo", "build", "deploy")


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def nothing_yet(document):
    """A project without a deployment answers null, which the description of 2024 does not say."""
    shape = document["components"]["schemas"]["pages_projects"]["properties"]
    for name in ("latest_deployment", "canonical_deployment"):
        shape[name] = {}  # No $ref to what is an object always.


class Project:
    def __init__(self, name, account, subdomain, branch="main"):
        self.id, self.name, self.account = str(uuid.uuid4()), name, account
        self.subdomain, self.branch, self.created = subdomain, branch, stamp()
        self.deployments, self.live, self.aliases = [], None, {}


class Deployment:
    def __init__(self, project, manifest, fields, fault):
        self.id, self.project, self.manifest, self.fields = str(uuid.uuid4()), project, manifest, fields
        self.fault, self.polls, self.created = fault, 0, stamp()
        self.branch = fields.get("branch", project.branch)
        self.environment = "production" if self.branch == project.branch else "preview"
        self.stage, self.status, self.logs = "queued", "active", ["Initializing build environment..."]
        self.alias = None if self.environment == "production" else branch_alias(self.branch)

    def wants(self, name):
        return self.fault is not None and self.fault.kind == name


def branch_alias(branch):
    alias = re.sub(r"[^a-z0-9-]", "-", branch.lower()).strip("-")[:28].strip("-")
    return alias or "branch-" + uuid.uuid4().hex[:10]


class Pages:
    def start_pages(self):
        self.projects = {}  # (account, name) -> Project
        self.max_files = FILES_MAX

    def add_project(self, name, account, branch="main"):
        subdomain = f"{name}-4xk" if name == "taken" else name
        project = Project(name, account, subdomain, branch)
        self.projects[account, name] = project
        return self.project_json(project)

    def pages_labels(self):
        made = []
        for project in self.projects.values():
            made += [f"{d.id[:8]}.{project.subdomain}" for d in project.deployments if d.status == "success"]
            made += [f"{alias}.{project.subdomain}" for alias in project.aliases]
            made += [project.subdomain] if project.live else []
        return made

    def pages_site(self, label):
        """{path: hash} of what is served there, or None."""
        which, _, name = label.rpartition(".")
        project = next((p for p in self.projects.values() if p.subdomain == name), None)
        if project is None:
            return None
        if not which:
            return project.live and project.live.manifest
        found = [d for d in project.deployments if d.id[:8] == which and d.status == "success"]
        found += [project.aliases[which]] if which in project.aliases else []
        return found[0].manifest if found else None

    # JSON -------------------------------------------------------------------------------------

    def _host(self, label):
        return self.site_url(label).partition("://")[2]

    def project_json(self, project):
        newest = project.deployments[-1] if project.deployments else None
        return {"id": project.id, "name": project.name, "subdomain": self._host(project.subdomain),
                "domains": [self._host(project.subdomain)], "production_branch": project.branch,
                "created_on": project.created, "source": None, "build_config": {}, "deployment_configs": {
                    "preview": {}, "production": {}},
                "latest_deployment": newest and self.deployment_json(newest),
                "canonical_deployment": project.live and self.deployment_json(project.live)}

    def deployment_json(self, deployment):
        project = deployment.project
        stages = [self._stage_json(deployment, name) for name in STAGES]
        stage = {"name": deployment.stage, "status": deployment.status, "started_on": deployment.created,
                 "ended_on": None if deployment.status == "active" else stamp()}
        fields = deployment.fields
        alias = [self.site_url(f"{deployment.alias}.{project.subdomain}")] if deployment.alias else None
        return {"id": deployment.id, "short_id": deployment.id[:8], "project_id": project.id,
                "project_name": project.name, "environment": deployment.environment,
                "url": self.site_url(f"{deployment.id[:8]}.{project.subdomain}"), "created_on": deployment.created,
                "modified_on": deployment.created, "aliases": alias, "is_skipped": False, "latest_stage": stage,
                "stages": stages, "env_vars": {}, "build_config": {}, "deployment_trigger": {
                    "type": "ad_hoc", "metadata": {
                        "branch": deployment.branch, "commit_hash": fields.get("commit_hash", ""),
                        "commit_message": fields.get("commit_message", ""),
                        "commit_dirty": fields.get("commit_dirty") == "true"}}}

    @staticmethod
    def _stage_json(deployment, name):
        at = STAGES.index(deployment.stage) if deployment.stage in STAGES else 0
        place = STAGES.index(name)
        status = "success" if place < at else deployment.status if place == at else "idle"
        return {"name": name, "status": status, "started_on": deployment.created, "ended_on": None}

    # Projects ---------------------------------------------------------------------------------

    def _project(self, request, name):
        project = self.projects.get((request.who, name))
        if project is None:
            raise Refuse(404, "Project not found. The specified project name does not match any of your existing "
                              "projects.", NOT_FOUND)
        return project

    def _deployment(self, request, project_name, deployment_id):
        project = self._project(request, project_name)
        for deployment in project.deployments:
            if deployment.id == deployment_id:
                return project, deployment
        raise Refuse(404, "The deployment ID you have specified does not exist.", NO_DEPLOYMENT)

    @road("GET", "/accounts/{account_id}/pages/projects")
    def list_projects(self, request, account_id):
        rows = [self.project_json(p) for p in self.projects.values() if p.account == account_id]
        return self.ok(*self._paged(request, rows))

    @road("POST", "/accounts/{account_id}/pages/projects", untyped=True)
    def create_project(self, request, account_id):
        wish = request.json
        name = wish.get("name", "")
        if not NAME.match(name):
            raise breach(400, f"{name!r} is not a project name", 8000000)
        if (account_id, name) in self.projects:
            raise Refuse(409, "A project with this name already exists. Choose a different project name.", EXISTS)
        return self.ok(self.add_project(name, account_id, wish.get("production_branch") or "main"))

    @road("GET", PROJECT)
    def get_project(self, request, account_id, project_name):
        return self.ok(self.project_json(self._project(request, project_name)))

    @road("DELETE", PROJECT)
    def delete_project(self, request, account_id, project_name):
        del self.projects[request.who, self._project(request, project_name).name]
        return self.ok(None)

    @staticmethod
    def _paged(request, rows):
        size, page = int(request.query.get("per_page", 25)), int(request.query.get("page", 1))
        found = rows[(page - 1) * size:page * size]
        return found, 200, {"page": page, "per_page": size, "count": len(found), "total_count": len(rows),
                            "total_pages": -(-len(rows) // size)}

    # Assets -----------------------------------------------------------------------------------

    @road("GET", PROJECT + "/upload-token")
    def upload_token(self, request, account_id, project_name):
        project = self._project(request, project_name)
        return self.ok({"jwt": self.jwt("upload", account_id, request.fault, project=project.name,
                                        max_file_count_allowed=self.max_files)})

    @road("POST", "/pages/assets/check-missing", jwt="upload")
    def check_missing(self, request):
        return self.ok([one for one in dict.fromkeys(request.json["hashes"]) if one not in self.objects])

    @road("POST", "/pages/assets/upload", jwt="upload")
    def upload_assets(self, request):
        if len(request.json) > BUCKET_FILES_MAX:
            raise breach(413, f"{len(request.json)} files in one bucket; at most {BUCKET_FILES_MAX}")
        new = {}
        for row in request.json:
            new[row["key"]] = (self.decoded(row["value"], row["key"]), row["metadata"]["contentType"])
            if "/" not in row["metadata"]["contentType"]:
                raise breach(400, f"{row['key']}: no content type")
        if sum(len(data) for data, _ in new.values()) > BUCKET_BYTES_MAX:
            raise breach(413, "more than 40 MiB in one bucket")
        for key in new:
            if key in self.objects:
                self.odd(request, f"{key} was there already")
        self.objects.update(new)
        return self.ok(None)

    @road("POST", "/pages/assets/upsert-hashes", jwt="upload")
    def upsert_hashes(self, request):
        unknown = [one for one in request.json["hashes"] if one not in self.objects]
        if unknown:
            raise breach(400, f"{unknown[0]} was never uploaded")
        return self.ok(None)

    # Deployments ------------------------------------------------------------------------------

    @road("GET", PROJECT + "/deployments")
    def list_deployments(self, request, account_id, project_name):
        wanted = request.query.get("env")
        rows = [d for d in reversed(self._project(request, project_name).deployments)
                if wanted in (None, d.environment)]
        return self.ok(*self._paged(request, [self.deployment_json(d) for d in rows]))

    @road("POST", PROJECT + "/deployments")
    def create_pages_deployment(self, request, account_id, project_name):
        project = self._project(request, project_name)
        self.check_limit()
        fields = self._fields(request)
        deployment = Deployment(project, self._manifest(fields), fields, request.fault)
        project.deployments.append(deployment)
        return self.ok(self.deployment_json(deployment))

    @staticmethod
    def _fields(request):
        made = {}
        for part in request.parts:
            if (part.filename is None) != (part.name in FIELDS):
                raise breach(400, f"{part.name}: {'a text' if part.name in FIELDS else 'a file with its name'} is wanted")
            if part.filename not in (None, part.name):
                raise breach(400, f"{part.name}: its filename is {part.filename}")
            try:
                made[part.name] = part.text if part.name in FIELDS else part.body
            except UnicodeDecodeError:
                raise breach(400, f"{part.name}: not UTF-8") from None
        if len(made.get("commit_message", "").encode()) > MESSAGE_BYTES_MAX:
            raise breach(400, f"commit_message: more than {MESSAGE_BYTES_MAX} bytes")
        return made

    def _manifest(self, fields):
        try:
            manifest = contract.strict_json(fields["manifest"].encode())
        except ValueError as error:
            raise breach(400, f"manifest: {error}", NO_MANIFEST) from None
        if not isinstance(manifest, dict) or len(manifest) > self.max_files:
            raise breach(400, f"manifest: not an object of at most {self.max_files} entries")
        for path, one in manifest.items():
            if not path.startswith("/") or path.startswith("//") or ".." in path.split("/"):
                raise breach(400, f"manifest: {path}: not a path with a leading slash")
            if path[1:] in CONTROL_FILES or path.startswith("/functions/"):
                raise breach(400, f"manifest: {path} is no asset (C8)")
            if one not in self.objects:
                raise breach(400, f"manifest: {path}: {one} was never uploaded")
        self.check_hashes(manifest)
        return manifest

    @road("GET", PROJECT + "/deployments/{deployment_id}")
    def get_deployment(self, request, account_id, project_name, deployment_id):
        project, deployment = self._deployment(request, project_name, deployment_id)
        deployment.polls += 1
        if deployment.status == "active" and not (deployment.wants("stuck") and deployment.polls > 1):
            self._step(project, deployment)
        return self.ok(self.deployment_json(deployment))

    def _step(self, project, deployment):
        deployment.stage = "deploy"
        if deployment.wants("unknown_state") and deployment.polls < deployment.fault.get("polls", 3):
            deployment.stage = deployment.fault.get("state", "unheard_of")
        elif deployment.wants("error_state"):
            deployment.status = "failure"
            deployment.logs.append(deployment.fault.get("message", "Error: Failed to publish your assets. No luck."))
        elif deployment.wants("cancelled"):
            deployment.status = "canceled"
        elif deployment.polls >= self.polls and not deployment.wants("stuck"):
            deployment.status = "success"
            if deployment.alias:
                project.aliases[deployment.alias] = deployment
            else:
                project.live = deployment

    @road("GET", PROJECT + "/deployments/{deployment_id}/history/logs")
    def logs(self, request, account_id, project_name, deployment_id):
        _, deployment = self._deployment(request, project_name, deployment_id)
        rows = [{"ts": deployment.created, "line": line} for line in deployment.logs]
        return self.ok({"total": len(rows), "includes_container_logs": False, "data": rows})

    @road("POST", PROJECT + "/deployments/{deployment_id}/rollback")
    def rollback(self, request, account_id, project_name, deployment_id):
        project, deployment = self._deployment(request, project_name, deployment_id)
        if deployment.environment != "production" or deployment.status != "success":
            raise Refuse(400, "Only a successful production deployment can be rolled back to.", 8000039)
        project.live = deployment
        return self.ok(self.deployment_json(deployment))

    @road("POST", PROJECT + "/deployments/{deployment_id}/retry")
    def retry(self, request, account_id, project_name, deployment_id):
        project, old = self._deployment(request, project_name, deployment_id)
        if old.status not in ("failure", "canceled"):
            raise Refuse(400, "Only a deployment that failed can be tried again.", 8000040)
        deployment = Deployment(project, old.manifest, old.fields, request.fault)
        project.deployments.append(deployment)
        return self.ok(self.deployment_json(deployment))

    @road("DELETE", PROJECT + "/deployments/{deployment_id}")
    def delete_deployment(self, request, account_id, project_name, deployment_id):
        project, deployment = self._deployment(request, project_name, deployment_id)
        if deployment is project.live:
            raise Refuse(400, "The live production deployment cannot be deleted.", 8000034)
        aliased = [alias for alias, one in project.aliases.items() if one is deployment]
        if aliased and request.query.get("force") != "true":
            raise Refuse(400, "An aliased deployment is deleted with force=true only.", 8000035)
        for alias in aliased:
            del project.aliases[alias]
        project.deployments.remove(deployment)
        return self.ok(None)
