# SPDX-License-Identifier: Apache-2.0
"""Table G, objects: trees, commits, tags, .gitmodules, links (G18 to G23)."""
import packs
from harness import ZERO, Case, Elsewhere, check, one_of, wait_until
from pack_bytes import BLOB, COMMIT, TAG, TREE
from pack_rows import refused, taken
from packs import PERSON, History
from wire import tree_object

CASES = []


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def tree(entries):
    """A commit of a tree with these entries; `None` for an id means the history's own blob."""
    def build(world):
        history = History(world.base, "trees")
        return history.with_entries([(mode, name, oid or history.blob) for mode, name, oid in entries])
    return build


# G18: names -------------------------------------------------------------------------------------------

for name_ in (b".git", b".GIT", b".Git", b"git~1", b"GIT~1", b".git ", b".git.", b".git...", b".g\xe2\x80\x8cit", b".gi\xef\xbb\xbft", b".git::$INDEX_ALLOCATION",
              b".git\\x", b"..", b".", b"", b"a/b", b"/", b".git\\..\\x", b"a\\.git\\b"):
    refused("G18", f"a tree with the name {ascii(name_)[1:]}", ("has", "full", "tree", "name", "Git", "empty", "null"), tree([(b"100644", name_, None)]))
for name_ in (b"a\\b", b"con", b"aux.txt", b".gitignore", b"-rf", b"\xff\xfe"):
    # Git takes these too: a checkout on Linux is not harmed by them.
    taken("G18", f"a tree with the name {ascii(name_)[1:]} is only odd", tree([(b"100644", name_, None)]))

# G19: shape -------------------------------------------------------------------------------------------

refused("G19", "a tree that is not sorted", ("ordered", "sorted", "Sorted"), tree([(b"100644", b"b", None), (b"100644", b"a", None)]))
refused("G19", "the same name twice", ("uplicate", "twice"), tree([(b"100644", b"a", None), (b"100644", b"a", None)]))
refused("G19", "a file and a folder of one name", ("uplicate", "twice"), lambda world: History(world.base, "df").with_entries(
    [(b"100644", b"a", packs.oid_of(BLOB, b"hello\n")), (b"100644", b"a-", packs.oid_of(BLOB, b"hello\n")), (b"40000", b"a", world.tree)]))
for mode_ in (b"0777777", b"", b"12345678901234567890", b"-1", b"1006 4", b"999"):
    refused("G19", f"the mode {mode_.decode()!r}", ("mode", "Mode", "tree", "Tree"), tree([(mode_, b"a", None)]))
refused("G19", "an entry without its end", ("tree", "Tree", "truncated"), lambda world: History(world.base, "cut").with_tree(b"100644 a"))
refused("G19", "an entry with half an id", ("tree", "Tree", "truncated"), lambda world: History(world.base, "cut2").with_tree(b"100644 a\0" + b"1" * 11))
refused("G19", "a null id", ("null", "Null"), tree([(b"100644", b"a", ZERO)]))
refused("G19", "a tree where a blob should be", ("not", "type", "is a"), lambda world: History(world.base, "wrong").with_entries([(b"100644", b"a", world.tree)]))
refused("G19", "an entry nobody has", ("missing", "not", "lack"), tree([(b"100644", b"a", "12345678" * 5)]))


def deep(levels):
    def build(world):
        history = History(world.base, "deep")
        below = history.pack.add(TREE, tree_object([(b"100644", b"f", history.blob)]))
        for _ in range(levels - 1):
            below = history.pack.add(TREE, tree_object([(b"40000", b"d", below)]))
        return history.commit(below), history.pack.bytes()
    return build


def wide(count):
    def build(world):
        history = History(world.base, "wide")
        oid = bytes.fromhex(history.blob)
        return history.with_tree(b"".join(b"100644 f%07d\0" % n + oid for n in range(count)))
    return build


# A tree is looked at whole: its 34 MB count twice, in the file they are inflated into and where they are read.
@case("G19", "a tree of 1,000,000 entries", keeps_open=4, memory_mib=96)
def million_entries(world):
    commit, pack = wide(1_000_000)(world)
    unpack, refs = world.push([(ZERO, commit, "refs/heads/wide")], pack)
    check(refs.get("refs/heads/wide") == "ok" or "limit" in unpack or "large" in unpack, f"{unpack} {refs}")
    return f"{len(pack) // 1024} KiB, {unpack}"


@case("G19", "trees 20,000 deep", keeps_open=4)
def twenty_thousand_deep(world):
    commit, pack = deep(20_000)(world)
    unpack, refs = world.push([(ZERO, commit, "refs/heads/deep")], pack)
    answer = world.ask("GET", f"/api/projects/{world.project}/tree?ref={commit}&path=" + "d/" * 300 + "d")
    check(answer.status in (200, 400, 404, 413, 422), f"{answer}")
    return f"push: {unpack} {refs.get('refs/heads/deep', '')[:60]}; a path 301 deep: {answer.status}"


# G20, G21: commits and tags ----------------------------------------------------------------------------

def commit(**more):
    def build(world):
        history = History(world.base, "commits")
        root = history.pack.add(TREE, tree_object([(b"100644", b"file", history.blob)]))
        keep = dict(more)
        text = keep.pop("text", None)
        if text is not None:
            return history.pack.add(COMMIT, text(root, world)), history.pack.bytes()
        return history.commit(root, **keep), history.pack.bytes()
    return build


refused("G20", "no tree", ("tree", "Tree"), commit(text=lambda root, world: packs.commit_text(None, [world.base])))
refused("G20", "no author", ("author", "Author"), commit(text=lambda root, world: f"tree {root}\ncommitter ".encode() + PERSON + b"\n\nx\n"))
refused("G20", "two authors", ("author", "Author", "committer", "Committer"), commit(text=lambda root, world: packs.commit_text(root, extra=b"").replace(
    b"author ", b"author " + PERSON + b"\nauthor ", 1)))
for name_, person_ in (("a NUL", b"E\0ve <e@x> 1 +0000"), ("no mail", b"Eve 1700000000 +0000"), ("a < in the name", b"E<ve <e@x> 1 +0000"),
                       ("no date", b"Eve <e@x>"), ("a date of 10^18 and more", b"Eve <e@x> 99999999999999999999 +0000"), ("a negative date", b"Eve <e@x> -5 +0000"),
                       ("a date of words", b"Eve <e@x> soon +0000"), ("a zone of words", b"Eve <e@x> 1 here")):
    refused("G20", f"an author with {name_}", ("ate", "mail", "ame", "zone", "Zone", "nul", "NUL", "author", "Space"), commit(author=person_))
for name_, author_ in (("the zone +9999", b"Eve <e@x> 1700000000 +9999"), ("the year 33658", b"Eve <e@x> 1000000000000 +0000"),
                       ("escapes and right-to-left marks", "E\x1b[2J\u202eve <e@x> 1 +0000".encode())):
    @case("G20", f"an author with {name_}: taken, and harmless in the API", keeps_open=4)
    def odd_author(world, author=author_, name=name_):
        made, pack = commit(author=author)(world)
        ref = f"odd-{len(name)}"
        unpack, refs = world.push([(ZERO, made, f"refs/heads/{ref}")], pack)
        if refs.get(f"refs/heads/{ref}") != "ok":
            return f"refused: {unpack}"
        answer = world.ask("GET", f"/api/projects/{world.project}/commits?ref={ref}&limit=1")
        check(answer.status == 200 and answer.json["commits"], f"{answer}")
        check(not any(byte < 0x20 and byte not in (9, 10, 13) for byte in answer.body), "a control character in the answer")
        return f"taken, shown as {answer.json['commits'][0]['author']}"[:110]


@case("G20", "10,000 parents", keeps_open=4)
def parents(world):
    made, pack = commit(parents=[world.base] + [f"{n:040x}" for n in range(1, 10_000)])(world)
    unpack, refs = world.unchanged(lambda: world.push([(ZERO, made, "refs/heads/octopus")], pack))
    check("ok" not in refs.values(), f"{unpack} {refs}")
    return unpack[:100]


@case("G20", "10,000 times the same parent", keeps_open=4)
def same_parent(world):
    made, pack = commit(parents=[world.base] * 10_000)(world)
    unpack, refs = world.push([(ZERO, made, "refs/heads/octopus")], pack)
    check(refs.get("refs/heads/octopus") == "ok", f"git takes it: {unpack} {refs}")
    answer = world.ask("GET", f"/api/projects/{world.project}/commits?ref=octopus&limit=3")
    check(answer.status == 200 and answer.json["commits"], f"{answer}")
    world.push([(made, ZERO, "refs/heads/octopus")], None, "report-status delete-refs")
    return "taken as by git, listed"


refused("G20", "a message of 100 MB", ("limit", "large", "bytes"), commit(text=lambda root, world: packs.commit_text(root, message=b"m" * 100_000_000)))
refused("G20", "a signature of 8 MB", ("limit", "large", "bytes"), commit(extra=b"gpgsig " + b"-----BEGIN\n " * 700_000 + b"\n"))


def tag_chain(length):
    def build(world):
        history = History(world.base, "tags")
        at, kind = history.plain(), "commit"
        for number in range(length):
            at = history.pack.add(TAG, f"object {at}\ntype {kind}\ntag t{number}\ntagger ".encode() + PERSON + b"\n\nx\n")
            kind = "tag"
        return at, history.pack.bytes()
    return build


@case("G21", "a tag of a tag of a tag, 100,000 long", keeps_open=4)
def long_tags(world):
    tag, pack = tag_chain(100_000)(world)
    _, refs = world.unchanged(lambda: world.push([(ZERO, tag, "refs/tags/long")], pack))
    check("too many tags" in refs.get("refs/tags/long", ""), f"{refs}")
    return refs["refs/tags/long"]


@case("G21", "a tag of an object nobody has")
def missing_tag(world):
    pack = packs.Pack()
    tag = pack.add(TAG, b"object " + b"12" * 20 + b"\ntype commit\ntag t\ntagger " + PERSON + b"\n\nx\n")
    unpack, refs = world.unchanged(lambda: world.push([(ZERO, tag, "refs/tags/ghost")], pack.bytes()))
    check("ok" not in refs.values(), f"{unpack} {refs}")
    return unpack[:100]


for name_, text_ in (("no type", b"object %s\ntag t\n\nx\n"), ("the type cheese", b"object %s\ntype cheese\ntag t\ntagger " + PERSON + b"\n\nx\n"),
                     ("another type than its object's", b"object %s\ntype tree\ntag t\ntagger " + PERSON + b"\n\nx\n")):
    @case("G21", f"a tag with {name_}")
    def bad_tag(world, text=text_):
        pack = packs.Pack()
        tag = pack.add(TAG, text.replace(b"%s", world.base.encode()))
        unpack, refs = world.unchanged(lambda: world.push([(ZERO, tag, "refs/tags/bad")], pack.bytes()))
        check("ok" not in refs.values(), f"{unpack} {refs}")
        return unpack[:100]

# G22, G23: what a checkout or a site would follow --------------------------------------------------------


def gitmodules(text, mode=b"100644", name=b".gitmodules"):
    def build(world):
        history = History(world.base, "modules")
        return history.with_entries([(mode, name, history.pack.add(BLOB, text))])
    return build



for name_, text_ in (("the url -u./x", b'[submodule "a"]\n\tpath = a\n\turl = -u./x\n'), ("the url ext::sh", b'[submodule "a"]\n\tpath = a\n\turl = "ext::sh -c touch% x"\n'),
                     ("the path -x", b'[submodule "a"]\n\tpath = -x\n\turl = https://example.org/a\n'),
                     ("the name ../../x", b'[submodule "../../x"]\n\tpath = a\n\turl = https://example.org/a\n'),
                     ("a url with a line feed", b'[submodule "a"]\n\tpath = a\n\turl = "https://example.org/a%0ahost=evil"\n'),
                     ("a path that ends in CR", b'[submodule "a"]\n\tpath = "a\r"\n\turl = https://example.org/a\n'),
                     ("an update command", b'[submodule "a"]\n\tpath = a\n\turl = https://example.org/a\n\tupdate = !touch x\n')):
    @case("G22", f".gitmodules: {name_}")
    def modules(world, text=text_):
        made, pack = gitmodules(text)(world)
        unpack, refs = world.unchanged(lambda: world.push([(ZERO, made, "refs/heads/modules")], pack))
        check(unpack.startswith("gitmodules") and "ok" not in refs.values(), f"{unpack} {refs}")
        return unpack[:110]
refused("G22", ".gitmodules that is a link", ("gitmodules", "link"), gitmodules(b"target", b"120000"))
refused("G22", ".gitmodules of 100 MB", ("gitmodules", "large", "Large", "limit"), gitmodules(b'[submodule "a"]\n' + b"#" * 100_000_000))
refused("G22", ".GITMODULES with the url -u", ("gitmodules", "rl", "odule"), gitmodules(b'[submodule "a"]\n\tpath = a\n\turl = -u./x\n', name=b".gitmodule\xe2\x80\x8cs"))


@case("G23", "links to /etc, .. and .git on a live site", keeps_open=8)
def links(world):
    history = History(world.base, "links")
    blobs = {name: history.pack.add(BLOB, target) for name, target in
             ((b"etc", b"/etc"), (b"hooks", b".git/hooks"), (b"passwd", b"/etc/passwd"), (b"up", b".."))}
    index = history.pack.add(BLOB, b"<h1>links</h1>\n")
    entries = sorted([(b"120000", name, oid) for name, oid in blobs.items()] + [(b"100644", b"index.html", index)], key=lambda e: e[1])
    made, pack = history.with_entries(entries)
    before = world.refs()["refs/heads/main"]
    _, refs = world.push([(before, made, "refs/heads/main")], pack)
    check(refs.get("refs/heads/main") == "ok", f"{refs}")
    wait_until("the deployment", lambda: b"links" in world.server.request("GET", "/", host=world.site_host, key=None).body, 60)
    for path in ("/etc/passwd", "/passwd", "/up/etc/passwd", "/up", "/hooks/update", "/etc"):
        answer = world.server.request("GET", path, host=world.site_host, key=None)
        check(answer.status == 404 and b"root:" not in answer.body, f"{path}: {answer}")
    for path in ("passwd", "etc/passwd"):
        answer = world.ask("GET", f"/api/projects/{world.project}/file?ref=main&path={path}")
        check(b"root:" not in answer.body, "a link was followed")
    world.push([(made, before, "refs/heads/main")])
    wait_until("the page from before", lambda: world.server.request("GET", "/", host=world.site_host, key=None).body == world.page, 60)
    return "404 each; the API shows the link's own text"


@case("G23", "a file below a link of the same name")
def below_link(world):
    history = History(world.base, "below")
    link = history.pack.add(BLOB, b"/tmp")
    sub = history.pack.add(TREE, tree_object([(b"100644", b"x", history.blob)]))
    made, pack = history.with_entries([(b"120000", b"a", link), (b"40000", b"a", sub)])
    unpack, refs = world.unchanged(lambda: world.push([(ZERO, made, "refs/heads/below")], pack))
    check("ok" not in refs.values(), f"{unpack} {refs}")
    return one_of(unpack[:100], {unpack[:100]}, "words")


ELSEWHERE = [
    Elsewhere("G23", "a folder to deploy that is a link", "sites are served from objects, not from a checkout: a link is no file of a site"),
]
