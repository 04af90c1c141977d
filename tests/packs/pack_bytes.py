# SPDX-License-Identifier: Apache-2.0
"""Git objects and packs as bytes, true or lying in any place. Nothing here reads a pack.

Source: gitformat-pack(5).
"""
import hashlib
import zlib

COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
TYPE_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}


def object_id(kind, data):
    return hashlib.sha1(TYPE_NAMES[kind] + b" %d\0" % len(data) + data).digest()


def little_number(number):
    """7 bits a byte, low first."""
    out = bytearray()
    while number > 127:
        out.append(0x80 | (number & 127))
        number >>= 7
    out.append(number)
    return bytes(out)


def entry_head(kind, size):
    first, rest = (kind << 4) | (size & 15), size >> 4
    return bytes([first]) if rest == 0 else bytes([first | 0x80]) + little_number(rest)


def distance(number):
    """7 bits a byte, high first, plus one for each further byte."""
    out = [number & 127]
    while number > 127:
        number = (number >> 7) - 1
        out.insert(0, 0x80 | (number & 127))
    return bytes(out)


def copy(offset, size):
    out, flags = b"", 0x80
    for bit, value in enumerate([offset >> 8 * i & 255 for i in range(4)] + [size >> 8 * i & 255 for i in range(3)]):
        if value:
            flags |= 1 << bit
            out += bytes([value])
    return bytes([flags]) + out


def insert(text):
    return b"".join(bytes([len(text[i:i + 127])]) + text[i:i + 127] for i in range(0, len(text), 127))


def delta_bytes(base_size, result_size, commands):
    return little_number(base_size) + little_number(result_size) + commands


def delta(base, target):
    """A delta that keeps what both have at their fronts and ends."""
    front = 0
    while front < min(len(base), len(target)) and base[front] == target[front]:
        front += 1
    back = 0
    while back < min(len(base), len(target)) - front and base[-1 - back] == target[-1 - back]:
        back += 1
    commands = b"".join(copy(at, min(0xffffff, front - at)) for at in range(0, front, 0xffffff))
    commands += insert(target[front:len(target) - back])
    if back:
        commands += copy(len(base) - back, back)
    return delta_bytes(len(base), len(target), commands)


class Entry:
    """One entry; what is written can differ from the truth in `size`, `base_at`, `stream`."""

    def __init__(self, kind, data, base=None):
        self.kind, self.data = kind, data
        self.base = base        # OFS_DELTA: the entry; REF_DELTA: an id.
        self.size = len(data)
        self.distance = None    # Instead of the true one.
        self.level = 1
        self.stream = None      # Instead of zlib of `data`.

    def write(self, at, places):
        out = entry_head(self.kind, self.size)
        if self.kind == OFS_DELTA:
            out += distance(at - places.get(self.base, 0) if self.distance is None else self.distance)
        elif self.kind == REF_DELTA:
            out += self.base
        return out + (zlib.compress(self.data, self.level) if self.stream is None else self.stream)


def body(entries, count=None, version=2, magic=b"PACK"):
    """Everything but the checksum."""
    out = bytearray(magic + version.to_bytes(4, "big"))
    out += (len(entries) if count is None else count).to_bytes(4, "big")
    places = {}
    for entry in entries:
        places[entry] = len(out)
        out += entry.write(len(out), places)
    return bytes(out)


def sealed(body_bytes):
    return body_bytes + hashlib.sha1(body_bytes).digest()
