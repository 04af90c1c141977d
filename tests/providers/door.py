# SPDX-License-Identifier: Apache-2.0
"""HTTP for the stand-ins: a request read whole, an answer written, and the faults that are of the wire."""
import email.utils
import http.server
import io
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse

HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>\n"
REASONS = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Temporarily Unavailable", 524: "A timeout occurred", 599: "Unknown path"}
PIECE = 65536


class Answer:
    def __init__(self, status, body=b"", content_type=None, headers=()):
        self.status, self.headers = status, dict(headers)
        self.body = body.encode() if isinstance(body, str) else body
        if content_type:
            self.headers["Content-Type"] = content_type

    @property
    def json(self):
        return json.loads(self.body)

    def with_json(self, value):
        return Answer(self.status, json.dumps(value, ensure_ascii=False), headers=self.headers)


def json_answer(status, value, **headers):
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value, ensure_ascii=False), "application/json; charset=utf-8", names)


def html_answer(status):
    return Answer(status, HTML.format(f"{status} {REASONS.get(status, 'OK')}"), "text/html; charset=UTF-8")


class Request:
    """`raw_path`: as it came, percent-encoded; `query`: the last value of each name; `body`: bytes, unchunked."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.raw_path, _, self.raw_query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True))
        self.path = self.raw_path  # After the base; the stand-in sets it.
        self.fault = self.status = self.operation = self.who = self.json = None
        self.parts = []  # Of multipart/form-data.

    @property
    def content_type(self):
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()

    @property
    def bearer(self):
        word, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if word.lower() == "bearer" else None


class Reset(Exception):
    """The connection is to be cut off hard."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""
    timeout = 600
    disable_nagle_algorithm = True

    def do_any(self):
        try:
            fault = self.server.pick_fault(self.command, self.path)
            body = self._body(cut=fault is not None and fault.kind == "reset_upload")
            if body is None:
                return
            request = Request(self.command, self.path, self.headers, body)
            request.fault = fault
            if fault and fault.kind == "hold_before":
                fault.hold()
            answer = self.server.answer_to(request)
            if fault and fault.kind == "hold_after":
                fault.hold()
            self._write(request, answer)
        except Reset:
            self._cut()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_any

    def _body(self, cut):
        """The whole body; None if the request could not be read and was answered. `cut`: hang up in the middle."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks(cut))
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            self.send_error(400, "Content-Length is not a number")
            self.close_connection = True
            return None
        if cut:
            self.rfile.read(int(length) // 2)
            raise Reset
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            raise Reset  # The client went away in the middle.
        return body

    def _chunks(self, cut):
        while True:
            size = int(self.rfile.readline(100).split(b";")[0], 16)
            if cut:
                raise Reset
            if size == 0:
                break
            yield self.rfile.read(size)
            self.rfile.readline(10)
        while self.rfile.readline(PIECE).strip():
            pass

    def _write(self, request, answer):
        fault = request.fault
        kind = fault.kind if fault else ""
        if kind == "200_huge":
            return self._endless(fault.get("bytes", 1 << 30))
        if kind in ("reset", "lost_answer"):
            raise Reset
        head = f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'OK' if answer.status < 300 else 'No')}\r\n"
        head += "".join(f"{name}: {text}\r\n" for name, text in answer.headers.items())
        if answer.status not in (204, 304):
            head += f"Content-Length: {len(answer.body)}\r\n"
        head = (head + f"Date: {email.utils.formatdate(usegmt=True)}\r\n\r\n").encode("latin-1")
        body = b"" if request.method == "HEAD" or answer.status in (204, 304) else answer.body
        if kind == "truncated":
            self.wfile.write(head + body[:len(body) // 2])
            self.close_connection = True
        elif kind == "slow":
            self._slowly(head, body, fault.get("seconds", 1))
        else:
            self.wfile.write(head + body)

    def _slowly(self, head, body, seconds):
        self.wfile.write(head)
        step = max(1, len(body) // 10)
        for start in range(0, len(body), step):
            time.sleep(seconds / 10)
            self.wfile.write(body[start:start + step])

    def _endless(self, count):
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {count}\r\n\r\n".encode())
        while count > 0:
            self.wfile.write(b" " * min(count, PIECE))
            count -= PIECE

    def _cut(self):
        """A reset, not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.rfile = self.wfile = io.BytesIO()  # For what the library still does to them.

    def log_message(self, *_):
        pass


class Door(http.server.ThreadingHTTPServer):
    """A loopback server on a free port (or `port`) that gives each request to `answer_to`."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer_to, port=0, pick_fault=lambda method, target: None):
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer_to, self.pick_fault = answer_to, pick_fault
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def handle_error(self, request, client_address):
        # A client that goes away is no error of ours; anything else is said.
        if sys.exc_info()[0] not in (ConnectionResetError, BrokenPipeError, TimeoutError):
            super().handle_error(request, client_address)

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


def wire_fault(fault, stray):
    """The answer of a fault of kind BEFORE. `stray`: where a redirect leads."""
    kind, seconds = fault.kind, fault.get("seconds", 1)
    if kind.endswith("_html"):
        return html_answer(int(kind[:3]))
    if kind == "429_limit_reset":
        reset = int((time.time() + seconds) * 1000)
        limit = {"remaining": 0, "reset": reset, "resetMs": seconds * 1000, "total": 100}
        return json_answer(429, {"error": {"code": "rate_limited", "message": "Too many requests", "limit": limit}})
    if kind.startswith("429"):
        headers = {"429_retry_after": {"Retry-After": str(seconds)},
                   "429_retry_date": {"Retry-After": email.utils.formatdate(time.time() + seconds, usegmt=True)},
                   "429_ratelimit_reset": {"X-RateLimit-Limit": "500", "X-RateLimit-Remaining": "0",
                                           "X-RateLimit-Reset": str(int(time.time() + seconds))},
                   "429_bare": {}}[kind]
        return Answer(429, "Too Many Requests", "text/plain", headers)
    if kind == "expired_jwt":
        return Answer(403, "Expired JWT", "text/plain;charset=UTF-8")
    if kind == "8000000":
        error = {"code": 8000000, "message": "An unknown error occurred. Contact your account team or Cloudflare support"}
        return json_answer(500, {"success": False, "errors": [error], "messages": [], "result": None})
    if kind == "redirect":
        return Answer(fault.get("status", 307), "", headers={"Location": fault.get("to", stray)})
    if kind == "200_object":
        return json_answer(200, {})
    return Answer(200)  # 200_empty, and what _write does by itself.


def spoilt(kind, answer):
    """The answer with a fault of kind AFTER in its JSON."""
    if kind == "502_after":
        return html_answer(502)
    if not answer.body.startswith(b"{") or kind not in ("duplicate_keys", "null_errors", "flat_error"):
        return answer
    if kind == "flat_error":
        return answer.with_json(answer.json.get("error", answer.json))
    if kind == "null_errors":
        value = {key: None if key.startswith(("error", "message")) else item for key, item in answer.json.items()}
        return answer.with_json(value)
    return Answer(answer.status, b'{"id":"twice","state":"twice","success":false,' + answer.body[1:],
                  headers=answer.headers)
