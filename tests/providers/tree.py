# SPDX-License-Identifier: Apache-2.0
"""One folder with what hurts in names and contents, the same for every program and for every provider."""
import pathlib


def contents(many=120):
    """{path: bytes}: unicode, spaces, %, an empty file, equal contents, nested control files, dot folders, many."""
    files = {
        "index.html": b"<!DOCTYPE html><title>home</title><h1>hi</h1>\n",
        "404.html": b"<!DOCTYPE html><title>not here</title>\n",
        "about/index.html": b"<!DOCTYPE html><title>about</title>\n",
        "style/main.css": b"body{color:#123}\n",
        "script/app.js": b"export const one = 1;\n",
        "script/data.json": b'{"a": [1, 2, 3]}\n',
        "LICENSE": b"a file without an extension\n",
        "empty.txt": b"",
        "empty": b"",
        "sp ace \u00e9.txt": "é\n".encode(),
        "100% sure/50%25.txt": b"percent\n",
        "plus+and&comma,semi;at@.txt": b"reserved\n",
        "日本語/ページ.html": "<p>こんにちは\n".encode(),
        "emoji/\U0001f680.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>\n',
        "a.tar.gz": b"\x1f\x8b not really\n",
        "same/one.txt": b"equal contents\n",
        "same/two.txt": b"equal contents\n",
        "same/two.md": b"equal contents\n",
        "sub/_headers": b"/*\n  X-Nested: this is a file as any other\n",
        ".well-known/security.txt": b"Contact: mailto:security@example.com\n",
        "image.png": bytes(range(256)) * 64,
        "UPPER/Case.HTML": b"<p>upper\n",
        "deep/" + "/".join("abcdefgh") + "/leaf.txt": b"leaf\n",
    }
    for number in range(many):
        files[f"many/{number // 20}/page-{number}.html"] = f"<p>page {number}\n".encode()
    return files


def write(folder, files):
    for path, data in files.items():
        target = pathlib.Path(folder) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
