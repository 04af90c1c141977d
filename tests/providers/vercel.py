# SPDX-License-Identifier: Apache-2.0
"""Vercel's API, as far as deploying files goes: projects, files by SHA-1, deployments, promote, rollback, cancel.

Labels of sites: PROJECT (production), the host label of each deployment, and aliases given by hand. `add_site(name,
team=TEAM)` makes one of the team, whose requests need teamId. Control: {"members": [EMAIL, ...]}, who may be the
author of a commit (V1).
"""
import datetime
import itertools
import re
import time
import uuid

import digests
import vercel_files
from standin import EXPIRED, OTHER, TOKEN, Answer, Refuse, Standin, breach, json_answer, road
from vercel_projects import Project, Projects

OURS, THEIRS, TEAM = "standinuser", "otheruser", "team_standin"
FILES_MAX = 15000
COUNTER = itertools.count(1)
DEPLOYMENTS = "/v13/deployments"


def as_the_program_says(document):
    """What vercel 58.4.4 sends and the description of 2025 does not have."""
    post = document["paths"][DEPLOYMENTS]["post"]
    body = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
    for name, shape in (("version", {"enum": [2]}), ("source", {"type": "string"}), ("env", {"type": "object"}),
                        ("build", {"type": "object"}), ("autoAssignCustomDomains", {"type": "boolean"})):
        body[name] = {**shape, "x-unpublished": True}
    for shape in body["files"]["items"]["oneOf"]:
        shape["properties"]["mode"] = {"type": "integer"}
    body["files"]["items"]["oneOf"][1]["required"] = ["file", "sha", "size"]
    body["gitMetadata"]["properties"]["rootDirectory"] = {"type": "string", "nullable": True}
    body["projectSettings"]["properties"]["sourceFilesOutsideRootDirectory"] = {"type": "boolean"}
    flag = {"in": "query", "schema": {"type": "string", "enum": ["0", "1"]}}
    post["parameters"] += [{**flag, "name": "prebuilt"}, {**flag, "name": "withCache"}]


class Deployment:
    def __init__(self, project, wish, site, fault):
        number = next(COUNTER)
        mark = digests.sha1(f"{project.id}{number}".encode())
        self.id, self.label = f"dpl_{mark[:28]}", f"{project.name}-{mark[28:37]}-{project.scope.replace('_', '-')}"
        self.project, self.wish, self.site, self.fault = project, wish, site, fault
        self.target, self.meta, self.git = wish.get("target"), wish.get("meta", {}), wish.get("gitMetadata")
        self.state, self.assigned, self.polls, self.created = "QUEUED", None, 0, int(time.time() * 1000)
        self.error, self.aliases, self.staged = None, [], False

    def wants(self, name):
        return self.fault is not None and self.fault.kind == name


class Vercel(Projects, Standin):
    NAME = "vercel"
    CONTRACTS = (("vercel-deploy-requests-2025-10-27.openapi.json", as_the_program_says),)
    ACCOUNT, TEAM = OURS, TEAM
    WHO = {TOKEN: OURS, OTHER: THEIRS}
    POLITE_QUERY = ("teamId", "slug")

    def __init__(self, *arguments, **more):
        self.projects, self.rows, self.objects, self.aliases = {}, {}, {}, {}
        self.members = ["dev@example.com"]
        super().__init__(*arguments, **more)
        self.add_site("taken", THEIRS)

    def add_site(self, name, team=None):
        project = Project(name, team or OURS)
        self.projects[project.id] = project
        return self.project_json(project)

    # What the base asks for -------------------------------------------------------------------

    def error(self, refuse):
        error = {"code": refuse.code or "bad_request", "message": refuse.message}
        more = {key: value for key, value in refuse.more.items() if key != "reset"}
        if refuse.status == 429:
            reset = int(refuse.more.get("reset", self.now() + 1) * 1000)
            more["limit"] = {"remaining": 0, "reset": reset, "total": (self.limit or [100])[0]}
        if refuse.status in (401, 403) and not refuse.code:
            error["code"], more["invalidToken"] = "forbidden", True
        return json_answer(refuse.status, {"error": {**error, **more}})

    def authenticate(self, request, way):
        """The scope of the request: the user, or the team of the query."""
        who = self.WHO.get(request.bearer)
        if who is None:
            raise Refuse(403, "The token has expired" if request.bearer == EXPIRED else "Not authorized")
        team = request.query.get("teamId") or request.query.get("slug")
        if team is None:
            return who
        if who != OURS or team != TEAM:
            raise Refuse(403, "You don't have permission to access this team", "forbidden")
        return team

    def labels(self):
        made = [d.label for d in self.rows.values() if d.state == "READY"]
        return made + list(self.aliases) + [p.name for p in self.projects.values() if p.live]

    def site(self, label):
        found = next((p.live for p in self.projects.values() if p.name == label and p.live), self.aliases.get(label))
        found = found or next((d for d in self.rows.values() if d.label == label and d.state == "READY"), None)
        return found.site if found else None

    def deployments(self):
        return [self.deployment_json(d) for d in self.rows.values()]

    def control(self, wish):
        self.members = wish.get("members", self.members)
        return "members" in wish

    # JSON -------------------------------------------------------------------------------------

    def host(self, label):
        return self.site_url(label).partition("://")[2]

    def deployment_json(self, d):
        alias = [self.host(label) for label in d.aliases]
        made = {"id": d.id, "uid": d.id, "url": self.host(d.label), "name": d.project.name, "version": 2,
                "projectId": d.project.id, "project": {"id": d.project.id, "name": d.project.name},
                "readyState": d.state, "status": d.state, "target": d.target, "meta": d.meta, "alias": alias,
                "aliasAssigned": d.assigned, "aliasError": None, "createdAt": d.created, "created": d.created,
                "inspectorUrl": f"{self.sites.door.url}/_inspect/{d.id}", "ownerId": d.project.scope,
                "readySubstate": "STAGED" if d.staged else "PROMOTED", "creator": {"uid": OURS, "username": OURS},
                "public": False, "regions": ["iad1"], "type": "LAMBDAS", "build": {"env": []}, "env": []}
        if d.project.scope == TEAM:
            made["team"] = {"id": TEAM, "name": "Stand In", "slug": "standin"}
        if d.error:
            made.update(errorCode=d.error[0], errorMessage=d.error[1], errorStep="buildStep")
        return made

    def deployment(self, request, name):
        for d in self.rows.values():
            if name in (d.id, d.label, self.host(d.label)) and d.project.scope == request.who:
                return d
        raise Refuse(404, "Deployment not found", "not_found")

    # Files ------------------------------------------------------------------------------------

    @road("POST", "/v2/files")
    def upload(self, request):
        sha = request.headers.get("x-vercel-digest") or request.headers.get("x-now-digest") or ""
        if "x-vercel-digest" not in request.headers:
            self.odd(request, "the deprecated x-now-digest")
        if not re.fullmatch(r"[0-9a-f]{40}", sha):
            raise breach(400, "Digest is missing or is no SHA-1 in hex", "bad_request")
        size = request.headers.get("x-now-size") or request.headers.get("Content-Length")
        if size is None or int(size) != len(request.body):
            raise breach(400, "File size is not valid", "file_size_invalid")
        if digests.sha1(request.body) != sha:
            raise breach(400, "Digest is not valid", "digest_invalid")
        if sha in self.objects:
            self.odd(request, f"{sha} was there already")
        self.objects[sha] = request.body
        return json_answer(200, {"urls": []})

    # Deployments ------------------------------------------------------------------------------

    @road("POST", DEPLOYMENTS)
    def create_deployment(self, request):
        wish = request.json
        self._check_wish(request, wish)
        project = self._project_of(request, wish)
        if "deploymentId" in wish:
            old = self.deployment(request, wish["deploymentId"])
            return self._made(Deployment(project, {**wish, "gitMetadata": old.git}, old.site, request.fault))
        if not isinstance(wish.get("files"), list):
            raise breach(400, "Invalid request: should have `files`", "bad_request")
        if len(wish["files"]) > FILES_MAX:
            raise breach(400, f"Invalid request: `files` has more than {FILES_MAX} items (V3)", "too_many_files")
        missing = sorted({f["sha"] for f in wish["files"] if "sha" in f and f["sha"] not in self.objects})
        if not missing and request.fault and request.fault.kind == "missing_again":
            missing, request.fault.worked = sorted({f["sha"] for f in wish["files"] if "sha" in f}), True
            for sha in missing:
                self.objects.pop(sha)
        if missing:
            raise Refuse(400, "Missing files", "missing_files", missing=missing)
        self.check_limit()
        site, failure = vercel_files.site(wish, self.objects, request.query.get("prebuilt") == "1")
        made = Deployment(project, wish, site, request.fault)
        made.error = failure and ("BUILD_FAILED", failure)
        return self._made(made)

    def _made(self, made):
        if not made.project.deployments:
            made.target = "production"  # V7.
        made.project.deployments.append(made)
        self.rows[made.id] = made
        return json_answer(200, self.deployment_json(made))

    def _check_wish(self, request, wish):
        if wish.get("target") not in (None, "production", "staging"):
            raise breach(400, f"target {wish['target']!r}; a preview has none", "bad_request")
        email = wish.get("gitMetadata", {}).get("commitAuthorEmail")
        if email and email not in self.members:
            raise Refuse(403, f"Git author {email} must have access to the project on Vercel to create deployments.",
                         "forbidden")
        if any("mode" in f for f in wish.get("files", [])):
            self.odd(request, "field files[].mode is not in the contract")
        for f in wish.get("files", []):
            if f["file"].startswith("/") or ".." in f["file"].split("/"):
                raise breach(400, f"{f['file']}: not a path without a leading slash", "bad_request")
            if "sha" in f and f["sha"] in self.objects and len(self.objects[f["sha"]]) != f["size"]:
                raise breach(400, f"{f['file']}: its size is not {f['size']}", "file_size_invalid")

    @road("GET", DEPLOYMENTS + "/{idOrUrl}")
    def get_deployment(self, request, idOrUrl):
        d = self.deployment(request, idOrUrl)
        d.polls += 1
        if d.state not in ("ERROR", "CANCELED") and not d.assigned:
            self._step(d)
        return json_answer(200, self.deployment_json(d))

    def _step(self, d):
        late = d.fault.get("polls", 5) if d.wants("no_alias") else 0
        if d.wants("stuck"):
            d.state = "BUILDING"
        elif d.wants("unknown_state") and d.polls < d.fault.get("polls", 3):
            d.state = d.fault.get("state", "UNHEARD_OF")
        elif d.wants("cancelled"):
            d.state = "CANCELED"
        elif d.error or d.wants("error_state"):
            d.state = "ERROR"
            d.error = d.error or ("BUILD_FAILED", d.fault.get("message", "Command exited with 1: no luck"))
        elif d.state != "READY":
            d.state = "READY" if d.polls >= self.polls - 1 else "BUILDING"  # Once before it is assigned (V6).
        elif d.polls >= self.polls + late:
            self._assign(d)

    def _assign(self, d):
        d.assigned = int(time.time() * 1000)
        if d.target != "production":
            d.aliases = [d.label]
            return
        d.staged = not d.project.auto_assign or d.wish.get("autoAssignCustomDomains") is False
        if not d.staged:
            d.aliases, d.project.live = [d.project.name], d

    @road("PATCH", "/v12/deployments/{id}/cancel")
    def cancel(self, request, id):
        d = self.deployment(request, id)
        if d.state in ("READY", "ERROR"):
            raise Refuse(400, "Only a deployment that is not ready can be cancelled", "bad_request")
        d.state = "CANCELED"
        return json_answer(200, self.deployment_json(d))

    @road("DELETE", DEPLOYMENTS + "/{id}")
    def delete(self, request, id):
        d = self.deployment(request, id)
        del self.rows[d.id]
        d.project.deployments.remove(d)
        d.project.live = None if d.project.live is d else d.project.live
        self.aliases = {label: one for label, one in self.aliases.items() if one is not d}
        return json_answer(200, {"uid": d.id, "state": "DELETED"})

    @road("GET", "/v6/deployments")
    @road("GET", "/v7/deployments", doc="@vercel/sdk 1.28.35")
    def list_deployments(self, request):
        query = request.query
        rows = [d for d in reversed(self.rows.values()) if d.project.scope == request.who]
        for name, value in (("projectId", lambda d: d.project.id), ("target", lambda d: d.target or "preview"),
                            ("app", lambda d: d.project.name), ("sha", lambda d: (d.git or {}).get("commitSha")),
                            ("branch", lambda d: (d.git or {}).get("commitRef"))):
            rows = [d for d in rows if name not in query or value(d) == query[name]]
        if "state" in query:
            rows = [d for d in rows if d.state in query["state"].split(",")]
        if query.get("rollbackCandidate") == "true":
            rows = [d for d in rows if d.target == "production" and d.assigned and d is not d.project.live]
        if "until" in query:
            rows = [d for d in rows if d.created < int(query["until"])]
        limit = int(query.get("limit", 20))
        found = rows[:limit]
        page = {"count": len(found), "next": found[-1].created if len(rows) > limit else None,
                "prev": found[0].created if found else None}
        return json_answer(200, {"deployments": [{**self.deployment_json(d), "state": d.state} for d in found],
                                 "pagination": page})

    @road("GET", "/v3/deployments/{id}/events", doc="the contracts, 2.1 step 7")
    @road("GET", "/v3/now/deployments/{id}/events", doc="vercel 58.4.4")
    def events(self, request, id):
        d = self.deployment(request, id)
        lines = ["Build started", d.error[1] if d.error else "Build completed"]
        rows = [{"type": "stdout", "created": d.created, "date": d.created, "deploymentId": d.id, "id": str(n),
                 "text": text, "payload": {"text": text, "date": d.created}} for n, text in enumerate(lines)]
        if request.query.get("format") == "lines":
            return Answer(200, "".join(json_answer(200, row).body.decode() + "\n" for row in rows),
                          "application/stream+json")
        return json_answer(200, rows)

    @road("GET", "/v2/deployments/{id}/aliases")
    def list_aliases(self, request, id):
        d = self.deployment(request, id)
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
        return json_answer(200, {"aliases": [{"uid": label, "alias": self.host(label), "created": stamp}
                                             for label in d.aliases]})

    @road("POST", "/v2/deployments/{id}/aliases")
    def give_alias(self, request, id):
        d = self.deployment(request, id)
        label = request.json["alias"].removesuffix(".vercel.app").rsplit("/", 1)[-1]
        d.aliases.append(label)
        self.aliases[label] = d
        return json_answer(200, {"uid": uuid.uuid4().hex, "alias": self.host(label), "created": str(d.created)})

    # What only Vercel's own program asks --------------------------------------------------------

    @road("GET", "/v2/user", doc="vercel 58.4.4")
    def user(self, request):
        user = {"id": OURS, "uid": OURS, "username": OURS, "email": "dev@example.com", "name": "Stand In",
                "version": "northstar", "defaultTeamId": TEAM}
        return json_answer(200, {"user": user})

    @road("GET", "/teams/{id}", doc="vercel 58.4.4")
    @road("GET", "/v2/teams/{id}", doc="vercel 58.4.4")
    def team(self, request, id):
        if id != TEAM:
            raise Refuse(404, "Team not found", "not_found")
        return json_answer(200, {"id": TEAM, "slug": "standin", "name": "Stand In", "creatorId": OURS, "created": 0})
