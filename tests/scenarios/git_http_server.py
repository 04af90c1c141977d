# SPDX-License-Identifier: Apache-2.0
"""`git http-backend` behind a small HTTP server, as somebody else's Git host: one user with a token, bare repositories."""
import base64
import http.server
import os
import pathlib
import ssl
import subprocess
import tempfile
import shutil
import threading

TOKEN = "mirror-token-0123456789"
USER = "x-access-token"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def answer(self, status, headers=(), data=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def git(self):
        host = self.server.host
        data = self.body()
        host.requests.append((self.command, self.path, self.headers.get("User-Agent")))
        if host.faults:
            self.answer(host.faults.pop(0))
            return
        allowed = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != allowed:
            self.answer(401, [("WWW-Authenticate", 'Basic realm="mirror"')])
            return
        path, _, query = self.path.partition("?")
        done = subprocess.run(["git", "http-backend"], input=data, capture_output=True, check=False, env={
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(host.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": USER, "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HOME": str(host.root)})
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.answer(status, [pair for pair in headers if pair[0] not in ("Status", "Content-Length")], rest)

    do_GET = do_POST = git


class GitHost:
    def __init__(self, tls=False):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="origind-mirror-"))
        self.requests, self.faults = [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.host = self
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.root / "key", "-out", self.root / "cert"],
                           check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.root / "cert", self.root / "key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def repository(self, name):
        path = self.root / f"{name}.git"
        bare(path)
        return path

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.root)


def bare(path):
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    subprocess.run(["git", "-C", path, "config", "http.receivepack", "true"], check=True)
    subprocess.run(["git", "-C", path, "config", "receive.denyDeleteCurrent", "ignore"], check=True)


def refs_of(path):
    lines = subprocess.run(["git", "-c", "safe.directory=*", "-C", path, "for-each-ref", "--format=%(objectname) %(refname)"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: oid for oid, name in (line.split(" ") for line in lines)}
