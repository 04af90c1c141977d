# SPDX-License-Identifier: Apache-2.0
"""Table G, fetches: G28 what is wanted and had, G29 the words of protocol v2."""
from harness import ZERO, Case, Elsewhere, check, pkt

CASES = []
GHOST = "1" * 40


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def fetch_args(*args):
    return ["command=fetch\n", b"0001", *(arg + "\n" for arg in args), b"0000"]


def no_pack(answer):
    """A clear refusal and no object. Returns its words."""
    check(b"PACK\0\0\0\2" not in answer.body, "objects came back")
    check(answer.status in (400, 413) or b"ERR " in answer.body, f"{answer}")
    return f"{answer.status} {answer.body[answer.body.find(b'ERR '):][:80].decode('utf-8', 'replace').strip()}"


def hidden(world):
    """The id of a commit that was pushed, then made unreachable; and of the server's own hidden refs, if any."""
    if not hasattr(world, "gone"):
        import packs
        world.gone, pack = packs.commit_on(world.base, "soon unreachable")
        world.push([(ZERO, world.gone, "refs/heads/soon-gone")], pack)
        world.push([(world.gone, ZERO, "refs/heads/soon-gone")], None, "report-status delete-refs")
    return world.gone


WANTS = {
    "an id that is nowhere": lambda w: fetch_args(f"want {GHOST}", "done"),
    "an id of zeros": lambda w: fetch_args(f"want {ZERO}", "done"),
    "a commit no ref reaches any more": lambda w: fetch_args(f"want {hidden(w)}", "done"),
    "half an id": lambda w: fetch_args("want 1234", "done"),
    "an id and junk": lambda w: fetch_args(f"want {w.base} --upload-pack=x", "done"),
    "an id of SHA-256": lambda w: fetch_args("want " + "1" * 64, "done"),
    "nothing but done": lambda w: fetch_args("done"),
    "100,000 ids that are nowhere": lambda w: fetch_args(*(f"want {n:040x}" for n in range(1, 100_001)), "done"),
    "deepen 2^31": lambda w: fetch_args(f"want {w.base}", f"deepen {2 ** 31}", "done"),
    "deepen -1": lambda w: fetch_args(f"want {w.base}", "deepen -1", "done"),
    "deepen 0": lambda w: fetch_args(f"want {w.base}", "deepen 0", "done"),
    "deepen-since of text": lambda w: fetch_args(f"want {w.base}", "deepen-since yesterday", "done"),
    "deepen-not of a ref that is none": lambda w: fetch_args(f"want {w.base}", "deepen-not refs/../x", "done"),
    "2,000 deepen-not": lambda w: fetch_args(f"want {w.base}", *(f"deepen-not refs/heads/none-{n}" for n in range(2000)), "done"),
    "filter=sparse:oid": lambda w: fetch_args(f"want {w.base}", f"filter sparse:oid={w.tree}", "done"),
    "filter=blob:limit=-1": lambda w: fetch_args(f"want {w.base}", "filter blob:limit=-1", "done"),
    "a line nobody knows": lambda w: fetch_args(f"want {w.base}", "frobnicate", "done"),
    "want-ref of a hidden ref": lambda w: fetch_args("want-ref refs/origind/pristine", "done"),
    "shallow with half an id": lambda w: fetch_args(f"want {w.base}", "shallow 12", "done"),
    "have with half an id": lambda w: fetch_args(f"want {w.base}", "have 12", "done"),
}
# What git answers too: bounded, and nothing that a ref does not reach.
BOUNDED = {"nothing but done", "deepen 2^31", "deepen 0", "filter=blob:limit=-1"}
for name_, lines_ in WANTS.items():
    for protocol_ in ("version=2",):
        @case("G28", f"a fetch: {name_}")
        def want(world, lines=lines_, name=name_):
            answer = world.fetch(lines(world))
            if name in BOUNDED and answer.status == 200 and b"ERR " not in answer.body:
                check(len(answer.body) < 100_000, f"{len(answer.body)} bytes")
                return f"{answer.status}, {len(answer.body)} bytes"
            return no_pack(answer)


@case("G28", "filter=tree:0 (partial clone is not offered)")
def tree_filter(world):
    return no_pack(world.fetch(fetch_args(f"want {world.base}", "filter tree:0", "done")))


@case("G28", "a million haves that are nowhere")
def million_haves(world):
    lines = [pkt("command=fetch\n"), b"0001", pkt(f"want {world.base}\n")]
    lines += [b"0032have %040x\n" % n for n in range(1_000_000)]
    return no_pack(world.post_git("git-upload-pack", b"".join(lines) + pkt("done\n") + b"0000", headers={"Git-Protocol": "version=2"}))


@case("G28", "200,000 haves that are nowhere are taken")
def many_haves(world):
    lines = [pkt("command=fetch\n"), b"0001", pkt(f"want {world.base}\n")]
    lines += [b"0032have %040x\n" % n for n in range(200_000)]
    answer = world.post_git("git-upload-pack", b"".join(lines) + pkt("done\n") + b"0000", headers={"Git-Protocol": "version=2"})
    check(answer.status == 200 and b"PACK" in answer.body, f"{answer}")
    return f"200, {len(answer.body)} bytes"


@case("G28", "protocol v0: a want that no ref shows")
def v0_want(world):
    body = pkt(f"want {hidden(world)} side-band-64k ofs-delta\n") + b"0000" + pkt("done\n")
    return no_pack(world.post_git("git-upload-pack", body))


COMMANDS = {
    "an unknown command": ["command=frobnicate\n", b"0000"],
    "no command": ["agent=x\n", b"0000"],
    "two commands": ["command=ls-refs\n", "command=fetch\n", b"0000"],
    "arguments without a delimiter": ["command=fetch\n", "done\n", b"0000"],
    "two delimiters": ["command=ls-refs\n", b"0001", "peel\n", b"0001", "symrefs\n", b"0000"],
    "object-format=sha256": ["command=ls-refs\n", "object-format=sha256\n", b"0000"],
    "bundle-uri": ["command=bundle-uri\n", b"0000"],
    "object-info": ["command=object-info\n", b"0001", "size\n", f"oid {GHOST}\n", b"0000"],
    "a command with a NUL": ["command=ls-refs\0x\n", b"0000"],
    "arguments of v2 to v0": ["want " + GHOST + " filter\n", "filter tree:0\n", b"0000"],
    "65 server options": ["command=ls-refs\n", *(f"server-option=o{n}\n" for n in range(65)), b"0000"],
}
for name_, lines_ in COMMANDS.items():
    @case("G29", f"protocol v2: {name_}")
    def command(world, lines=lines_, name=name_):
        return no_pack(world.fetch(lines, None if "v0" in name else "version=2"))


@case("G29", "ls-refs with 10,000 prefixes")
def many_prefixes(world):
    answer = world.fetch(["command=ls-refs\n", b"0001", *(f"ref-prefix refs/heads/no-{n}\n" for n in range(10_000)), b"0000"])
    check(answer.status == 200 and answer.body == b"0000", f"{answer}")
    return "200, nothing listed"


@case("G29", "ls-refs asked for hidden names")
def hidden_names(world):
    answer = world.fetch(["command=ls-refs\n", b"0001", "ref-prefix refs/origind/\n", "ref-prefix \n", "symrefs\n", b"0000"])
    check(answer.status == 200 and b"refs/origind" not in answer.body, f"{answer}")
    return "200, none listed"


for header_ in ("version=2:version=1", "version=99", "version=2\u00e9", "version=2:" + "a" * 7000, "x" * 3000, ":::", "version="):
    @case("G29", f"Git-Protocol: {ascii(header_)[1:30]}")
    def protocol(world, header=header_):
        answer = world.ask("GET", "/admin/base.git/info/refs?service=git-upload-pack", headers={"Git-Protocol": header.encode("latin-1")})
        check(answer.status in (200, 400), f"{answer}")
        return f"{answer.status}"


ELSEWHERE = [Elsewhere("G28", "filters of partial clone", "not offered yet; each is refused, as the cases show")]
