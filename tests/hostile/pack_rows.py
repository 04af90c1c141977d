# SPDX-License-Identifier: Apache-2.0
"""Table G, packs: G9 to G17 and G32. Each is pushed as a new branch beside a commit that alone would be taken."""
import hashlib
import os
import struct
import zlib

import packs
from harness import ZERO, Case, Elsewhere, check, git_client, one_of
from http_live_rows import bomb
from pack_bytes import BLOB, OFS_DELTA, copy, delta_bytes, entry_head, insert
from packs import History

CASES = []
TEXT = b"some text that is long enough to copy from\n"


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def refused(row, name, words, build, **more):
    """A pack that must be refused with one of `words` in the unpack line. build(world) -> (commit, pack bytes)."""
    @case(row, name, **more)
    def push(world, build=build, words=(words,) if isinstance(words, str) else words):
        commit, pack = build(world)
        unpack, refs = world.unchanged(lambda: world.push([(ZERO, commit, "refs/heads/evil")], pack))
        check(unpack != "ok" and "ok" not in refs.values(), f"taken: {unpack} {refs}")
        check(any(word in unpack for word in words), f"refused for another reason: {unpack}")
        return unpack[:110]


def taken(row, name, build, **more):
    """The honest neighbour: it must be accepted, cloned and pass fsck."""
    more.setdefault("keeps_open", 4)

    @case(row, name, **more)
    def push(world, build=build, name=name):
        commit, pack = build(world)
        ref = "refs/heads/good-" + hashlib.sha1(name.encode()).hexdigest()[:12]
        unpack, refs = world.push([(ZERO, commit, ref)], pack)
        check(unpack == "ok" and refs.get(ref) == "ok", f"{unpack} {refs}")
        clone = git_client.Repo.clone(world.server.code_url("base"), world.folder / ref.split("/")[2], "--single-branch", "-b", ref[11:])
        check(clone.head() == commit, "the clone is another commit")
        return "taken, cloned, fsck clean"


def beside(add):
    """An honest commit on the base, and whatever `add` puts into its pack. add(pack, world) may return a finished pack."""
    def build(world):
        history = History(world.base, "beside")
        commit = history.plain()
        done = add(history.pack, world)
        return commit, done if isinstance(done, bytes) else history.pack.bytes()
    return build


taken("G9", "the honest neighbour of all these packs", beside(lambda pack, world: None))

# G9, G10: the frame --------------------------------------------------------------------------------


def framed(change):
    def build(world):
        commit, pack = packs.commit_on(world.base, "framed")
        return commit, change(pack)
    return build


refused("G9", "nothing where a pack should be", "ends before", framed(lambda p: b""))
refused("G9", "a bad magic", "not a pack", framed(lambda p: packs.resealed(b"KCAP" + p[4:])))
for version_ in (0, 1, 3, 9):
    refused("G9", f"version {version_}", "version", framed(lambda p, v=version_: packs.resealed(p[:4] + struct.pack(">I", v) + p[8:])))
refused("G9", "a wrong checksum", "checksum", framed(lambda p: p[:-1] + bytes([p[-1] ^ 1])))
refused("G9", "junk behind it", "after the end", framed(lambda p: p + b"junk"))
refused("G9", "two packs", "after the end", framed(lambda p: p + p))


@case("G9", "an empty pack for a commit nobody has")
def empty_pack(world):
    unpack, refs = world.unchanged(lambda: world.push([(ZERO, packs.commit_on(world.base, "nobody has it")[0], "refs/heads/evil")]))
    check("missing" in refs.get("refs/heads/evil", ""), f"{unpack} {refs}")
    return refs["refs/heads/evil"]


@case("G9", "cut off at every 16th byte")
def cut_off(world):
    commit, pack = packs.commit_on(world.base, "cut")
    cuts = range(1, len(pack), 16)

    def all_cuts():
        for at in cuts:
            unpack, refs = world.push([(ZERO, commit, "refs/heads/evil")], pack[:at])
            check(unpack != "ok" and "ok" not in refs.values(), f"cut at {at}: {unpack} {refs}")
    world.unchanged(all_cuts)
    return f"{len(cuts)} times refused"


@case("G9", "one bit flipped in every 8th byte")
def flipped(world):
    commit, pack = packs.commit_on(world.base, "flipped")
    places = range(0, len(pack), 8)

    def all_flips():
        for at in places:
            bad = bytearray(pack)
            bad[at] ^= 1 << (at // 8 % 8)
            unpack, refs = world.push([(ZERO, commit, "refs/heads/evil")], bytes(bad))
            check(unpack != "ok" and "ok" not in refs.values(), f"flipped at {at}: {unpack} {refs}")
    world.unchanged(all_flips)
    return f"{len(places)} times refused"


for count_ in (2 ** 32 - 1, 10_000_001):
    refused("G10", f"the count {count_}", "objects", framed(lambda p, n=count_: packs.resealed(p[:8] + struct.pack(">I", n) + p[12:])))
refused("G10", "the count 0 before objects", ("after the end", "checksum"), framed(lambda p: packs.resealed(p[:8] + bytes(4) + p[12:])))
refused("G10", "a count one too high", "",  # The checksum is then read as an entry: what it is called is chance.
        framed(lambda p: packs.resealed(p[:8] + struct.pack(">I", 4) + p[12:])))
refused("G10", "a count one too low", ("after the end", "checksum"), framed(lambda p: packs.resealed(p[:8] + struct.pack(">I", 2) + p[12:])))

# G11 to G13: sizes, types, zlib ---------------------------------------------------------------------

for name_, size_, words_ in (("says 10 bytes and has 1,000", 10, "as long as"), ("says 1,000 bytes and has 10", 1000, "as long as"),
                             ("says 2^50 bytes", 2 ** 50, "limit"), ("says 2^64-1 bytes", 2 ** 64 - 1, ("size", "limit")),
                             ("says 100 MiB and one byte", 100 * 2 ** 20 + 1, "limit")):
    refused("G11" if "MiB" not in name_ else "G32", f"a blob that {name_}", (*((words_,) if isinstance(words_, str) else words_), "large", "bytes"),
            beside(lambda pack, world, s=size_: pack.add(BLOB, b"a" * (1000 if s == 10 else 10), s) and None))
refused("G11", "a size of 30 digits of 7 bits", "digits", beside(lambda pack, world: pack.raw(b"\xb0" + b"\xff" * 30 + b"\x01" + zlib.compress(TEXT)) and None))
for kind_ in (0, 5):
    refused("G12", f"an object of type {kind_}", "type", beside(lambda pack, world, k=kind_: pack.add(k, TEXT)))
refused("G13", "a stream that is no zlib", "zlib", beside(lambda pack, world: pack.raw(entry_head(BLOB, 20) + b"this is no zlib stream") and None))
refused("G13", "a wrong adler sum", "zlib",
        beside(lambda pack, world: pack.raw(entry_head(BLOB, len(TEXT)) + zlib.compress(TEXT)[:-1] + b"\0") and None))


def zlib_bomb(says):
    def add(pack, world):
        pack.raw(entry_head(BLOB, says) + bomb(b"\0" * 2 ** 20, 15))
    return beside(add)


refused("G13", "1 MB of zlib that becomes 1 GB and says 10 bytes", "as long as", zlib_bomb(10))
refused("G13", "the same, and says so", ("limit", "large", "bytes"), zlib_bomb(2 ** 30))
refused("G13", "a million empty blocks before ten bytes", ("zlib", "as long as"),
        beside(lambda pack, world: pack.raw(entry_head(BLOB, 10) + b"\x78\x01" + b"\0\0\0\xff\xff" * 1_000_000) and None))

# G14, G15: deltas -----------------------------------------------------------------------------------


def on_text(text):
    """A delta on a blob of TEXT."""
    return beside(lambda pack, world: pack.ofs_to(pack.blob_at(TEXT), text) and None)


def delta_bomb(pack, world):
    """16 KB that copy a base of 60,000 bytes 17,896 times: 1 GB."""
    base = b"x" * 60_000
    at = pack.blob_at(base)
    pack.ofs(pack.size - at, delta_bytes(len(base), 60_000 * 17_896, copy(0, 60_000) * 17_896), level=9)


N = len(TEXT)
refused("G14", "a delta of 16 KB that becomes 1 GB", ("limit", "large", "bytes"), beside(delta_bomb))
refused("G14", "a result of 2^60 bytes", ("limit", "large", "bytes"), on_text(delta_bytes(N, 2 ** 60, insert(b"abc"))))
for name_, text_ in (("a copy from outside", delta_bytes(N, 10, copy(40, 10))), ("a copy at 2^32-1", delta_bytes(N, 10, copy(2 ** 32 - 1, 10))),
                     ("another base size", delta_bytes(N + 1, 3, insert(b"abc"))), ("an instruction 0", delta_bytes(N, 3, b"\0abc")),
                     ("an insert past its end", delta_bytes(N, 9, b"\x09abc")), ("a result too short", delta_bytes(N, 4, insert(b"abc"))),
                     ("a result too long", delta_bytes(N, 2, insert(b"abc"))), ("no sizes", b""), ("an endless size", b"\xff" * 30),
                     ("no instructions", delta_bytes(N, 3, b""))):
    refused("G14", f"a delta with {name_}", "delta", on_text(text_))
taken("G14", "the honest neighbour of these deltas", on_text(delta_bytes(N, 13, copy(0, 10) + insert(b"abc"))))


def ofs_at(distance):
    def add(pack, world):
        pack.blob_at(TEXT)
        pack.ofs(distance(pack), delta_bytes(N, 3, insert(b"abc")))
    return beside(add)


for name_, distance_ in (("0, itself", lambda pack: 0), ("5, into an entry", lambda pack: 5), ("into the header", lambda pack: pack.size - 4),
                         ("before the beginning", lambda pack: pack.size + 10), ("2^40", lambda pack: 2 ** 40)):
    refused("G15", f"an ofs-delta at distance {name_}", "base", ofs_at(distance_))
refused("G15", "a distance of 30 digits", ("digits", "base"),
        beside(lambda pack, world: pack.raw(entry_head(OFS_DELTA, 5) + b"\xff" * 30 + b"\x01" + zlib.compress(b"hello")) and None))


def circle(pack, world):
    first, second = packs.oid_of(BLOB, b"aaa"), packs.oid_of(BLOB, b"bbb")
    pack.ref(second, delta_bytes(3, 3, insert(b"aaa")))
    pack.ref(first, delta_bytes(3, 3, insert(b"bbb")))


refused("G15", "two ref-deltas, each on what the other would be", "base", beside(circle))
refused("G15", "a ref-delta on an object nobody has", "base", beside(lambda pack, world: pack.ref("12345678" * 5, delta_bytes(3, 3, insert(b"abc"))) and None))


def chain(length, by_id=False):
    """Each delta changes the eight bytes in front; the last blob is as long as the first."""
    def add(pack, world):
        text = bytearray(b"c" * 24)
        at, rest = pack.blob_at(bytes(text)), copy(8, 16)
        for number in range(length):
            step = delta_bytes(24, 24, insert(b"%08d" % number) + rest)
            if by_id:
                pack.ref(packs.oid_of(BLOB, bytes(text)), step)
                text[:8] = b"%08d" % number
            else:
                at = pack.ofs_to(at, step)
    return beside(add)


taken("G15", "a chain of 4,095 deltas", chain(4095))
for length_, by_id_ in ((4096, False), (60_000, False), (5000, True)):
    refused("G15", f"a chain of {length_:,} {'ref' if by_id_ else 'ofs'}-deltas", "chain", chain(length_, by_id_))

# G16: the published collision ------------------------------------------------------------------------


@case("G16", "the two colliding documents stay two objects", keeps_open=4)
def shattered(world):
    first, second = packs.SHATTERED
    check(first != second and hashlib.sha1(first).digest() == hashlib.sha1(second).digest(), "the pair does not collide: a slip in packs.py")
    history = History(world.base, "shattered")
    ids = [history.pack.add(BLOB, data) for data in (first, second)]
    commit, pack = history.with_entries([(b"100644", b"1.pdf", ids[0]), (b"100644", b"2.pdf", ids[1])])
    unpack, refs = world.push([(ZERO, commit, "refs/heads/shattered")], pack)
    check(refs.get("refs/heads/shattered") == "ok", f"{unpack} {refs}")
    clone = git_client.Repo.clone(world.server.code_url("base"), world.folder / "shattered", "--single-branch", "-b", "shattered")
    check([(clone.path / name).read_bytes() for name in ("1.pdf", "2.pdf")] == [first, second], "they came back changed")
    return "same SHA-1 as documents, two ids as blobs (git puts 'blob 320' in front), both came back"


@case("G16", "the library that hashes ids is one that detects collisions")
def detecting_hash(world):
    done = world.server.command("doctor", "--data", world.server.data, "--json", check=False)
    world.ask("GET", "/api/projects?limit=1")
    libraries = [line.split()[-1] for line in open(f"/proc/{world.server.process.pid}/maps") if "libgit2" in line]
    data = open(libraries[0], "rb").read() if libraries else open(f"/proc/{world.server.process.pid}/exe", "rb").read()
    check(b"SHA1 collision attack detected" in data, "libgit2 was built with a plain SHA-1")
    return f"{os.path.basename(libraries[0]) if libraries else 'linked in'}; doctor: exit {done.returncode}"


# G17: twice the same, and the same id with other content ---------------------------------------------

refused("G17", "an object twice in one pack", "twice", beside(lambda pack, world: [pack.add(BLOB, TEXT), pack.add(BLOB, TEXT)] and None))
taken("G17", "objects the server has already", beside(lambda pack, world: pack.add(BLOB, b"hello\n") and None))

# G32: too much ---------------------------------------------------------------------------------------


@case("G32", "a push of 2 GiB and more, by its length")
def huge_push(world):
    head = world.head("POST /admin/base.git/git-receive-pack HTTP/1.1", "Content-Type: application/x-git-receive-pack-request",
                      f"Content-Length: {2 * 2 ** 30 + 2 ** 24}", key="")
    return one_of(world.talk(head).status, {413})


@case("G32", "a pack of 100,000 blobs", keeps_open=4)
def many_objects(world):
    history = History(world.base, "many")
    entries = [(b"100644", b"f%06d" % n, history.pack.add(BLOB, b"blob %d\n" % n)) for n in range(100_000)]
    commit, pack = history.with_entries(entries)
    unpack, refs = world.push([(ZERO, commit, "refs/heads/many-objects")], pack)
    check(refs.get("refs/heads/many-objects") == "ok", f"{unpack} {refs}")
    return f"taken, {len(pack) // 1024} KiB"


ELSEWHERE = [
    Elsewhere("G16", "a pair of Git objects that collide", "none is known: the published pair collides without Git's header only; "
              "git/odb/collision_test.cc leaves the header out and sees the pair refused"),
    Elsewhere("G32", "1,000,000 objects; 100,000 refs; a blob of 100 MiB and one byte in full",
              "scaled to 100,000 objects and 10,001 refs (G3) for time; the blob is refused by its announced size"),
]
