# SPDX-License-Identifier: Apache-2.0
"""Packs by number: the same seed and number make the same bytes. About a third is sound.

packs(seed).make(number) -> (class, pack bytes, piece size). The classes are the functions below named `make_*`.
"""
import random

import objects
from pack_bytes import (BLOB, OFS_DELTA, REF_DELTA, TREE, Entry, body, copy, delta, delta_bytes, insert, object_id,
                        sealed)

BASE_SEED = 7  # Of what the receiving side has already.
CHAIN_MAX = 4095  # base/limits.h: kDeltaChainMax.

EMPTY_TREE = object_id(TREE, b"")  # Git knows it even where nobody sent it.


def base_objects():
    """id -> (kind, bytes) of what both judges have before any pack comes."""
    rng, made = random.Random(BASE_SEED), objects.Closure()
    for _ in range(4):
        made.objects.update(objects.sound(rng, made.objects).objects)
    return made.objects


BASE = base_objects()


def entries_of(made, rng, thin=False):
    """The objects as entries: whole, or as deltas on one of their kind, in any order that git would write or not."""
    items = list(made.items())
    rng.shuffle(items)
    entries, whole = [], {}
    for oid, (kind, data) in items:
        bases = [(o, e) for o, (e, k, _) in whole.items() if k == kind]
        if bases and rng.random() < 0.45:
            base_oid, base = rng.choice(bases)
            text = delta(whole[base_oid][2], data)
            ofs = rng.random() < 0.6
            entry = Entry(OFS_DELTA, text, base) if ofs else Entry(REF_DELTA, text, base_oid)
        elif thin and rng.random() < 0.6:
            base_oid = rng.choice([o for o, (k, _) in BASE.items() if k == kind] or [None])
            entry = Entry(REF_DELTA, delta(BASE[base_oid][1], data), base_oid) if base_oid else Entry(kind, data)
        else:
            entry = Entry(kind, data)
        entry.level = rng.choice([0, 1, 6, 9])
        entries.append(entry)
        whole[oid] = (entry, kind, data)
    # A base by id may come behind its delta.
    late = [e for e in entries if e.kind == REF_DELTA]
    if late and rng.random() < 0.5:
        entries.remove(late[0])
        entries.insert(0, late[0])
        if any(e.kind == OFS_DELTA and entries.index(e.base) > entries.index(e) for e in entries):
            entries.sort(key=lambda e: e is late[0])
    return entries


def make_sound(rng):
    return sealed(body(entries_of(objects.sound(rng, BASE).objects, rng)))


def make_thin(rng):
    return sealed(body(entries_of(objects.sound(rng, BASE).objects, rng, thin=True)))


def make_odd_objects(rng):
    made = objects.sound(rng, BASE)
    rng.choice(objects.ODD)(made, rng)
    return sealed(body(entries_of(made.objects, rng, thin=rng.random() < 0.3)))


def make_missing_object(rng):
    made = objects.sound(rng)
    made.objects.pop(rng.choice([oid for oid in made.objects if oid != EMPTY_TREE]))
    return sealed(body(entries_of(made.objects, rng)))


def make_bits_flipped(rng):
    """A few bits, under a checksum that is right again: what lies beneath is reached."""
    bytes_ = bytearray(body(entries_of(objects.sound(rng, BASE).objects, rng, thin=rng.random() < 0.3)))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(bytes_))
        bytes_[at] ^= 1 << rng.randrange(8)
    return sealed(bytes(bytes_))


def make_bit_flipped_unsealed(rng):
    pack = bytearray(make_sound(rng))
    pack[rng.randrange(len(pack))] ^= 1 << rng.randrange(8)
    return bytes(pack)


def make_cut_off(rng):
    pack = make_sound(rng)
    short = pack[:rng.randrange(len(pack))]
    return sealed(short) if rng.random() < 0.5 else short


def make_junk_behind(rng):
    pack = make_sound(rng)
    return pack + rng.choice([b"x", b"\n", bytes(20), pack, b"PACK", rng.randbytes(3)])


def make_wrong_count(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    count = len(entries) + rng.choice([-1, 1, 1, -len(entries), 10_000_000, 2 ** 31, 2 ** 32 - 1 - len(entries)])
    return sealed(body(entries, count=count))


def make_wrong_header(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    if rng.random() < 0.5:
        return sealed(body(entries, version=rng.choice([0, 1, 3, 4, 2 ** 24 * 2, 2 ** 32 - 1])))
    return sealed(body(entries, magic=rng.choice([b"pack", b"PACC", b"KCAP", b"\0PAC", b"PACK\0\0"[:4].lower()])))


def make_wrong_size(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    entry = rng.choice(entries)
    entry.size = max(0, entry.size + rng.choice([-1, 1, -entry.size, 128, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 50, 2 ** 59]))
    return sealed(body(entries))


def make_wrong_type(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    entry = rng.choice([e for e in entries if e.kind not in (OFS_DELTA, REF_DELTA)])
    entry.kind = rng.choice([k for k in (0, 1, 2, 3, 4, 5) if k != entry.kind])
    return sealed(body(entries))


def make_wrong_stream(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    entry = rng.choice(entries)
    stream = bytearray(Entry(entry.kind, entry.data, bytes(20)).write(0, {}))
    stream = stream[-len(stream) // 2:] if rng.random() < 0.2 else stream[2:]
    if rng.random() < 0.5:
        stream[-1 - rng.randrange(min(4, len(stream)))] ^= 1  # Adler-32 of zlib.
    elif stream:
        stream[rng.randrange(len(stream))] ^= 1 << rng.randrange(8)
    entry.stream = bytes(stream)
    return sealed(body(entries))


def make_wrong_delta(rng):
    text = objects.text(rng, 5, 40)
    size = len(text)
    commands = [b"\0abc", copy(size - 1, 2), copy(size, 1), copy(0xffffffff, 1), b"\x09abc", b"\x80", b"\xff", b"", insert(b"abc"),
                copy(0, size) + b"\0", copy(0, 0xffffff), insert(b"abc") + copy(0, size)]
    chosen = rng.choice(commands)
    wrong = delta_bytes(size + rng.choice([0, 0, 0, 1, -1, 2 ** 40]),
                        rng.choice([3, 3, 0, size, size + 3, 2 ** 33, 2 ** 63]), chosen)
    if rng.random() < 0.1:
        wrong = rng.choice([b"", b"\xff" * 12, b"\x80" * 30, wrong[:2]])
    base = Entry(BLOB, text)
    made = Entry(OFS_DELTA, wrong, base) if rng.random() < 0.5 else Entry(REF_DELTA, wrong, object_id(BLOB, text))
    return sealed(body([base, made] + entries_of(objects.sound(rng, BASE).objects, rng)))


def make_wrong_base(rng):
    """Bases that are nowhere, behind, inside something, of another kind, or each other."""
    text = objects.text(rng, 5, 20)
    base, step = Entry(BLOB, text), delta(text, text + b"more\n")
    what = rng.randrange(7)
    if what == 0:
        entries = [base, Entry(REF_DELTA, step, rng.randbytes(20))]
    elif what == 1:  # Two that need each other.
        a, b = object_id(BLOB, b"aaa"), object_id(BLOB, b"bbb")
        entries = [Entry(REF_DELTA, delta_bytes(3, 3, insert(b"aaa")), b), Entry(REF_DELTA, delta_bytes(3, 3, insert(b"bbb")), a)]
    elif what == 2:  # One that needs itself.
        entries = [base, Entry(REF_DELTA, delta(text, text), object_id(BLOB, text))]
    elif what == 3:
        entries = [base, Entry(OFS_DELTA, step, base)]
        entries[1].distance = rng.choice([0, 1, 5, 12, 40, 100, 2 ** 20, 2 ** 31, 2 ** 40, 2 ** 56])
    elif what == 4:  # A base behind its delta: fine by id.
        entries = [Entry(REF_DELTA, step, object_id(BLOB, text)), base]
    elif what == 5:  # Of a tree, so that the result is one.
        tree = rng.choice([d for k, d in BASE.values() if k == TREE])
        base = Entry(TREE, tree)
        entries = [base, Entry(OFS_DELTA, delta(tree, tree + text), base)]
    else:
        entries = [base, Entry(OFS_DELTA, step, base), Entry(REF_DELTA, delta(text + b"more\n", b"x"), object_id(BLOB, text + b"more\n"))]
        rng.shuffle(entries)
    return sealed(body(entries))


def make_twice(rng):
    entries = entries_of(objects.sound(rng, BASE).objects, rng)
    again = rng.choice([e for e in entries if e.kind not in (OFS_DELTA, REF_DELTA)])
    entries.append(Entry(again.kind, again.data) if rng.random() < 0.6 else Entry(OFS_DELTA, delta(again.data, again.data), again))
    return sealed(body(entries))


def make_known_again(rng):
    """Objects that the other side has already: nothing is wrong with that."""
    made = objects.sound(rng, BASE).objects
    made.update(rng.sample(sorted(BASE.items()), 3))
    return sealed(body(entries_of(made, rng, thin=rng.random() < 0.5)))


def make_chain(rng):
    """Deltas on deltas; rarely as long as the limit."""
    length = CHAIN_MAX + rng.choice([-1, 0, 1, 2]) if rng.random() < 0.03 else rng.randint(2, 60)
    by_id, text = rng.random() < 0.3, b"%08d" % 0 + objects.text(rng, 3, 9)
    entries = [Entry(BLOB, text)]
    for i in range(1, length + 1):
        following = b"%08d" % i + text[8:]
        step = delta_bytes(len(text), len(text), insert(following[:8]) + copy(8, len(text) - 8))
        entries.append(Entry(REF_DELTA, step, object_id(BLOB, text)) if by_id else Entry(OFS_DELTA, step, entries[-1]))
        text = following
    return sealed(body(entries))


def make_junk(rng):
    return rng.choice([b"", b"PACK", rng.randbytes(rng.randint(1, 200)), sealed(b""), sealed(body([])), sealed(body([]) + b"x")])


# How often each is made, of the sum.
WEIGHTS = {make_sound: 10, make_thin: 10, make_odd_objects: 40, make_missing_object: 4, make_bits_flipped: 14,
           make_bit_flipped_unsealed: 2, make_cut_off: 2, make_junk_behind: 2, make_wrong_count: 3, make_wrong_header: 1,
           make_wrong_size: 4, make_wrong_type: 3, make_wrong_stream: 4, make_wrong_delta: 6, make_wrong_base: 5, make_twice: 3,
           make_known_again: 3, make_chain: 2, make_junk: 1}


def make(seed, number):
    rng = random.Random(f"{seed}/{number}")
    maker = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    pack = maker(rng)
    return maker.__name__.removeprefix("make_"), pack, rng.choice([1, 7, 4096, 1 << 20])


def base_pack():
    return sealed(body([Entry(kind, data) for kind, data in BASE.values()]))
