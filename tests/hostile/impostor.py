#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small server that is wrong on purpose, for the controls. usage: impostor.py MODE LOG [FOLDER]; prints its port."""
import json
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

KEPT = []
MODE, LOG = "good", None
EMPTY = {name: [] for name in ("projects", "events", "deployments", "commits", "keys", "clients", "branches", "webhooks")}


def log(line):
    with open(LOG, "a") as file:
        file.write(line + "\n")


def misbehave(head):
    """What a server of this MODE does beside its answer; returns what it adds to the body."""
    key = next((line.split(" ")[-1] for line in head.split("\r\n") if line.lower().startswith("authorization")), "")
    if MODE == "dies":
        os._exit(3)
    if MODE == "is killed":
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(10)  # It may reach another thread first.
    if MODE == "keeps memory":
        KEPT.append(bytearray(os.urandom(1)) * (100 << 20))
    if MODE == "peaks":
        del (bytearray(os.urandom(1)) * (100 << 20))[:1]
    if MODE == "keeps descriptors":
        KEPT.extend(open("/dev/null") for _ in range(20))
    if MODE == "keeps threads":
        for _ in range(5):
            threading.Thread(target=threading.Event().wait, daemon=True).start()
    if MODE == "keeps the key":
        (pathlib.Path(sys.argv[3]) / "notes.txt").write_text(key)
    if MODE == "tells the log":
        log(json.dumps({"message": "request", "key": key}))
    if MODE == "logs raw text":
        log("request \x1b[2J")
    elif MODE != "says nothing":
        log(json.dumps({"message": "request"}))
    return key if MODE == "tells the peer" else ""


def answer_to(first, head, body):
    """(status, type, bytes) of a server that says yes, or no, to everything."""
    if MODE == "no":
        return 500, "text/plain", b"no"
    if b"git-receive-pack" in first and first.startswith(b"POST"):
        names = re.findall(rb"[0-9a-fA-F]{40,64} [0-9a-fA-F]{40,64} ([^\0\n]*?)(?=\0|\n|[0-9a-f]{4}[0-9a-f]{40} |0000|$)", body[:2_000_000])
        lines = [b"unpack ok\n"] + [b"ok " + name + b"\n" for name in names]
        return 200, "application/x-git-receive-pack-result", b"".join(b"%04x" % (len(line) + 4) + line for line in lines if len(line) < 65000) + b"0000"
    if b"info/refs" in first:
        return 200, "x", b"%s refs/heads/main\n0000" % (b"1" * 40)
    if b"git-upload-pack" in first:
        return 200, "x", b"PACK\0\0\0\2"
    return 200, "application/json", json.dumps(EMPTY).encode()


def serve(peer):
    with peer:
        peer.settimeout(10)
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    piece = peer.recv(1 << 20)
                    if not piece:
                        break
                    data += piece
                if not data:
                    return
                head, _, rest = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
                wanted = min(int(length[1]), 1 << 28) if length and len(length[1]) < 12 else 0
                while len(rest) < wanted:
                    piece = peer.recv(1 << 20)
                    if not piece:
                        break
                    rest += piece
                first = head.split(b"\r\n")[0]
                if b"/healthz" in first:
                    if MODE == "slow health":
                        time.sleep(1.2)
                    status = b"500 x" if MODE == "ill health" else b"200 OK"
                    peer.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status)
                    data = rest
                    continue
                more = misbehave(head.decode("latin-1"))
                status, kind, body = answer_to(first, head, rest) if MODE in ("yes", "no") else (400, "application/json", b"{}")
                if MODE == "answers wrongly":
                    status = 200
                body += more.encode("latin-1")
                text = b"HTTP/1.1 %d x\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, kind.encode(), len(body)) + body
                peer.sendall(text * (2 if MODE == "answers twice" else 1))
                if MODE == "stays open":
                    time.sleep(20)
                return
        except OSError:
            return


def main():
    global MODE, LOG
    MODE, LOG = sys.argv[1], sys.argv[2]
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
