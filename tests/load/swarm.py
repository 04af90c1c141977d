# SPDX-License-Identifier: Apache-2.0
"""Many HTTP/1.1 connections in one thread: each sends a request, waits for its answer, sends the next.

Who is refused with Retry-After waits that long, as a well-behaved client does.
"""
import collections
import heapq
import selectors
import socket
import statistics
import time

Seen = collections.namedtuple("Seen", "begun seconds status retry_after")


class Peer:
    def __init__(self, port):
        self.port = port
        self.socket = None
        self.out = b""
        self.got = bytearray()
        self.begun = 0.0
        self.wanted = None

    def connect(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", self.port))

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def answer(self):
        """(status, retry_after, closes) once a whole answer is here, else None."""
        if self.wanted is None:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = bytes(self.got[:end]).decode("latin-1").lower().split("\r\n")
            fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
            if "content-length" not in fields:
                raise AssertionError(f"an answer without a length: {head}")
            self.wanted = end + 4 + int(fields["content-length"])
            self.head = (int(head[0].split()[1]), fields.get("retry-after"), fields.get("connection") == "close")
        if len(self.got) < self.wanted:
            return None
        del self.got[:self.wanted]
        self.wanted = None
        return self.head


class Swarm:
    """`request(n)` gives the bytes of the n-th request. Each answer must carry a Content-Length."""

    def __init__(self, port, connections, request):
        self.request = request
        self.peers = [Peer(port) for _ in range(connections)]
        self.selector = selectors.DefaultSelector()
        self.sent = 0
        self.broken = 0
        self.resting = []  # (when, sent, id, peer): a heap.

    def run(self, seconds, requests=None):
        """Runs for `seconds`, or until `requests` are answered; what is on its way is then waited for."""
        seen, self.stop_at = [], time.monotonic() + seconds
        self.left = requests if requests is not None else 1 << 60
        for peer in self.peers:
            self._begin(peer)
        while self.selector.get_map() or self.resting:
            for key, mask in self.selector.select(self._rest()):
                self._serve(key.data, mask, seen)
            while self.resting and self.resting[0][0] <= time.monotonic():
                self._begin(heapq.heappop(self.resting)[-1])
            if time.monotonic() > self.stop_at + 60:
                raise AssertionError(f"{len(self.selector.get_map())} connections got no answer in 60 s")
        for peer in self.peers:
            peer.close()
        return seen

    def _rest(self):
        if time.monotonic() >= self.stop_at:
            self.resting.clear()
        return max(0.0, min(1.0, self.resting[0][0] - time.monotonic())) if self.resting else 1.0

    def _begin(self, peer):
        if time.monotonic() >= self.stop_at or self.left <= 0:
            return
        self.left -= 1
        if peer.socket is None:
            peer.connect()
        peer.out = self.request(self.sent)
        self.sent += 1
        peer.begun = time.monotonic()
        self.selector.register(peer.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)

    def _serve(self, peer, mask, seen):
        try:
            if mask & selectors.EVENT_WRITE and peer.out:
                peer.out = peer.out[peer.socket.send(peer.out):]
                if not peer.out:
                    self.selector.modify(peer.socket, selectors.EVENT_READ, peer)
            if not mask & selectors.EVENT_READ:
                return
            piece = peer.socket.recv(65536)
        except OSError:
            piece = b""
        peer.got += piece
        answer = peer.answer()
        if answer is None and piece:
            return
        self.selector.unregister(peer.socket)
        if answer is None:
            self.broken += 1
            peer.close()
            peer.got.clear()
        else:
            status, retry_after, closes = answer
            seen.append(Seen(peer.begun, time.monotonic() - peer.begun, status, retry_after))
            if closes:
                peer.close()
            if retry_after is not None:
                heapq.heappush(self.resting, (time.monotonic() + float(retry_after), self.sent, id(peer), peer))
                return
        self._begin(peer)


def rate(seen, good):
    """Answers a second that `good` accepts, over the time from the first request to the last answer."""
    times = [row.begun + row.seconds for row in seen if good(row)]
    return len(times) / (max(times) - min(row.begun for row in seen)) if times else 0.0


def median(rows):
    return statistics.median(row.seconds for row in rows)
