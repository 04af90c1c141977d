# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a package registry, below /npm/: one document and one tarball per package, as npm asks for them."""
import base64
import hashlib
import http.server
import io
import json
import tarfile
import threading

ELSEWHERE = "https://registry.example"  # What its documents call it: nobody answers there.


def tarball(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            row = tarfile.TarInfo(f"package/{name}")
            row.size = len(data)
            archive.addfile(row, io.BytesIO(data))
    return packed.getvalue()


class NpmRegistry:
    """asked: [(method, path, headers)]"""

    def __init__(self):
        self.answers, self.asked = {}, []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def meet(self):
                registry.asked.append((self.command, self.path, dict(self.headers)))
                status, kind, body = registry.answers.get(self.path, (404, "application/json", b'{"error":"Not found"}'))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body.decode())
                    body = b""
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = meet

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/npm/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, name, version, files):
        """Returns: the package's `integrity`."""
        manifest = {"name": name, "version": version, "main": "index.js"}
        packed = tarball({"package.json": json.dumps(manifest).encode(), **files})
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        path = f"/npm/{name}/-/{name}-{version}.tgz"
        document = {"name": name, "dist-tags": {"latest": version},
                    "versions": {version: {**manifest, "dist": {"tarball": ELSEWHERE + path, "integrity": integrity}}}}
        self.answers[f"/npm/{name}"] = (200, "application/json", json.dumps(document).encode())
        self.answers[path] = (200, "application/octet-stream", packed)
        return integrity
