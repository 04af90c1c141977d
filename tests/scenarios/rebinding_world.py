# SPDX-License-Identifier: Apache-2.0
"""Run in name spaces of its own (webhook_hostile_story.py): a network whose DNS lies, and what it leads to.

The loopback device has a public address and that of a cloud's metadata service. A name server here answers each question
from a list, the last answer for ever. Prints one JSON object: who was asked, who was called, what the log says.
"""
import collections
import fcntl
import http.server
import json
import pathlib
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

from origin_server import Server, wait_until

PUBLIC, METADATA, INSIDE = "93.184.216.34", "169.254.169.254", "127.0.0.1"
PORT = 8080
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1
TYPE_A = 1

# By host name: the addresses of each answer.
NAMES = {
    "honest.test": [[PUBLIC]],
    "flip.test": [[PUBLIC], [INSIDE]],
    "both.test": [[PUBLIC, INSIDE]],
    "metadata.test": [[METADATA]],
}


def set_address(name, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(address)))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), IFF_UP))


def make_network():
    set_address("lo", INSIDE)
    set_address("lo:1", PUBLIC)
    set_address("lo:2", METADATA)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="origind-dns-"))
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"), ("nsswitch.conf", "hosts: files dns\n")):
        (folder / name).write_text(text)
        subprocess.run(["mount", "--bind", folder / name, pathlib.Path("/etc", name).resolve()], check=True)


class Names(socketserver.ThreadingUDPServer):
    def __init__(self):
        self.asked = collections.Counter()  # Questions for an address, by name.
        names = self

        class Question(socketserver.BaseRequestHandler):
            def handle(self):
                query, back = self.request
                labels, at = [], 12
                while query[at]:
                    labels.append(query[at + 1:at + 1 + query[at]].decode())
                    at += 1 + query[at]
                name, kind = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0]
                found = names.answer(name) if kind == TYPE_A else []
                answers = b"".join(struct.pack(">HHHIH4s", 0xC00C, TYPE_A, 1, 0, 4, socket.inet_aton(each)) for each in found)
                head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0)
                back.sendto(head + query[12:at + 5] + answers, self.client_address)

        super().__init__(("127.0.0.1", 53), Question)

    def answer(self, name):
        answers = NAMES.get(name, [[]])
        found = answers[min(self.asked[name], len(answers) - 1)]
        self.asked[name] += 1
        return found


class Place(http.server.ThreadingHTTPServer):
    """One address, and the hosts it was called as."""

    def __init__(self, address):
        self.called = []
        place = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                place.called.append(self.headers["Host"].split(":")[0] + self.path)
                self.send_response(302 if self.path == "/away" else 204)
                self.send_header("Location", f"http://{METADATA}:{PORT}/latest/meta-data")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__((address, PORT), Handler)


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    make_network()
    names = serve(Names())
    places = {address: serve(Place(address)) for address in (PUBLIC, METADATA, INSIDE)}
    with Server() as server:
        project = server.post("/api/projects", {"name": "hooked"}).json["projectId"]
        hooks = f"/api/projects/{project}/webhooks"
        urls = [f"http://{name}:{PORT}/hook" for name in NAMES] + [f"http://honest.test:{PORT}/away"]
        made = {url: server.post(hooks, {"url": url, "events": ["push"]}).json["id"] for url in urls}

        def commit(number):
            answer = server.post(f"/api/projects/{project}/commits", {"branch": "main", "message": "x", "files": [
                {"action": "create", "path": f"file-{number}", "content": "x\n"}]})
            assert answer.status in (200, 201), answer

        def log(url):
            return server.get(f"{hooks}/{made[url]}").json["deliveries"][::-1]

        def seen():
            return {url: [each["status"] or each["error"] for each in log(url)] for url in urls}

        for number in (1, 2):
            commit(number)
            for url in urls:
                hears = not log(url) or log(url)[-1]["status"] == 204  # Else it is left alone for a while.
                wait_until(f"attempt {number} at {url}", lambda url=url, least=number if hears else 1: len(log(url)) >= least)
        # Each attempt asks once; one that is under way now has asked and is not in the log yet.
        told = wait_until("one question for each attempt", lambda: (lambda found: found if names.asked.total() == sum(
            map(len, found.values())) else None)(seen()))
    json.dump({"asked": names.asked, "called": {address: place.called for address, place in places.items()}, "log": told}, sys.stdout)


if __name__ == "__main__":
    main()
