#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The one table of the stories: which run over HTTP and over SSH with the same code, and why one runs over one door alone.

A story that is run, `push_story.py [--door ssh] [NAME...]`, runs what the table gives that door; ctest has a test for each
story and door (`scenario.push`, `scenario.push_ssh`). A class that is in no row fails its story. `door_table.py` lists it.
"""
import dataclasses
import os
import pathlib
import sys
import unittest

HTTP, SSH, SSHD = "http", "ssh", "sshd"
EACH = (HTTP, SSH)
EACH_SSH = (SSH, SSHD)
ALL = (HTTP, SSH, SSHD)
NEEDS_ROOT = 77
HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Row:
    story: str
    cases: str  # Its classes.
    doors: tuple
    why: str = ""  # It is not over HTTP and SSH alike.


ROWS = (
    # Git: clone, fetch, shallow, push, force, delete, atomic, options, refusals, hidden refs, progress, permits.
    Row("clone_and_fetch", "ProtocolV0 ProtocolV2", ALL),
    Row("clone_and_fetch", "ProtocolV1", EACH),
    Row("push", "Pushes", ALL),
    Row("access", "GitAccess", ALL),
    Row("concurrency", "Concurrency OneWorker", EACH),
    Row("concurrency", "BothDoors", (SSH,), "over both at once"),
    Row("limits", "GitLimits", ALL),
    Row("origind_toml", "OrigindToml", EACH),
    Row("policies", "Policies", EACH),
    Row("gates", "SecretScan", EACH),
    Row("gates", "SecretScanElsewhere ExternalGate GuardedGate", (HTTP,), "the same whatever brought the push; keys and codes of the API"),
    Row("policies", "Tokens", (HTTP,), "a token is a secret: SSH has no place for it"),
    # What follows from a push, and what git sees of what the API did.
    Row("requirement", "RequirementStory", EACH),
    Row("events", "Events", EACH),
    Row("webhook", "Webhooks GuardedClient", EACH),
    Row("commits", "Commits", EACH),
    Row("webhook_endpoints", "Endpoints", (HTTP,), "the API's and the command line's; deliveries after git are webhook.Webhooks"),
    Row("webhook_github", "GithubShapes", (HTTP,), "payloads that a push makes, whatever door it came by"),
    Row("webhook_hostile", "HostileEndpoints Rebinding", (HTTP,), "requests that go out"),
    # One door alone.
    Row("deploy", "ToNetlify", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("build", "BuildStories WithoutRegistry FromRegistry", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_command", "DeployCommand", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("gate_program", "GateProgram", (HTTP,), "gates are asked below the doors"),
    Row("deploy_netlify_faults", "NetlifyFaults", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_odd", "OddNetlify OddVercel OddPages OddWorkers OddClocks", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_pages", "ToPages", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_pages_faults", "PagesFaults", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_git", "ToHttp ToTls ToOrigind ToSshd Guarded", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_s3", "ToS3", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_together", "Together", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_sftp", "ToSftp ToOldSftp ToBareSftp", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_vercel", "ToVercel", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_vercel_faults", "VercelFaults", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_webhook", "ToWebhook", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_workers", "ToWorkers", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("deploy_workers_faults", "WorkersFaults", (HTTP,), "what follows a push is the same whatever brought it"),
    Row("access", "HttpAccess", (HTTP,), "status codes, headers, no key at all"),
    Row("limits", "HttpLimits", (HTTP,), "headers, and what is no Git"),
    Row("http_edges", "HttpEdges", (HTTP,), "HTTP's framing"),
    Row("bad_requests", "BadRequests", (HTTP,), "JSON"),
    Row("once", "Once", (HTTP,), "a header of HTTP"),
    Row("sharing", "Sharing", (HTTP,), "the API's paths; git's are access.GitAccess"),
    Row("jwt", "Jwt SigningKeys", (HTTP,), "a token is HTTP's password; keys of the API"),
    Row("browser", "Browser", (HTTP,), "pages"),
    Row("local_site", "LocalSite Certificates", (HTTP,), "what a visitor sees; how it came in makes no difference"),
    Row("command_line", "CommandLine", (HTTP,), "commands; git only looks at what they made"),
    Row("import_export", "ImportExport", (HTTP,), "what comes in is fetched by libgit2, not by git"),
    Row("audit", "Audit", (HTTP,), "the API's log; who came by SSH is in keys.LastUse"),
    Row("keys", "LastUse", ALL),
    Row("keys", "Lives", (HTTP,), "what the API and the command line do with keys; git only shows that they work"),
    Row("master_key", "MasterKey", (HTTP,), "a key that Git never meets"),
    Row("ssh", "Commands", EACH_SSH, "archives, greetings, what else SSH can ask for"),
    Row("ssh", "OwnDoor", (SSH,), "the protocol itself, which sshd speaks in our place"),
    Row("sshd", "BehindSshd", (SSHD,), "what sshd adds"),
    Row("ssh_clients", "Plink Dropbear Dulwich GoGit Pygit2 CompatOff CompatOn", (SSH,), "other programs' SSH; with HTTP they have libcurl's"),
    Row("ssh_host_keys", "HostKeys", (SSH,), "keys of SSH"),
)


def runs():
    """(story, door) of each run there is."""
    return sorted({(row.story, door) for row in ROWS for door in row.doors})


def own_doors(story):
    return [door for name, door in runs() if name == story]


def test_name(story, door):
    """Of ctest: the first door goes without saying."""
    return story if door == own_doors(story)[0] else f"{story}_{door}"


def cases_of(story, door):
    return [name for row in ROWS if row.story == story and door in row.doors for name in row.cases.split()]


def strays(story, module):
    """The classes of a story that no row names, and the names that no class has."""
    there = {name for name, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
             and issubclass(value, unittest.TestCase) and unittest.TestLoader().getTestCaseNames(value)}
    return there ^ {name for row in ROWS if row.story == story for name in row.cases.split()}


def main():
    """Of a story: its classes that run over the door of --door; those of its first door if there is none."""
    story = pathlib.Path(sys.argv[0]).stem.removesuffix("_story")
    own, words = own_doors(story), sys.argv[1:]
    door = own[0] if own else None
    if "--door" in words:
        at = words.index("--door")
        door = words[at + 1]
        del words[at:at + 2]
    module = sys.modules["__main__"]
    if wrong := strays(story, module):
        sys.exit(f"{', '.join(sorted(wrong))}: not in the table of door_table.py, or not in {story}_story.py")
    names = cases_of(story, door)
    if not names:
        sys.exit(f"The table has no run of {story} over {door!r}.")
    if door == SSHD and os.geteuid() != 0:
        print("needs root: sshd logs a user in, in a mount namespace of its own")
        sys.exit(NEEDS_ROOT)
    import doors
    import scenario
    scenario.Scenario.DOOR = doors.KINDS[door]
    unittest.main(module, defaultTest=names, argv=[sys.argv[0], *words])


if __name__ == "__main__":
    if sys.argv[1:] == ["--cmake"]:
        missing = {path.stem.removesuffix("_story") for path in HERE.glob("*_story.py")} ^ {row.story for row in ROWS}
        if missing:
            sys.exit(f"{', '.join(sorted(missing))}: not in the table of door_table.py, or not in tests/scenarios")
        print(";".join(f"{test_name(story, door)}={story}={door}" for story, door in runs()), end="")
    else:
        for row in ROWS:
            print(f"{row.story:<16} {row.cases:<52} {' '.join(row.doors):<14} {row.why}".rstrip())
