# SPDX-License-Identifier: Apache-2.0
"""Table H, HTTP framing: bytes that two readers might read differently, heads and bodies out of bounds.

Every row that is only bytes is sent twice, in the clear and through TLS.
"""
from harness import Case, Elsewhere, check, one_of
from watch import cpu_seconds

JSON = "Content-Type: application/json"
CASES, RAW = [], []


def raw(row, name, statuses, build, **more):
    """Bytes that must get one answer with one of `statuses`, and a closed connection. 0: closed without an answer."""
    RAW.append((row, name, statuses, build, more))


def send(world, on, statuses, build, end=True):
    talk = world.talk(build(world, on), on, end=end)
    check(len(talk.statuses) <= 1, f"{len(talk.statuses)} answers to one request: {talk.statuses}")
    check(talk.closed, "the connection was left open")
    check(b"root:x:" not in talk.got, "a file of this machine came back")
    return one_of(talk.status, statuses)


def post(*lines, body=b"", first="POST /api/projects HTTP/1.1", key=""):
    return lambda world, on: world.head(first, *lines, key=key, on=on) + body


def get(*lines, first="GET /api/projects HTTP/1.1", host=True, key=""):
    return lambda world, on: world.head(first, *lines, host=host, key=key, on=on)


def target(text):
    return lambda world, on: world.head("GET X HTTP/1.1", "Connection: close", key="", on=on).replace(
        b" X ", b" " + (text if isinstance(text, bytes) else text.encode()) + b" ", 1)


def with_host(host):
    return lambda world, on: world.head("GET /api/projects HTTP/1.1", f"Host: {host}", "Connection: close", host=False, key="", on=on)


SMUGGLED = b"0\r\n\r\nGET /api/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

raw("H1", "a length, then chunked", {400}, post("Content-Length: 5", "Transfer-Encoding: chunked", body=SMUGGLED))
raw("H1", "chunked, then a length", {400}, post("Transfer-Encoding: chunked", "Content-Length: 5", body=SMUGGLED))
for text in ("5 6", "+5", "-1", "0x5", str(2 ** 64), ""):
    raw("H2", f"the length {text!r}", {400}, post(f"Content-Length: {text}", body=b"hello!"))
raw("H2", "two lengths that differ", {400}, post("Content-Length: 5", "Content-Length: 6", body=b"hello!"))
raw("H3", "the length '5, 5'", {400}, post("Content-Length: 5, 5", body=b"hello"))
raw("H3", "the same length twice", {400}, post("Content-Length: 5", "Content-Length: 5", body=b"hello"))
for text in ("xchunked", "chunked, identity", "chunked, chunked", "identity", "\x0bchunked", "chunked;q=1", ""):
    raw("H4", f"the coding {text!r} and a second request", {400, 501}, post(f"Transfer-Encoding: {text}", body=SMUGGLED))
raw("H4", "the coding given twice", {400}, post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=SMUGGLED))
raw("H5", "gzip under chunked", {501}, post("Transfer-Encoding: gzip, chunked", body=SMUGGLED))
raw("H6", "chunked in HTTP/1.0", {400}, post("Transfer-Encoding: chunked", body=SMUGGLED, first="POST /api/projects HTTP/1.0"))
raw("H7", "a space before the colon", {400}, post("Transfer-Encoding : chunked", body=SMUGGLED))
raw("H8", "a header that goes on in the next line", {400}, get("X-A: b", " c: d"))
raw("H8", "the first header line begins with a space", {400},
    lambda world, on: world.head("GET /api/projects HTTP/1.1", key="", on=on).replace(b"\r\nHost", b"\r\n Host", 1))
raw("H8", "a folded Authorization", {400},
    lambda world, on: world.head("GET /api/projects HTTP/1.1", key="", on=on).replace(b"Bearer ", b"Bearer\r\n\t", 1))
raw("H9", "lines that end in LF", {400}, lambda world, on: world.head("GET /api/projects HTTP/1.1", key="", on=on).replace(b"\r\n", b"\n"))
raw("H9", "a bare CR in a value", {400}, get("X-A: b\rX-B: c"))
raw("H9", "a NUL in a value", {400}, get("X-A: b\0c"))
raw("H9", "a NUL in the target", {400}, target(b"/api/pro\0jects"))
raw("H10", "no Host", {400}, get(host=False))
raw("H10", "two Hosts", {400}, get("Host: other.example.org"))
for host, statuses in (("127.0.0.1/x", {400}), ("a@127.0.0.1", {400}), ("a b", {400}), ("a" * 300, {400}), ("unknown.example.org", {421}),
                       ("127.0.0.1:99999999", {400}), ("[::1", {400}), ("", {400})):
    raw("H10", f"the Host {host[:24]!r}", statuses, with_host(host))
raw("H11", "an absolute target of another host", {400}, target("http://evil.example/api/projects"))
raw("H11", "CONNECT to a host", {400, 405, 501}, get(first="CONNECT evil.example:443 HTTP/1.1"))
raw("H11", "* with GET", {400}, target("*"))
raw("H12", "a target with the byte 0xff", {400}, target(b"/api/\xff"))
raw("H12", "a target of 9 KiB", {414}, target("/" + "a" * 9 * 1024))
raw("H12", "a target of 70 KiB", {414}, target("/" + "a" * 70 * 1024))
for path in ("/api/projects/%00", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/api/projects/%252e%252e%252fetc", "/api/..;/healthz", "//healthz",
             "/../../../../etc/passwd", "/admin/base.git/.git/config", "/admin/base.git/../base.git/info/refs", "/admin/base.git/.git/.git",
             "/api/projects/..%2f..%2fetc%2fpasswd", "/api/projects/%ff", "/api/projects/%zz", "/admin/base.git/info/refs/..?service=git-upload-pack"):
    raw("H12", f"the path {path}", {400, 404}, target(path))
raw("H12", r"the path /..\..\ with backslashes", {400}, target(rb"/..\..\etc"))


def chunked(body):
    return post("Transfer-Encoding: chunked", JSON, "Connection: close", body=body)


for name, body in (("a size of 17 f", b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), ("the size 0x5", b"0x5\r\nhello\r\n0\r\n\r\n"),
                   ("the size -5", b"-5\r\nhello\r\n0\r\n\r\n"), ("an extension with a lone LF", b"2;a=\nb\r\n{}\r\n0\r\n\r\n"),
                   ("data not ended by CR LF", b"2\r\n{}xx0\r\n\r\n"), ("a size line ended by LF", b"2\n{}\r\n0\r\n\r\n")):
    raw("H13", f"chunks: {name}", {400}, chunked(body))
for name, body in (("the peer ends inside a chunk", b"20\r\n{}"), ("the peer ends before the last chunk", b"2\r\n{}\r\n")):
    raw("H13", f"chunks: {name}", {0}, chunked(body), only=("plain",))  # TLS has no half of a connection to end.
raw("H14", "a chunk extension of 64 KiB", {400}, chunked(b"2;a=" + b"b" * 65536 + b"\r\n{}\r\n0\r\n\r\n"))
for name, line in (("Content-Length", b"Content-Length: 9"), ("Host", b"Host: other"), ("Cookie", b"Cookie: a=b"),
                   ("Transfer-Encoding", b"Transfer-Encoding: chunked")):
    # No key: what the trailer says must not change the answer.
    raw("H15", f"a trailer {name}", {400, 401}, post("Transfer-Encoding: chunked", JSON, "Connection: close", key=None,
                                                     body=b"2\r\n{}\r\n0\r\n" + line + b"\r\n\r\n"))
raw("H15", "a trailer with a good Authorization", {400, 401},
    lambda world, on: world.head("POST /api/projects HTTP/1.1", "Transfer-Encoding: chunked", JSON, "Connection: close", on=on) +
    b'10\r\n{"name":"sneak"}\r\n0\r\nAuthorization: Bearer ' + world.servers[on].key.encode() + b"\r\n\r\n")
raw("H16", "101 headers", {431}, get(*[f"X-{n}: a" for n in range(101)]))
raw("H16", "900 headers", {431}, get(*[f"X-{n}: a" for n in range(900)]))
raw("H16", "a header of 17 KiB", {431}, get("X-Long: " + "a" * 17 * 1024))
raw("H16", "a method of 10 KiB", {400, 414}, get(first="G" * 10240 + " / HTTP/1.1"))
for method in ("get", "TRACE", "FOO", "PROPFIND", "MKCOL", "LOCK", "DEBUG", "G\u00cbT"):
    raw("H17", f"the method {method}", {400, 405, 501}, get("Connection: close", first=f"{method} /api/projects HTTP/1.1"))
raw("H17", "DELETE on a list", {405}, get("Connection: close", first="DELETE /api/projects HTTP/1.1"))
raw("H18", "the preface of HTTP/2", {400, 505}, lambda world, on: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 64)
raw("H18", "an upgrade to h2c", {200}, get("Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"))
raw("H18", "another version", {400, 505}, get(first="GET / HTTP/3.7"))
raw("H21", "Expect: 100-continue without a key", {401}, post("Expect: 100-continue", JSON, "Content-Length: 1000000", key=None), end=False)
raw("H21", "Expect: 100-continue with 3 GB", {413}, post("Expect: 100-continue", JSON, f"Content-Length: {3 * 2 ** 30}"), end=False)
raw("H21", "Expect: 100-continue with a push of 3 GB", {413},
    post("Expect: 100-continue", "Content-Type: application/x-git-receive-pack-request", f"Content-Length: {3 * 2 ** 30}",
         first="POST /admin/base.git/git-receive-pack HTTP/1.1"), end=False)
raw("H21", "another expectation", {417}, post("Expect: the-inquisition", JSON, "Content-Length: 2", body=b"{}"))
raw("H26", "CR LF, encoded, in a path", {400, 401, 404}, get("Connection: close", first="GET /admin/base%0d%0aX-Evil:%201/info/refs HTTP/1.1"))
raw("H28", "If-None-Match of 64 KiB", {431}, get('If-None-Match: "' + "a" * 65536 + '"'))
raw("H28", "Accept of 64 KiB", {431}, get("Accept: " + "a/b," * 16384))
raw("H28", "a Cookie of 400 pairs", {200}, get("Cookie: " + "; ".join(f"c{n}=v" for n in range(400)), "Connection: close"))
raw("H28", "If-None-Match of 12 KiB", {200}, get('If-None-Match: "' + "a" * 12 * 1024 + '"', "Connection: close"))

for row_, name_, statuses_, build_, more_ in RAW:
    for on_ in more_.pop("only", ("plain", "tls")):
        CASES.append(Case(row_, name_ + (" (TLS)" if on_ == "tls" else ""), on=on_,
                          run=lambda world, on=on_, s=statuses_, b=build_, m=more_: send(world, on, s, b, **m)))


# What needs more than one look ------------------------------------------------------------------

def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


@case("H14", "a million chunks of one byte: under 200 ms of CPU a MB")
def tiny_chunks(world):
    pid = world.server.process.pid
    before = cpu_seconds(pid)
    pieces = [b"1\r\n \r\n" * 100_000] * 10
    talk = world.talk([chunked(b"")(world, "plain"), *pieces, b"2\r\n{}\r\n0\r\n\r\n"])
    check(b"missing_field" in talk.got, f"the body was not read to its end: {talk.got[:300]!r}")
    spent = (cpu_seconds(pid) - before) / 6
    # Sanitizers slow everything down some tenfold.
    check(spent < 0.2 or world.watches["plain"].is_sanitized, f"{spent * 1000:.0f} ms of CPU a MB")
    return f"{talk.status}, {spent * 1000:.0f} ms of CPU a MB"


@case("H15", "what a trailer asked for was not done")
def nothing_sneaked_in(world):
    for name in ("plain", "tls"):
        talk = world.talk(world.head("GET /api/projects HTTP/1.1", "Connection: close", key="", on=name), name)
        check(talk.status == 200 and b"sneak" not in talk.got, f"{name}: {talk.status}, or the project is there")
    return "no such project"


@case("H16", "a header of 9 KiB fits the 16 KiB of a head")
def long_header(world):
    return one_of(world.talk(get("X-Long: " + "a" * 9 * 1024, "Connection: close")(world, "plain")).status, {200})


@case("H18", "a TLS hello on the plain port")
def tls_to_plain(world):
    talk = world.talk(bytes.fromhex("16030100c8010000c40303") + b"\x5a" * 190, end=True)
    return one_of(talk.status, {0, 400})


@case("H18", "plain HTTP on the TLS port", on="tls", logs=False)
def plain_to_tls(world):
    import socket
    with socket.create_connection(("127.0.0.1", world.servers["tls"].port), timeout=60) as peer:
        peer.sendall(world.head("GET /api/projects HTTP/1.1", key="", on="tls"))
        got = b""
        try:
            while piece := peer.recv(4096):
                got += piece
        except ConnectionError:
            pass
    check(b"HTTP/1.1 200" not in got, "it was served")
    return "closed"


@case("H23", "10,000 requests on one connection, 200 at a time, answered in order")
def keep_alive(world):
    paths = [f"/no-such-{n}" if n % 7 == 0 else "/readyz" for n in range(200)]
    batch = b"".join(world.head(f"GET {path} HTTP/1.1") for path in paths)
    wanted = [404 if n % 7 == 0 else 200 for n in range(200)]
    peer = world.connect()
    count = 0
    for _ in range(50):
        peer.sendall(batch)
        statuses, buffered = [], b""
        while len(statuses) < 200:
            piece = peer.recv(1 << 20)
            check(piece, f"closed after {count + len(statuses)} requests")
            buffered += piece
            while (end := buffered.find(b"\r\n\r\n")) >= 0:
                head = buffered[:end].lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                if len(buffered) < end + 4 + length:
                    break
                statuses.append(int(head[9:12]))
                buffered = buffered[end + 4 + length:]
        check(statuses == wanted, "answers out of order")
        count += len(statuses)
    peer.close()
    return f"{count} in order"


ELSEWHERE = [
    Elsewhere("H16", "a header of 9 KiB is refused", "the documented bound is a head of 16 KiB: 9 KiB is served, 17 KiB is 431"),
    Elsewhere("H18", "an upgrade is refused", "RFC 9110 lets a server ignore Upgrade: it is answered in HTTP/1.1"),
]
