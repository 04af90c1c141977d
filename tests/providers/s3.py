#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an S3-compatible store with static websites.

It recomputes each signature from the request line and headers as they came, and each payload hash; it answers in S3's XML
with S3's codes; it lists in pages. Written from AWS's description of Signature Version 4 and of the REST API, without the
client's code: canonical requests are made here from raw bytes, of query and path.

    with s3.S3() as store:            # store.endpoint, s3.KEY_ID, s3.SECRET, bucket "site", region "eu-test-1"
        store.fetch("/a.html")        # as a visitor: the object's bytes and headers
        store.fail(method="PUT", key="a.html", status=503, code="SlowDown")   # once
            store.log                     # [(method, key, status)]
        hold = store.hold(3)          # the third request from now is held still: hold.reached, hold.end()
"""
import dataclasses
import hashlib
import hmac
import http.server
import re
import socketserver
import threading
import urllib.parse
import xml.sax.saxutils

KEY_ID, SECRET, REGION, BUCKET = "AKIDSTANDIN", "standin/secret+key", "eu-test-1", "site"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 15 * 60


@dataclasses.dataclass
class Kept:
    data: bytes
    etag: str
    headers: dict


@dataclasses.dataclass
class Fault:
    method: str
    key: str
    status: int
    code: str = ""
    body: bytes | None = None
    headers: dict = dataclasses.field(default_factory=dict)
    after: bool = False  # The store did it, and answers this.
    drop: bool = False  # No answer at all.


class Hold:
    """A request that gets no answer: `done`, the store did what it asks for."""

    def __init__(self, number, done):
        self.number, self.done = number, done
        self.reached, self.ended = threading.Event(), threading.Event()

    def end(self):
        self.ended.set()

    def keep(self):
        self.reached.set()
        self.ended.wait(60)
        return None, {}, b""


class Refused(Exception):
    def __init__(self, status, code, message="", **headers):
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, scope, text):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = mac(key, part)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def canonical_query(raw):
    pairs = []
    for piece in raw.split("&") if raw else []:
        name, _, value = piece.partition("=")
        pairs.append(tuple(urllib.parse.quote(urllib.parse.unquote(each), safe=UNRESERVED) for each in (name, value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


class S3:
    def __init__(self, page=1000, etags="md5", virtual=False):
        self.objects, self.log, self.faults, self.violations = {}, [], [], []
        self.holds = None
        self.page, self.etags, self.virtual = page, etags, virtual
        self.lock = threading.Lock()
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                status, headers, answer = store.answer(self.command, self.path, self.headers, body)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(answer)

            do_GET = do_PUT = do_DELETE = do_POST = do_HEAD = handle_one

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.endpoint = f"http://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # What a test does -------------------------------------------------------------------------

    def fail(self, **fault):
        self.faults.append(Fault(**fault))

    def hold(self, number, done=False):
        self.holds = Hold(number, done)
        return self.holds

    def fetch(self, path):
        """As a visitor of the static website: Kept, or None."""
        key = urllib.parse.unquote(path).lstrip("/")
        with self.lock:
            return self.objects.get(key + "index.html" if key.endswith("/") or not key else key)

    def keys(self):
        with self.lock:
            return sorted(self.objects)

    def puts(self):
        return [key for method, key, status in self.log if method == "PUT" and status == 200]

    # What a client meets ----------------------------------------------------------------------

    def answer(self, method, target, headers, body):
        raw_path, _, raw_query = target.partition("?")
        key = None
        hold = self.take_hold()
        try:
            key = self.key_of(raw_path, headers)
            if hold and not hold.done:
                self.log.append((method, key, None))
                return hold.keep()
            fault = self.take_fault(method, key)
            if fault and not fault.after:
                return self.faulty(fault, method, key)
            self.check(method, raw_path, raw_query, headers, body)
            status, more, answer = self.act(method, key, urllib.parse.parse_qs(raw_query), headers, body)
            if fault:
                return self.faulty(fault, method, key)
        except Refused as refused:
            status, more = refused.status, {"Content-Type": "application/xml", **refused.headers}
            answer = (f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{refused.code}</Code>"
                      f"<Message>{xml.sax.saxutils.escape(refused.message)}</Message></Error>").encode()
        self.log.append((method, key, status))
        return hold.keep() if hold else (status, more, answer)

    def take_hold(self):
        with self.lock:
            if self.holds is None:
                return None
            self.holds.number -= 1
            if self.holds.number:
                return None
            hold, self.holds = self.holds, None
            return hold

    def faulty(self, fault, method, key):
        self.log.append((method, key, None if fault.drop else fault.status))
        if fault.drop:
            return None, {}, b""
        body = fault.body
        if body is None:
            body = f"<Error><Code>{fault.code}</Code><Message>as asked</Message></Error>".encode()
        return fault.status, {"Content-Type": "text/html" if fault.body else "application/xml", **fault.headers}, body

    def take_fault(self, method, key):
        with self.lock:
            for fault in self.faults:
                if fault.method == method and fault.key in ("*", key):
                    self.faults.remove(fault)
                    return fault
        return None

    def key_of(self, raw_path, headers):
        path = urllib.parse.unquote(raw_path, errors="strict")
        if self.virtual:
            if headers["Host"] != f"{BUCKET}.{self.host}":
                raise Refused(404, "NoSuchBucket", "by the host name")
            return path[1:]
        bucket, _, key = path[1:].partition("/")
        if bucket != BUCKET:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        return key

    def check(self, method, raw_path, raw_query, headers, body):
        """Is it signed by who we know, over what came?"""
        said = re.fullmatch(ALGORITHM + r" Credential=([^/,]+)/(\d{8}/[^/]+/s3/aws4_request), ?SignedHeaders=([a-z0-9;-]+), ?"
                            r"Signature=([0-9a-f]{64})", headers.get("Authorization", ""))
        if not said:
            raise Refused(403, "AccessDenied", "no signature")
        key_id, scope, names, given = said.groups()
        date = headers.get("x-amz-date", "")
        if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not scope.startswith(date[:8]):
            raise Refused(403, "AccessDenied", "no date")
        if key_id != KEY_ID:
            raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        region = scope.split("/")[1]
        if region != REGION:
            raise Refused(400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{REGION}'",
                          **{"x-amz-bucket-region": REGION})
        signed = names.split(";")
        must = {"host", "x-amz-content-sha256", "x-amz-date"} | {name.lower() for name in headers if name.lower().startswith("x-amz-")}
        if signed != sorted(signed) or not must <= set(signed):
            raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed")
        # The path as it came, each byte encoded once and once only.
        path = urllib.parse.quote(urllib.parse.unquote_to_bytes(raw_path), safe=UNRESERVED + "/")
        if path != raw_path:
            self.violations.append(f"the path {raw_path} is not encoded as S3 does")
        payload = headers["x-amz-content-sha256"]
        canonical = "\n".join([method, path, canonical_query(raw_query),
                               *[f"{name}:{' '.join(headers[name].split())}" for name in signed], "", names, payload])
        text = "\n".join([ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        if not hmac.compare_digest(signature(SECRET, scope, text), given):
            raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if hashlib.sha256(body).hexdigest() != payload:
            self.violations.append("a payload is not what its hash says")
            raise Refused(400, "XAmzContentSHA256Mismatch")

    def act(self, method, key, query, headers, body):
        with self.lock:
            if method == "GET" and not key:
                return self.list_objects(query)
            if not key:
                raise Refused(405, "MethodNotAllowed")
            if method == "PUT":
                if not headers.get("Content-Type"):
                    self.violations.append(f"{key} has no content type")
                etag = hashlib.md5(body).hexdigest() if self.etags == "md5" else hashlib.sha1(body).hexdigest() + "-1"
                self.objects[key] = Kept(body, f'"{etag}"', {name: headers[name] for name in ("Content-Type", "Cache-Control")
                                                              if headers.get(name)})
                return 200, {"ETag": f'"{etag}"'}, b""
            if method == "DELETE":
                self.objects.pop(key, None)
                return 204, {}, b""
            if method == "GET":
                if key not in self.objects:
                    raise Refused(404, "NoSuchKey", "The specified key does not exist.")
                kept = self.objects[key]
                return 200, {"ETag": kept.etag, **kept.headers}, kept.data
        raise Refused(405, "MethodNotAllowed")

    def list_objects(self, query):
        one = {name: values[0] for name, values in query.items()}
        if one.get("list-type") != "2" or one.get("encoding-type") != "url":
            self.violations.append(f"an old or unsafe listing: {one}")
        prefix, after = one.get("prefix", ""), urllib.parse.unquote(one.get("continuation-token", ""))
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        shown = keys[:self.page]
        rows = "".join(
            f"<Contents><Key>{urllib.parse.quote(key)}</Key><ETag>{xml.sax.saxutils.escape(self.objects[key].etag, {chr(34): '&quot;'})}"
            f"</ETag><Size>{len(self.objects[key].data)}</Size></Contents>" for key in shown)
        more = len(keys) > len(shown)
        next_token = f"<NextContinuationToken>{urllib.parse.quote(shown[-1])}</NextContinuationToken>" if more else ""
        return 200, {"Content-Type": "application/xml"}, (
            f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{next_token}{rows}</ListBucketResult>").encode()
