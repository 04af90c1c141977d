# SPDX-License-Identifier: Apache-2.0
"""Table G, the protocol: pkt-lines, services, commands, options, refs, fetches, paths, and many at once."""
import concurrent.futures
import re
import random
import threading

import packs
from harness import NOTHING_NEW, ZERO, Case, Elsewhere, check, git_client, one_of, pkt, push_body, report_of

CASES = []
GHOST = "1" * 40


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def is_error(answer):
    """A refusal a git client shows: an HTTP status, or an ERR line."""
    check(answer.status in (400, 413, 415) or b"ERR " in answer.body, f"{answer}")
    said = answer.body[answer.body.find(b"ERR "):][:90].decode("utf-8", "replace").strip()
    return f"{answer.status} {said}"


# G1: pkt-lines -------------------------------------------------------------------------------------

PKT_LINES = {"0003": b"0003", "ffff without its bytes": b"ffff" + b"a" * 100, "zzzz": b"zzzz", "an empty line 0004": b"0004",
             "a length beyond the data": b"00ffhello", "a length of 65,521": b"fff1" + b"a" * 65517, "no flush": pkt("command=ls-refs\n"),
             "a million flushes": b"0000" * 1_000_000, "a delimiter first": b"0001", "0002 first": b"0002", "a minus sign": b"-001",
             "a plus sign": b"+010hello", "0x in the length": b"0x10hello"}
for name_, body_ in PKT_LINES.items():
    for service_ in ("git-upload-pack", "git-receive-pack"):
        @case("G1", f"{service_}: {name_}")
        def pkt_line(world, body=body_, service=service_, name=name_):
            answer = world.unchanged(lambda: world.post_git(service, body, headers={"Git-Protocol": "version=2"}))
            if name == "a million flushes":  # The first one is git's own probe: an empty answer.
                check(answer.status in (200, 400, 413) and len(answer.body) < 1000, f"{answer}")
                return f"{answer.status}, {len(answer.body)} bytes"
            return is_error(answer)


# G2: services --------------------------------------------------------------------------------------

for query_, statuses_ in (("service=git-foo", {403}), ("service=git-upload-pack;id", {403}), ("service=git-upload-pack%00", {400, 403}),
                          ("service=git-upload-pack&service=git-receive-pack", {400, 403}), ("service=", {403}), ("", {403}),
                          ("service=git-upload-archive", {403}), ("service=GIT-UPLOAD-PACK", {403}), ("service=git-upload-pack%20--x", {403})):
    @case("G2", f"info/refs?{query_}")
    def service(world, query=query_, statuses=statuses_):
        return one_of(world.ask("GET", f"/admin/base.git/info/refs?{query}").status, statuses)


for path_ in ("git-upload-pack;id", "git-upload-archive", "git-shell", "objects/info/packs", "HEAD", "config", "objects/00/" + "0" * 38, "hooks/update"):
    @case("G2", f"the path base.git/{path_}")
    def no_service(world, path=path_):
        return one_of(world.ask("GET", f"/admin/base.git/{path}").status, {403, 404, 405})


@case("G2", "a push sent as a fetch's media type")
def wrong_type(world):
    answer = world.ask("POST", "/admin/base.git/git-receive-pack", b"0000", headers={"Content-Type": "application/x-git-upload-pack-request"})
    return one_of(answer.status, {415})


# G3, G4, G5: commands ------------------------------------------------------------------------------

@case("G3", "no commands at all")
def no_commands(world):
    answer = world.unchanged(lambda: world.post_git("git-receive-pack", b"0000"))
    return one_of(answer.status, {200})


@case("G3", "10,001 commands")
def many_commands(world):
    commands = [(ZERO, world.base, f"refs/heads/many/{n}") for n in range(10_001)]
    unpack, refs = world.unchanged(lambda: world.push(commands))
    check("ok" not in refs.values() and "10000" in unpack.replace(",", ""), unpack)
    return unpack


for name_, commands_ in (("the same ref twice", lambda w: [(ZERO, w.base, "refs/heads/twin"), (ZERO, w.base, "refs/heads/twin")]),
                         ("delete and create the same ref", lambda w: [(w.base, ZERO, "refs/heads/main"), (ZERO, w.base, "refs/heads/main")]),
                         ("a wrong old id", lambda w: [(GHOST, w.base, "refs/heads/main")]),
                         ("old 0 for a ref that exists", lambda w: [(ZERO, w.base, "refs/heads/main")]),
                         ("delete of a ref that is not there", lambda w: [(w.base, ZERO, "refs/heads/none")]),
                         ("both ids 0", lambda w: [(ZERO, ZERO, "refs/heads/none")]),
                         ("delete of the default branch", lambda w: [(w.base, ZERO, "refs/heads/main")]),
                         ("a new id that is nowhere, no pack", lambda w: [(ZERO, GHOST, "refs/heads/ghost")]),
                         ("a branch that would be a tree", lambda w: [(ZERO, w.tree, "refs/heads/tree")])):
    @case("G3" if "same ref" in name_ else "G4", name_)
    def refused_commands(world, commands=commands_):
        unpack, refs = world.unchanged(lambda: world.push(commands(world)))
        check("ok" not in refs.values(), f"{unpack} {refs}")
        return next(iter(refs.values()), unpack)[:120]


for name_, line_ in (("39 digits", f"{ZERO[1:]} {GHOST} refs/heads/x"), ("41 digits", f"{ZERO}0 {GHOST} refs/heads/x"),
                     ("upper-case digits", f"{ZERO} {'A' * 40} refs/heads/x"), ("ids of SHA-256", f"{'0' * 64} {'1' * 64} refs/heads/x"),
                     ("no ref name", f"{ZERO} {GHOST} "), ("no ids", "refs/heads/x"), ("tabs for spaces", f"{ZERO}\t{GHOST}\trefs/heads/x")):
    @case("G4", f"a command with {name_}")
    def bad_command(world, line=line_):
        answer = world.unchanged(lambda: world.post_git("git-receive-pack", pkt(line + "\0report-status") + b"0000" + NOTHING_NEW))
        unpack, refs = report_of(answer.body)
        check("ok" not in refs.values() and (unpack != "ok" or refs), f"{unpack} {refs}")
        return (unpack if unpack != "ok" else next(iter(refs.values())))[:100]


for name_, caps_, taken_ in (("an unknown one", "report-status frobnicate=1", True), ("64 KB of them", "report-status " + "x" * 64_000, True),
                             ("an agent with CR, LF and ESC", "report-status agent=a\r\nb\x1b[2Jc", True),
                             ("the same one twice", "report-status report-status report-status", True),
                             ("object-format=sha256", "report-status object-format=sha256", False),
                             ("push-cert", "report-status push-cert=nonce", True)):
    @case("G5", f"capabilities: {name_}", keeps_open=4)
    def capabilities(world, caps=caps_, taken=taken_, name=name_):
        ref = "refs/heads/caps-" + re.sub(r"\W+", "-", name)
        unpack, refs = world.push([(ZERO, world.base, ref)], None, caps)
        check((refs.get(ref) == "ok") == taken, f"{unpack} {refs}")
        return "taken; the log is checked for control characters" if taken else unpack[:100]


# G6: push options ----------------------------------------------------------------------------------

OPTIONS = {"a;b=c": [b"a;b=c"], "a line feed inside": [b"a\nb"], "a NUL": [b"a\0b"], "=": [b"="], "an escape sequence": [b"\x1b]0;evil\x07"],
           "text that is not UTF-8": [b"\xff\xfe"], "an empty one": [b""], "a command line": [b"$(touch /tmp/x)", b"--upload-pack=x", b"`id`"]}
for name_, options_ in OPTIONS.items():
    @case("G6", f"a push option: {name_}")
    def option(world, options=options_, name=name_):
        ref = f"refs/heads/option-{sorted(OPTIONS).index(name)}"
        before = len(world.server.events(world.project))
        unpack, refs = world.push([(ZERO, world.base, ref)], None, "report-status push-options", tail=b"".join(map(pkt, options)) + b"0000")
        check(refs.get(ref) in ("ok", None) or refs[ref], "no verdict")
        events = world.server.events(world.project)[before:]
        check(len(events) == (1 if refs.get(ref) == "ok" else 0), f"{len(events)} events for one push")
        return refs.get(ref, unpack)[:100]


for name_, options_ in (("1 MB", [b"a" * 65_000] * 16), ("1,025 bytes", [b"a" * 1025]), ("65 of them", [b"a"] * 65), ("10,000 of them", [b"a"] * 10_000)):
    @case("G6", f"push options beyond their bounds: {name_}")
    def many_options(world, options=options_):
        unpack, refs = world.unchanged(lambda: world.push([(ZERO, world.base, "refs/heads/options")], None, "report-status push-options",
                                                          tail=b"".join(map(pkt, options)) + b"0000"))
        check("push option" in unpack, f"{unpack} {refs}")
        return unpack


@case("G7", "an atomic push of 50 refs, one of them bad")
def atomic(world):
    commands = [(ZERO, world.base, f"refs/heads/atomic/{n}") for n in range(49)] + [(GHOST, world.base, "refs/heads/main")]
    before = len(world.server.events(world.project))
    _, refs = world.unchanged(lambda: world.push(commands, None, "report-status atomic"))
    check("ok" not in refs.values() and len(refs) == 50, f"{refs}")
    check(len(world.server.events(world.project)) == before, "there is an event")
    return "no ref moved, no event"


@case("G8", "a pusher that never reads its report")
def unread_report(world):
    import http_live_rows
    names = [f"unread-{n}" for n in range(8)]
    peers = [world.connect(receive_bytes=4096) for _ in names]
    for peer, name in zip(peers, names):
        peer.sendall(http_live_rows.honest_push(world, name))
    from harness import wait_until
    wait_until("the refs", lambda: all(f"refs/heads/{name}" in world.refs() for name in names), 30)
    for peer in peers:
        world.reset(peer)
    pushes = [event for event in world.server.events(world.project) if "unread-" in str(event["data"])]
    check(len(pushes) == len(names), f"{len(pushes)} events for {len(names)} pushes")
    return "all are durable, and in the event log"


# G24 to G27: names ---------------------------------------------------------------------------------

REFUSED_NAMES = {
    "G24": ["refs/heads/-h", "refs/heads/--upload-pack=x", "refs/heads/\u202egnp.exe", "refs/heads/a\u200bb", "refs/heads/\x7f",
            "refs/heads/" + "a" * 255, "refs/heads/" + "a" * 5000, b"refs/heads/\xff\xfe", "refs/heads/\u2066x"],
    "G25": ["refs/heads/..", "refs/heads/a..b", "refs/heads/x.lock", "refs/heads/@{", "refs/heads/a~", "refs/heads/a^", "refs/heads/a:b",
            "refs/heads/a?", "refs/heads/a*", "refs/heads/a[", "refs/heads/a\\b", "refs/heads/a b", "refs/heads/a\x01", "refs/heads//a",
            "refs/heads/a/", "refs/heads/a.", "refs/heads/", "refs/heads/.a", "HEAD", "FETCH_HEAD", "refs/../config", "main", "refs/heads",
            "/refs/heads/x", "../../etc/passwd"],
    "G27": ["refs/origind/x", "refs/origind/pristine/main", "refs/deployments/live/live"],
}
for row_, names_ in REFUSED_NAMES.items():
    for ref_ in names_:
        shown_ = ascii(ref_)[:40]

        @case(row_, f"the ref {shown_}")
        def bad_name(world, ref=ref_):
            text = ref if isinstance(ref, bytes) else ref.encode()
            body = pkt(f"{ZERO} {world.base} ".encode() + text + b"\0report-status") + b"0000" + NOTHING_NEW
            answer = world.unchanged(lambda: world.post_git("git-receive-pack", body))
            check(b"ng " in answer.body or b"ERR " in answer.body, f"{answer}")
            check(b"ok refs" not in answer.body, f"{answer}")
            return answer.body[answer.body.find(b"ng "):][-70:].decode("utf-8", "backslashreplace").replace("\x1b", "?").strip().strip("0\n")

for ref_ in ("refs/heads/$(id)", "refs/heads/`id`", "refs/heads/;id;", "refs/heads/<script>alert(1)</script>", "refs/heads/'\"&"):
    @case("G24", f"the ref {ref_} is only a name")
    def odd_name(world, ref=ref_):
        _, refs = world.push([(ZERO, world.base, ref)])
        check(refs.get(ref) == "ok" and ref in world.refs(), f"{refs}")
        listed = world.ask("GET", f"/api/projects/{world.project}/branches?limit=200")
        check(listed.headers["Content-Type"].startswith("application/json"), "a page that a browser would read as HTML")
        _, gone = world.push([(world.base, ZERO, ref)], None, "report-status delete-refs")
        check(gone.get(ref) == "ok", f"{gone}")
        return "taken as a name, listed as JSON"

for name_, first_, second_ in (("a and a/b", "refs/heads/df", "refs/heads/df/b"), ("a/b and a", "refs/heads/fd/b", "refs/heads/fd"),
                               ("Main and main", "refs/heads/case", "refs/heads/Case"), 
                               ("composed and decomposed e", "refs/heads/caf\u00e9", "refs/heads/cafe\u0301")):
    @case("G26", f"a pair of names: {name_}")
    def pair(world, first=first_, second=second_):
        _, refs = world.push([(ZERO, world.base, first)])
        check(refs.get(first) == "ok", f"the first: {refs}")
        _, refs = world.push([(ZERO, world.base, second)])
        verdict = refs.get(second, "nothing")
        world.push([(world.base, ZERO, first)], None, "report-status delete-refs")
        if "\u0301" in second:  # Two names of two bytes each: allowed, like in git; neither hides the other.
            if verdict == "ok":
                world.push([(world.base, ZERO, second)], None, "report-status delete-refs")
            return f"the second: {verdict}"
        check(verdict != "ok", "both were taken")
        return verdict


@case("G26", "refs/heads/HEAD")
def head_branch(world):
    _, refs = world.unchanged(lambda: world.push([(ZERO, world.base, "refs/heads/HEAD")]))
    check(refs.get("refs/heads/HEAD") not in (None, "ok"), f"{refs}")
    return refs["refs/heads/HEAD"]


# G33, G34: paths -----------------------------------------------------------------------------------

for path_ in ("/admin/../x.git", "/admin/%2e%2e.git", "/admin/x.git/../base.git", "/admin/base%00.git", "/admin/" + "a" * 300 + ".git", "/admin/con.git",
              "/../../etc.git", "/admin/.git", "/admin/base.git.git", "/%61dmin/base.git/..", "/admin//base.git", "/prj_/../base.git",
              "/admin/base.git%2f..%2f..", "/origind.sock", "/store/data.mdb", "/master.key"):
    @case("G33", f"a repository at {path_[:40]}")
    def bad_path(world, path=path_):
        answer = world.ask("GET", path + "/info/refs?service=git-upload-pack")
        check(b"refs/heads/main" not in answer.body, "a repository was listed")
        return one_of(answer.status, {400, 404})


@case("G34", "an LFS batch with an evil object id and size")
def lfs(world):
    body = {"operation": "upload", "objects": [{"oid": "../../x", "size": -1}]}
    return one_of(world.ask("POST", "/admin/base.git/info/lfs/objects/batch", body).status, {501})


# G31: many at once ---------------------------------------------------------------------------------

def all_at_once(world, jobs):
    """jobs: [(commands, pack)]; returns the verdicts."""
    gate = threading.Barrier(len(jobs))

    def go(job):
        body = push_body(job[0], job[1])
        gate.wait()
        return report_of(world.post_git("git-receive-pack", body).body)
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return [next(iter(refs.values()), unpack) for unpack, refs in pool.map(go, jobs)]


@case("G31", "64 pushers on one ref: one wins", keeps_open=64)
def one_winner(world):
    made = [packs.commit_on(world.base, f"race-{n}") for n in range(64)]
    world.push([(ZERO, world.base, "refs/heads/race")])
    verdicts = all_at_once(world, [([(world.base, commit, "refs/heads/race")], pack) for commit, pack in made])
    check(verdicts.count("ok") == 1, f"{verdicts.count('ok')} won")
    winner = made[verdicts.index("ok")][0]
    check(world.refs()["refs/heads/race"] == winner, "the ref is not the winner's")
    return f"one won; the others: {next(v for v in verdicts if v != 'ok')}"


@case("G31", "64 pushers on 64 refs: all win", keeps_open=64)
def all_win(world):
    made = [packs.commit_on(world.base, f"lane-{n}") for n in range(64)]
    verdicts = all_at_once(world, [([(ZERO, commit, f"refs/heads/lane/{n}")], pack) for n, (commit, pack) in enumerate(made)])
    check(verdicts.count("ok") == 64, f"{verdicts.count('ok')} won: {set(verdicts)}")
    return "all 64"


@case("G30", "30 clones while the branch is forced to and fro: each one whole, old or new", keeps_open=64)
def clone_under_force(world):
    url, project = world.server.code_url("swings"), "swings"
    repo = git_client.Repo(world.folder / "swings").init(url)
    first = repo.commit("first")
    repo("push", "-q", "origin", "main")
    sides = [first]
    over = threading.Event()
    trouble = []

    def swing():
        at = first
        number = 0
        # Not as fast as it can: then each clone would find its ref gone between the list and the fetch.
        while not over.wait(random.uniform(0, 0.04)):
            number += 1
            commit, pack = packs.commit_on(None, f"swing-{number}")
            sides.append(commit)
            _, refs = world.push([(at, commit, "refs/heads/main")], pack, project=project)
            if refs.get("refs/heads/main") != "ok":
                trouble.append(str(refs))
                return
            at = commit
    thread = threading.Thread(target=swing)
    thread.start()
    try:
        whole = late = 0
        while whole < 30:
            try:
                clone = git_client.Repo.clone(url, world.folder / f"swung-{whole}-{late}")  # It is fsck'ed.
            except git_client.GitFailed as failed:
                # The branch moved between the list and the fetch: what no ref reaches is given to nobody.
                check("not our ref" in failed.output and late < 300, failed.output)
                late += 1
                continue
            check(clone.head() in sides, "a state that never was")
            whole += 1
    finally:
        over.set()
        thread.join()
    check(not trouble, f"a push: {trouble}")
    return f"30 clones clean during {len(sides)} forced pushes; {late} came too late for what they had been listed"


# G35: a repository that brings a configuration ------------------------------------------------------

def poisoned(world, name):
    """A bare repository whose config and hooks name programs. Returns (its folder, the file they would make)."""
    touched = world.folder / f"{name}-touched"
    repo = git_client.Repo(world.folder / name).init()
    repo.commit("first")
    bare = repo.path / ".git"
    with open(bare / "config", "a") as config:
        config.write(f'[core]\n fsmonitor = "touch {touched}"\n hooksPath = "{bare}/hooks"\n sshCommand = "touch {touched}"\n'
                     f' gitProxy = "touch {touched}"\n pager = "touch {touched}"\n[include]\n path = /etc/passwd\n'
                     f'[uploadpack]\n packObjectsHook = "touch {touched}"\n[alias]\n x = "!touch {touched}"\n'
                     f'[filter "x"]\n smudge = "touch {touched}"\n')
    for hook in ("post-checkout", "update", "pre-receive", "reference-transaction"):
        path = bare / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {touched}\n")
        path.chmod(0o755)
    return bare, touched


def import_folder(world, bare, touched, name):
    done = world.server.command("import", bare, "--data", world.server.data, "--project", name, check=False)
    check(not touched.exists(), "a program of its config was run")
    check("root:x:" not in done.stdout + done.stderr, "a file of this machine came back")
    return done


@case("G35", "a repository whose config and hooks name programs is imported; none is run", keeps_open=4)
def hostile_config(world):
    done = import_folder(world, *poisoned(world, "poisoned"), "poisoned")
    check(done.returncode == 0 and "refs/heads/main" in world.refs("poisoned"), f"{done}")
    return "imported, nothing was run"


@case("G35", "a repository that borrows objects from /etc", logs=False)  # It is refused before a server is asked.
def borrowed_objects(world):
    bare, touched = poisoned(world, "borrower")
    (bare / "objects/info").mkdir(exist_ok=True)
    (bare / "objects/info/alternates").write_text("/etc\n../../../../etc\n")
    done = import_folder(world, bare, touched, "borrower")
    check(done.returncode == 1 and "borrows objects" in done.stderr, f"{done}")
    return "exit 1: it borrows objects from another repository"


ELSEWHERE = [
    Elsewhere("G30", "1,000 rounds with gc", "30 rounds here; a collector racing pushes has its own test"),
    Elsewhere("G26", "a folder in two cases (dir/x, DIR/y)", "taken: decision 0001 compares whole names; no file system hides one behind the other"),
    Elsewhere("G27", "refs/pull/*", "an ordinary name here: the server keeps none of its own there"),
    Elsewhere("G31", "the longest wait below ten times the median", "a figure of the fairness part; no test here asserts a time"),
]
