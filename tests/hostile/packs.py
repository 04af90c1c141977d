# SPDX-License-Identifier: Apache-2.0
"""Packs made by hand, true or lying in any place; and objects no honest tool would write."""
import hashlib
import pathlib
import struct
import sys
import zlib

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("packs", "scenarios")]

from pack_bytes import BLOB, COMMIT, OFS_DELTA, REF_DELTA, TREE, TYPE_NAMES, distance, entry_head, object_id, sealed  # noqa: E402
from wire import tree_object  # noqa: E402

PERSON = b"Eve <eve@example.org> 1700000000 +0000"


def oid_of(kind, data):
    return object_id(kind, data).hex()


class Pack:
    def __init__(self):
        self.parts, self.size, self.count = [b""], 12, 0

    def raw(self, data):
        """One entry as it is; returns where it begins."""
        at = self.size
        self.parts.append(data)
        self.size += len(data)
        self.count += 1
        return at

    def add(self, kind, data, size=None, level=1):
        """`size`: what the header claims, if not the truth. Returns the object's id."""
        self.raw(entry_head(kind, len(data) if size is None else size) + zlib.compress(data, level))
        return oid_of(kind, data) if kind in TYPE_NAMES else None

    def blob_at(self, data):
        return self.raw(entry_head(BLOB, len(data)) + zlib.compress(data, 1))

    def ofs(self, back, text, level=1):
        return self.raw(entry_head(OFS_DELTA, len(text)) + distance(back) + zlib.compress(text, level))

    def ofs_to(self, base_at, text):
        return self.ofs(self.size - base_at, text)

    def ref(self, base, text):
        return self.raw(entry_head(REF_DELTA, len(text)) + bytes.fromhex(base) + zlib.compress(text, 1))

    def bytes(self, count=None, version=2, magic=b"PACK"):
        self.parts[0] = magic + struct.pack(">II", version, self.count if count is None else count)
        hash_ = hashlib.sha1()
        for part in self.parts:
            hash_.update(part)
        return b"".join(self.parts) + hash_.digest()


def resealed(pack):
    """The pack with a checksum that is right again."""
    return sealed(pack[:-20])


def commit_text(tree, parents=(), author=PERSON, committer=PERSON, message=b"a change\n", extra=b""):
    lines = [b"tree " + tree.encode()] if tree else []
    lines += [b"parent " + parent.encode() for parent in parents]
    return b"\n".join([*lines, b"author " + author, b"committer " + committer]) + b"\n" + extra + b"\n" + message


class History:
    """A pack that holds one commit on `parent`, whose tree is `entries` and one blob of its own."""

    def __init__(self, parent=None, name="x"):
        self.pack, self.parents, self.name = Pack(), [parent] if parent else [], name
        self.blob = self.pack.add(BLOB, f"of {name}\n".encode())

    def commit(self, tree, **more):
        return self.pack.add(COMMIT, commit_text(tree, more.pop("parents", self.parents), message=f"{self.name}\n".encode(), **more))

    def with_tree(self, text):
        """A commit of this tree; returns (commit id, pack bytes)."""
        commit = self.commit(self.pack.add(TREE, text))
        return commit, self.pack.bytes()

    def with_entries(self, entries):
        return self.with_tree(tree_object(entries))

    def plain(self):
        """An honest commit; what it needs is in the pack. Returns its id; the pack may be added to."""
        return self.commit(self.pack.add(TREE, tree_object([(b"100644", b"file", self.blob)])))


def commit_on(parent, name):
    """An honest push: (commit id, pack bytes)."""
    history = History(parent, name)
    commit = history.plain()
    return commit, history.pack.bytes()


# The first 320 bytes of the two documents of Stevens, Bursztein, Karpman, Albertini and Markov, "The first collision for
# full SHA-1" (CRYPTO 2017): a common beginning, then two pairs of colliding blocks as printed there.
COMMON = bytes.fromhex(
    "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f4865696768742033203020522f547970652034"
    "203020522f537562747970652035203020522f46696c7465722036203020522f436f6c6f7253706163652037203020522f4c656e67746820382030"
    "20522f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d3120697320646561642121212121852fec09"
    "2339759c39b1a1c63c4c97e1fffe01")
SHATTERED = (
    COMMON + bytes.fromhex(
        "7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df614f86db1690901c56b45c1530afedfb76038e972722fe7ad728f0e49"
        "04e046c230570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf"
        "3f98cda8044629a1"),
    COMMON + bytes.fromhex(
        "7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3dc38e96ac22fe7bd728f0e45"
        "bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af"
        "3f98cda4bc4629b1"))
