# SPDX-License-Identifier: Apache-2.0
"""Commits, trees, tags and files: sound ones, and each one's ways of being wrong."""
import random

from pack_bytes import BLOB, COMMIT, TAG, TREE, object_id

WORDS = b"alpha beta gamma delta ref tree pack index window server commit little large".split()
PERSON = b"A U Thor <author@example.com> %d +0100"

# Names a tree may not hold, or not for every kind of entry; and honest neighbours of them.
NAMES = [b".git", b".GIT", b".gIt", b"git~1", b"GIT~1", b"git~2", b".git ", b".git.", b".git...", b".git\\x", b".git:x",
         b".git::$INDEX_ALLOCATION", b".g\xe2\x80\x8cit", b".\xe2\x80\x8dgit", b"\xef\xbb\xbf.git", b"..", b".", b"",
         b"a/b", b"/", b"a\\b", b"..\\x", b"con", b".gitmodules", b".GITMODULES", b"gitmod~1", b"GITMOD~4", b"gi7eba~1",
         b".gitmodules ", b".gitmodules.", b".gitmodules:$DATA", b".git\xe2\x80\x8cmodules", b".gitattributes",
         b"gitatt~1", b".gitattributes ", b".gitignore", b".mailmap", b"...", b"-x", b"x" * 4096, b"x" * 4097, b"\xff\xfe",
         b"git", b".gi", b".gitx", b"git~10", b"a b", b" ", b"\n", b".git\n", b"\t", b"fo\xcc\x88o"]
MODES = [b"100644", b"100755", b"120000", b"40000", b"160000", b"100664", b"100600", b"100000", b"040000", b"0100644",
         b"644", b"100777", b"140000", b"0", b"", b"777777", b"1006440", b"x", b"20000", b"60000", b"170000", b"40755"]
MODULES = [b'[submodule "a"]\n\tpath = a\n\turl = ../a.git\n', b'[submodule ".."]\n\tpath = a\n\turl = ../a\n',
           b'[submodule "a"]\n\tpath = -a\n\turl = ../a\n', b'[submodule "a"]\n\tpath = a\n\turl = -u\n',
           b'[submodule "a"]\n\turl = ext::sh\n', b'[submodule "a"]\n\tupdate = !sh\n', b'[submodule "a/../b"]\n\turl = x\n',
           b'[submodule "a"]\n\turl = "https://h/%0ax"\n', b'[submodule "a"]\n\turl = http::https://x/\n', b"[submodule\n",
           b'[submodule "a"]\n\turl = ../../:x\n', b'[submodule "a"]\n\turl = ./%0a\n', b'[submodule "a\\..\\b"]\n\tpath = x\n',
           b'[submodule "a"]\n\turl\n', b'[submodule.a]\n\turl = -x\n', b"\xef\xbb\xbf[core]\n\tx = 1\n", b"[a]\nb = \"c\n",
           b'[submodule "a"]\n\tpath = "a\r"\n', b'[submodule "a"]\n\turl = https:///x\n', b"", b"# nothing\n",
           b'[submodule "a"]\n\turl = git://h\\n/x\n', b'[submodule ""]\n\turl = x\n', b'[submodule "a"]\n\turl = ./../../../x\n']
ATTRIBUTES = [b"*.png binary\n", b"a" * 2047 + b" x\n", b"a" * 2048 + b"\n", b"a" * 3000, b"", b"\0\0\n"]

COMMIT_LINES = [b"author  <a@b> 1 +0000", b"author <a@b> 1 +0000", b"author A<a@b> 1 +0000", b"author A <a@b 1 +0000",
                b"author A <a@b>1 +0000", b"author A <a@b> 01 +0000", b"author A <a@b> 0 +0000", b"author A <a@b> -1 +0000",
                b"author A <a@b> 99999999999999999999 +0000", b"author A <a@b> 18446744073709551615 +0000",
                b"author A <a@b> 9223372036854775807 +0000", b"author A <a@b> 9223372036854775808 +0000",
                b"author A <a@b> x +0000", b"author A <a@b> 1 0000", b"author A <a@b> 1 +000", b"author A <a@b> 1 +00000",
                b"author A <a@b> 1 +00x0", b"author A <a@b> 1", b"author A <a@b>", b"author A", b"author", b"author ",
                b"author A > <a@b> 1 +0000", b"author A <a<b> 1 +0000", b"author A <a@b>> 1 +0000", b"author A <> 1 -0000",
                b"author A <a@b>  1 +0000", b"author A <a@b> 1  +0000", b"author A <a@b> +1 +0000", b"author A <a@b> 1 +9999",
                b"author A <a@b>\t1 +0000", b"author A <a@b> 1\t+0000", b"author\tA <a@b> 1 +0000", b"author A <a@b> 1 +0000 ",
                b"author A\0B <a@b> 1 +0000", b"author A <a@b> 0000 +0000", b"author A <a@b> \x0b1 +0000",
                b"author A <a@b>  \r1 +0000", b"author A <a@b> 2147483648 -1200", b"author \xff <\xfe> 1 +0000"]


def text(rng, least=1, most=40):
    return b" ".join(rng.choice(WORDS) for _ in range(rng.randint(least, most))) + b"\n"


def tree_order(entry):
    return entry[1] + (b"/" if entry[0].lstrip(b"0").startswith(b"4") else b"")


def tree_bytes(entries):
    return b"".join(mode + b" " + name + b"\0" + oid for mode, name, oid in entries)


def commit_bytes(tree, parents, rng, author=None):
    when = rng.randint(1, 2_000_000_000)
    out = b"tree " + tree.hex().encode() + b"\n"
    out += b"".join(b"parent " + parent.hex().encode() + b"\n" for parent in parents)
    out += (author or b"author " + PERSON % when) + b"\n" + b"committer " + PERSON % when + b"\n"
    if rng.random() < 0.1:
        out += b"encoding latin1\n"
    if rng.random() < 0.1:
        out += b"gpgsig -----BEGIN PGP SIGNATURE-----\n line\n -----END PGP SIGNATURE-----\n"
    return out + b"\n" + text(rng)


def tag_bytes(oid, kind_name, rng, tagger=None):
    out = b"object " + oid.hex().encode() + b"\ntype " + kind_name + b"\ntag v%d\n" % rng.randint(1, 99)
    if rng.random() < 0.9:
        out += (tagger or b"tagger " + PERSON % rng.randint(1, 2_000_000_000)) + b"\n"
    return out + b"\n" + text(rng)


class Closure:
    """Objects that belong together: id -> (kind, bytes), in the order they were made."""

    def __init__(self, known=()):
        self.objects = {}
        self.known = dict(known)  # What the other side has.

    def add(self, kind, data):
        oid = object_id(kind, data)
        self.objects[oid] = (kind, data)
        return oid

    def of_kind(self, kind):
        return [oid for oid, (k, _) in {**self.known, **self.objects}.items() if k == kind]


def sound(rng, known=()):
    """A small history, some of it on what is known already."""
    made = Closure(known)
    for _ in range(rng.randint(1, 4)):
        made.add(BLOB, text(rng))
    for _ in range(rng.randint(1, 3)):
        add_tree(made, rng)
    for _ in range(rng.randint(1, 3)):
        commits = made.of_kind(COMMIT)
        parents = rng.sample(commits, min(len(commits), rng.choice([0, 1, 1, 1, 2])))
        made.add(COMMIT, commit_bytes(rng.choice(made.of_kind(TREE)), parents, rng))
    if rng.random() < 0.4:
        made.add(TAG, tag_bytes(rng.choice(made.of_kind(COMMIT)), b"commit", rng))
    return made


def add_tree(made, rng):
    entries = {}
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(WORDS) + rng.choice([b"", b"", b".txt", b"-2", b".c"])
        kind = rng.choice([b"100644", b"100644", b"100755", b"120000", b"40000", b"160000"])
        if kind == b"40000":
            if not made.of_kind(TREE):
                continue
            oid = rng.choice(made.of_kind(TREE))
        else:
            oid = rng.randbytes(20) if kind == b"160000" else rng.choice(made.of_kind(BLOB))
        entries[name] = (kind, name, oid)
    return made.add(TREE, tree_bytes(sorted(entries.values(), key=tree_order)))


def odd_tree(made, rng):
    """A tree with one entry that has a remarkable name or mode, most often in its right place."""
    blob, tree = rng.choice(made.of_kind(BLOB)), rng.choice(made.of_kind(TREE))
    entries = [(b"100644", rng.choice(WORDS), blob), (b"40000", b"zz", tree)]
    mode = rng.choice(MODES) if rng.random() < 0.3 else rng.choice(MODES[:5])
    name = rng.choice(NAMES) if rng.random() < 0.8 else rng.choice(WORDS)
    if name.lower().strip(b" .").startswith((b".gitm", b"gitmod", b"gi7eba")) and rng.random() < 0.8:
        blob = made.add(BLOB, rng.choice(MODULES))
    elif b"gitatt" in name and rng.random() < 0.8:
        blob = made.add(BLOB, rng.choice(ATTRIBUTES))
    oid = tree if mode.lstrip(b"0").startswith(b"4") else blob
    if rng.random() < 0.05:
        oid = rng.choice([bytes(20), rng.randbytes(20), tree, rng.choice(made.of_kind(BLOB))])
    entries.append((mode, name, oid))
    if rng.random() < 0.05:
        entries.append(rng.choice(entries))
    if rng.random() < 0.95:
        entries.sort(key=tree_order)
    if rng.random() < 0.1:  # A file and a folder of one name, neighbours or not.
        entries = [(b"100644", b"foo", blob), (b"100644", b"foo.c", blob), (b"40000", b"foo", tree)]
        entries = entries[::rng.choice([1, 2])]
    return made.add(TREE, tree_bytes(entries))


def odd_commit(made, rng):
    tree = rng.choice(made.of_kind(TREE))
    data = commit_bytes(tree, [], rng, author=rng.choice(COMMIT_LINES))
    what = rng.randrange(8)
    lines = data.split(b"\n")
    if what == 0:
        lines.pop(rng.randrange(min(3, len(lines))))
    elif what == 1:
        at = rng.randrange(min(4, len(lines)))
        lines.insert(at, lines[at])
    elif what == 2:
        lines[0], lines[1] = lines[1], lines[0]
    elif what == 3:
        lines[0] = rng.choice([b"tree", b"tree x", lines[0] + b" ", lines[0].upper(), lines[0][:-1], b"tree " + b"0" * 40])
    elif what == 4:
        lines.insert(1, rng.choice([b"parent " + b"0" * 40, b"parent x", b"parent " + tree.hex().encode(), b"\xffx 1", b""]))
    elif what == 5:
        lines = lines[:rng.randrange(1, len(lines))]
    if what == 6:
        data = data.replace(b"\n\n", rng.choice([b"\n\n\0", b"\n", b"\n\n\n", b"\nx\n"]), 1)
    else:
        data = b"\n".join(lines)
    return made.add(COMMIT, data)


def odd_tag(made, rng):
    commit = rng.choice(made.of_kind(COMMIT))
    kind = rng.choice([b"commit", b"commit", b"tree", b"blob", b"tag", b"", b"x", b"commit "])
    tagger = rng.choice(COMMIT_LINES).replace(b"author", b"tagger") if rng.random() < 0.5 else None
    lines = tag_bytes(commit, kind, rng, tagger).split(b"\n")
    what = rng.randrange(8)
    if what == 0:
        lines.pop(rng.randrange(min(4, len(lines))))
    elif what == 1:
        lines[0] = rng.choice([b"object", b"object x", lines[0] + b"x", lines[0][:-1], b"object " + b"0" * 40])
    elif what == 2:
        lines[2] = rng.choice([b"tag", b"tag ", b"tag a b", b"tag ..", b"tag -x", b"tag \xff", b"tagger", b"tag x\0"])
    elif what == 3:
        lines.insert(4, rng.choice([b"x 1", b"gpgsig a\n b", b"gpgsig", b"gpgsig a\n\xff", b"gpgsig-sha256 a\n b\n c", b""]))
    elif what == 4:
        lines = lines[:rng.randrange(1, len(lines))]
    elif what == 5:
        at = rng.randrange(len(lines) - 1)
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return made.add(TAG, b"\n".join(lines))


def scratched(made, rng):
    """One object of the history with a few bytes changed, put in or taken out."""
    kind = rng.choice([COMMIT, TREE, TAG, COMMIT, TREE])
    choices = [oid for oid in made.of_kind(kind) if oid in made.objects]
    if not choices:
        return odd_commit(made, rng)
    data = bytearray(made.objects[rng.choice(choices)][1])
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(data) + 1)
        byte = rng.choice(b"\0\n <>/.0149+-:aAgGtT\x7f\xff")
        what = rng.randrange(3)
        if what == 0:
            data[at:at] = bytes([byte])
        elif what == 1:
            data[at:at + 1] = bytes([byte])
        else:
            del data[at:at + rng.choice([1, 1, 2, 20])]
    return made.add(kind, bytes(data))


ODD = [odd_tree, odd_commit, odd_tag, scratched]
