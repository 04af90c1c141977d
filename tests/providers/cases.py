# SPDX-License-Identifier: Apache-2.0
"""What the tests of the stand-ins share: a plain client, and a server for each class."""
import json
import unittest
import urllib.parse

import digests
from standin import fetch

BYTES = b"<h1>hi</h1>"
SHA = digests.sha1(BYTES)


def quoted(path):
    return urllib.parse.quote(path, safe="/")


class Api:
    """Requests to one stand-in."""

    def __init__(self, standin, token=None):
        self.standin, self.token = standin, token or standin.TOKEN

    def call(self, method, path, value=None, body=None, kind=None, **headers):
        """`value`: sent as JSON. Returns the Answer."""
        names = {"Authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if value is not None:
            body, kind = json.dumps(value).encode(), kind or "application/json"
        if kind:
            names["Content-Type"] = kind
        return fetch(self.standin.api + path, method, body, names)

    def control(self, method, word, value=None):
        body = None if value is None else json.dumps(value)
        return fetch(f"{self.standin.sites.door.url}/_control/{word}", method, body).json


def form(*parts):
    """(body, content type) of parts (name, text or bytes, filename or None, content type or None)."""
    out = []
    for name, data, filename, kind in parts:
        head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
        head += f"\r\nContent-Type: {kind}" if kind else ""
        data = data.encode() if isinstance(data, str) else data
        out.append(f"--xYzZy\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(out) + b"--xYzZy--\r\n", "multipart/form-data; boundary=xYzZy"


class Case(unittest.TestCase):
    MAKER = None

    def setUp(self):
        self.standin = self.MAKER()
        self.standin.loud = False
        self.addCleanup(self.standin.close)
        self.api = Api(self.standin)

    def clean(self):
        """Nothing that was asked so far broke the contract, and no answer did."""
        self.assertEqual((self.standin.violations, self.standin.own_faults), ([], []))

    def broke(self, answer, status, words=""):
        """The answer is a refusal that was written down as a violation."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertTrue(self.standin.violations, "nothing was written down")
        self.assertIn(words, self.standin.violations[-1]["what"])

    def refused(self, answer, status, words=""):
        """The answer is a refusal, and nobody broke the contract."""
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(words.encode(), answer.body)
        self.assertEqual(self.standin.violations, [])

    def serves(self, label, files, **types):
        for path, data in files.items():
            got = fetch(self.standin.site_url(label) + "/" + quoted(path))
            self.assertEqual((got.status, got.body), (200, data), path)
