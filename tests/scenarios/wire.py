# SPDX-License-Identifier: Apache-2.0
"""Enough of Git's wire format to say what no honest client says."""
ZERO = "0" * 40


def pkt(text):
    data = text.encode() if isinstance(text, str) else text
    return b"%04x" % (len(data) + 4) + data


def push_body(commands, pack=b"", capabilities="report-status"):
    """A receive-pack request: [(old, new, ref)], then the pack."""
    lines = [f"{old} {new} {name}" for old, new, name in commands]
    lines[0] += "\0" + capabilities
    return b"".join(map(pkt, lines)) + b"0000" + pack


def lines_of(body):
    """The pkt-lines of a body, flushes left out."""
    at = 0
    while at + 4 <= len(body):
        length = int(body[at:at + 4], 16)
        if length >= 4:
            yield body[at + 4:at + length]
        at += max(length, 4)


def report_of(body):
    """report-status: the unpack line, and {ref: "ok" or why not}."""
    unpack, refs = "", {}
    for line in lines_of(body):
        text = line.decode("utf-8", "replace").rstrip("\n")
        word, _, rest = text.partition(" ")
        if word == "unpack":
            unpack = rest
        elif word == "ok":
            refs[rest] = "ok"
        elif word == "ng":
            name, _, why = rest.partition(" ")
            refs[name] = why
        elif word == "ERR":
            unpack = rest
    return unpack, refs


def tree_object(entries):
    """A tree's bytes: [(mode, name, hex id)] as they are, right or wrong."""
    return b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
