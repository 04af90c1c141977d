# SPDX-License-Identifier: Apache-2.0
"""multipart/form-data (RFC 7578), read strictly."""
import re


class Part:
    def __init__(self, name, filename, content_type, body):
        self.name, self.filename, self.content_type, self.body = name, filename, content_type, body

    @property
    def text(self):
        return self.body.decode("utf-8")


def _headers(head):
    found = {}
    for line in head.split(b"\r\n"):
        name, colon, text = line.decode("utf-8").partition(":")
        if not colon:
            raise ValueError(f"a header without a colon: {name[:60]!r}")
        found[name.strip().lower()] = text.strip()
    return found


def _parameter(text, name):
    match = re.search(rf';\s*{name}="((?:[^"\\]|\\.)*)"', text) or re.search(rf";\s*{name}=([^;\s]+)", text)
    return re.sub(r"\\(.)", r"\1", match[1]).replace("%22", '"') if match else None


def _part(data):
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise ValueError("a part without an empty line after its headers")
    headers = _headers(head)
    disposition = headers.get("content-disposition", "")
    name = _parameter(disposition, "name")
    if not disposition.lower().startswith("form-data") or name is None:
        raise ValueError(f"not a form-data part with a name: {disposition[:80]!r}")
    return Part(name, _parameter(disposition, "filename"), headers.get("content-type"), body)


def parts(content_type, body):
    """The parts in their order. Raises ValueError."""
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        raise ValueError("no boundary")
    mark = b"--" + boundary.encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if pieces[0].strip() or not pieces[-1].startswith(b"--") or pieces[-1][2:].strip():
        raise ValueError("it does not begin and end with its boundary")
    if any(not piece.startswith(b"\r\n") for piece in pieces[1:-1]):
        raise ValueError("a boundary without an end of line")
    return [_part(piece[2:]) for piece in pieces[1:-1]]
