# SPDX-License-Identifier: Apache-2.0
"""Vercel's projects, and what moves the production domain of one: promote and rollback."""
import re
import time
import uuid

import digests
from standin import Answer, Refuse, breach, json_answer, road

NAME = re.compile(r"(?!.*---)[a-z0-9._-]{1,100}\Z")
JOB_POLLS = 2  # Questions until a promote or a rollback is done.


class Project:
    def __init__(self, name, scope):
        self.id = "prj_" + digests.sha1(f"{scope}/{name}/{uuid.uuid4()}".encode())[:28]
        self.name, self.scope, self.created = name, scope, int(time.time() * 1000)
        self.settings, self.deployments, self.live = {}, [], None
        self.auto_assign, self.job = True, None  # A promote or rollback under way.


class Projects:
    def project_json(self, project):
        names = ("framework", "buildCommand", "installCommand", "outputDirectory", "rootDirectory", "devCommand")
        made = {"id": project.id, "name": project.name, "accountId": project.scope, "createdAt": project.created,
                "updatedAt": project.created, "nodeVersion": "22.x", **{n: project.settings.get(n) for n in names},
                "autoAssignCustomDomains": project.auto_assign, "latestDeployments": [
                    self.deployment_json(d) for d in project.deployments[-2:]], "targets": {}}
        if project.live:
            made["targets"]["production"] = self.deployment_json(project.live)
        if project.job:
            made["lastAliasRequest"] = {key: project.job[key] for key in (
                "jobStatus", "requestedAt", "toDeploymentId", "fromDeploymentId", "type")}
        return made

    def project(self, request, name):
        for project in self.projects.values():
            if name in (project.id, project.name) and project.scope == request.who:
                return project
        raise Refuse(404, "Project not found.", "not_found")

    def _project_of(self, request, wish):
        """The project a new deployment is for; a name nobody has makes one."""
        try:
            return self.project(request, wish.get("project") or wish["name"])
        except Refuse:
            if wish.get("project"):
                raise
        if request.query.get("skipAutoDetectionConfirmation") != "1" and "projectSettings" not in wish:
            raise Refuse(400, "The `projectSettings` object is required for new projects, but is missing in the "
                              "deployment payload", "missing_project_settings")
        return self._new(request, wish["name"], wish.get("projectSettings", {}))

    def _new(self, request, name, settings):
        if not NAME.match(name):
            raise breach(400, f"{name!r} is not a project name", "bad_request")
        project = Project(name, request.who)
        project.settings = settings
        self.projects[project.id] = project
        return project

    @road("GET", "/v10/projects")
    def list_projects(self, request):
        rows = [p for p in self.projects.values() if p.scope == request.who and request.query.get("search", "") in p.name]
        return json_answer(200, {"projects": [self.project_json(p) for p in rows],
                                 "pagination": {"count": len(rows), "next": None, "prev": None}})

    @road("POST", "/v11/projects")
    def create_project(self, request):
        wish = request.json
        if any(p.name == wish["name"] and p.scope == request.who for p in self.projects.values()):
            raise Refuse(409, "A project with this name already exists", "conflict")
        return json_answer(200, self.project_json(self._new(request, wish["name"], wish)))

    @road("GET", "/v9/projects/{idOrName}")
    def get_project(self, request, idOrName):
        project = self.project(request, idOrName)
        if project.job and request.query.get("rollbackInfo") == "true":
            self._step_job(project)
        return json_answer(200, self.project_json(project))

    @road("PATCH", "/v9/projects/{idOrName}")
    def patch_project(self, request, idOrName):
        project = self.project(request, idOrName)
        project.settings.update(request.json or {})
        return json_answer(200, self.project_json(project))

    @road("DELETE", "/v9/projects/{idOrName}")
    def delete_project(self, request, idOrName):
        project = self.project(request, idOrName)
        del self.projects[project.id]
        self.rows = {key: d for key, d in self.rows.items() if d.project is not project}
        return Answer(204)

    # Promote and rollback -----------------------------------------------------------------------

    def _step_job(self, project):
        job = project.job
        job["polls"] += 1
        if job["jobStatus"] not in ("pending", "in-progress") or job["fault"] == "stuck":
            return
        job["jobStatus"] = "in-progress"
        if job["polls"] >= JOB_POLLS:
            job["jobStatus"] = "failed" if job["fault"] == "error_state" else "succeeded"
            if job["jobStatus"] == "succeeded":
                to = self.rows[job["toDeploymentId"]]
                project.live, to.staged, to.aliases = to, False, [project.name]

    def _move(self, request, project_id, deployment_id, kind):
        project, to = self.project(request, project_id), self.deployment(request, deployment_id)
        if request.body.strip() not in (b"", b"{}"):
            raise breach(400, f"a {kind} has the body {{}} or none", "bad_request")
        if to.project is not project or to.target != "production" or not to.assigned:
            raise Refuse(400, f"Cannot {kind} to a deployment that is no ready production deployment", "bad_request")
        if project.job and project.job["jobStatus"] in ("pending", "in-progress"):
            raise Refuse(409, "Another request is in progress", "conflict")
        project.auto_assign = kind == "promote"  # V8.
        project.job = {"jobStatus": "pending", "requestedAt": int(time.time() * 1000), "toDeploymentId": to.id,
                       "fromDeploymentId": project.live and project.live.id, "type": kind, "polls": 0,
                       "fault": request.fault.kind if request.fault else None}
        return Answer(201, "{}", "application/json")

    @road("POST", "/v10/projects/{projectId}/promote/{deploymentId}")
    def promote(self, request, projectId, deploymentId):
        return self._move(request, projectId, deploymentId, "promote")

    @road("POST", "/v9/projects/{projectId}/rollback/{deploymentId}", doc="the contracts, 2.2; vercel 58.4.4")
    @road("POST", "/v1/projects/{projectId}/rollback/{deploymentId}", doc="@vercel/sdk 1.28.35")
    def rollback(self, request, projectId, deploymentId):
        return self._move(request, projectId, deploymentId, "rollback")

    @road("GET", "/v1/projects/{projectId}/promote/aliases")
    @road("GET", "/v9/projects/{projectId}/promote/aliases", doc="vercel 58.4.4")
    @road("GET", "/v9/projects/{projectId}/rollback/aliases", doc="vercel 58.4.4")
    def moved_aliases(self, request, projectId):
        project = self.project(request, projectId)
        failed = project.job and project.job["jobStatus"] == "failed"
        rows = [{"alias": self.host(project.name), "id": project.id, "status": "failed"}] if failed else []
        return json_answer(200, {"aliases": rows, "pagination": {"count": len(rows), "next": None, "prev": None}})
