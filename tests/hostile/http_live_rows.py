# SPDX-License-Identifier: Apache-2.0
"""Table H, transport: slow, vanishing and many peers, encodings of bodies, TLS itself, ranges."""
import contextlib
import gzip
import os
import pathlib
import resource
import select
import socket
import ssl
import subprocess
import time
import zlib

from harness import ZERO, Case, Elsewhere, Server, Wrong, check, one_of, pkt, push_body, wait_until

CASES = []
JSON = "Content-Type: application/json"
PUSH_TYPE = "Content-Type: application/x-git-receive-pack-request"


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


# H19: peers that take their time. Deadlines are 20 s for a head, 60 s for a body or an answer that does not move. ----

def closed_within(peer, seconds):
    """Reads until the server closes; returns (what came, seconds it took)."""
    begun, got = time.monotonic(), b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while select.select([peer], [], [], max(0, seconds - (time.monotonic() - begun)))[0]:
            piece = peer.recv(65536)
            if not piece:
                return got, time.monotonic() - begun
            got += piece
        raise Wrong(f"still open after {seconds} s")
    return got, time.monotonic() - begun


def arrived(peer, seconds):
    """What came within `seconds`; None: nothing that is for us (TLS has tickets of its own to hand out)."""
    if not select.select([peer], [], [], seconds)[0]:
        return None
    peer.setblocking(False)
    try:
        return peer.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        peer.setblocking(True)


def trickle(peer, data, pause, seconds):
    """One byte each `pause` seconds, until the server closes or answers."""
    begun, got = time.monotonic(), None
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        for byte in data:
            if (got := arrived(peer, pause)) is not None:
                break
            peer.sendall(bytes([byte]))
            if time.monotonic() - begun > seconds:
                raise Wrong(f"still taking bytes after {seconds} s")
    rest, took = closed_within(peer, 60)
    return (got or b"") + rest, took


for on in ("plain", "tls"):
    @case("H19", f"a head of one byte in 2 s ({on})", on=on, slow=True)
    def slow_head(world, on=on):
        with contextlib.closing(world.connect(on)) as peer:
            got, _ = trickle(peer, world.head("GET /api/projects HTTP/1.1", "X-A: " + "a" * 500, on=on), 2, 90)
        check(got == b"" or b" 408 " in got, f"{got[:80]!r}")
        return "408, closed by the 20 s of a head"

    @case("H19", f"a body of one byte in 2 s ({on})", on=on, slow=True)
    def slow_body(world, on=on):
        with contextlib.closing(world.connect(on)) as peer:
            peer.sendall(world.head("POST /api/projects HTTP/1.1", JSON, "Content-Length: 100000", key="", on=on))
            got, _ = trickle(peer, b" " * 100000, 2, 150)
        check(b" 408 " in got, f"{got[:80]!r}")
        return "408, closed by the 60 s of a body"

    @case("H13", f"chunks that stop without an end ({on})", on=on, slow=True)
    def chunks_stop(world, on=on):
        with contextlib.closing(world.connect(on)) as peer:
            peer.sendall(world.head("POST /api/projects HTTP/1.1", JSON, "Transfer-Encoding: chunked", key="", on=on) + b"20\r\n{}")
            got, _ = closed_within(peer, 150)
        check(b" 408 " in got, f"{got[:80]!r}")
        return "408"

    @case("H18", f"nothing is said at all ({on})", on=on, slow=True, logs=False)
    def silence(world, on=on):
        with contextlib.closing(socket.create_connection(("127.0.0.1", world.servers[on].port))) as peer:
            got, _ = closed_within(peer, 120)
        check(got == b"", f"{got[:80]!r}")
        return "closed by the 20 s of a head"


@case("H19", "20 MB asked for and never read, by more peers than workers", slow=True)
def slow_read(world):
    body = b"0014command=fetch\n" + b"0001" + pkt("done\n") + pkt(f"want {world.large}\n") + b"0000"
    head = world.head("POST /admin/large.git/git-upload-pack HTTP/1.1", "Git-Protocol: version=2",
                      "Content-Type: application/x-git-upload-pack-request", f"Content-Length: {len(body)}", key="")
    peers = [world.connect(receive_bytes=4096) for _ in range(20)]
    try:
        for peer in peers:
            peer.sendall(head + body)
        check(world.ask("GET", "/api/projects").status == 200, "others wait")
        # The server's side goes when nothing was taken for 60 s: then what it had sent ends in a reset or an end.
        for peer in peers:
            poll = select.poll()
            poll.register(peer, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
            check(poll.poll(150_000), "still open after 150 s")
    finally:
        for peer in peers:
            peer.close()
    return "others are served; all 20 closed by the 60 s of an answer"


@case("H19", "2,000 idle connections, a third with half a head")
def idle_connections(world):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(2000, hard - 500)
    peers = []
    try:
        for number in range(count):
            peers.append(world.connect(source=f"127.0.{number // 250 + 1}.{number % 250 + 1}"))
            if number % 3 == 0:
                peers[-1].sendall(b"GET /api/pro")
        check(world.ask("GET", "/api/projects").status == 200, "others are not served")
    finally:
        for peer in peers:
            world.reset(peer)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return f"{count} held, others are served"


# H20: peers that vanish ---------------------------------------------------------------------------

def honest_push(world, name):
    """A whole push as bytes: one new commit to refs/heads/<name>, and the commit's id."""
    import packs
    commit, pack = packs.commit_on(world.base, name)
    body = push_body([(ZERO, commit, f"refs/heads/{name}")], pack)
    return world.head("POST /admin/base.git/git-receive-pack HTTP/1.1", PUSH_TYPE, f"Content-Length: {len(body)}", key="") + body


@case("H20", "a push reset at every 40th byte", keeps_open=4)
def reset_pushes(world):
    data = honest_push(world, "vanished")
    cuts = range(20, len(data) - 1, 40)

    def cut_all():
        for at in cuts:
            peer = world.connect()
            peer.sendall(data[:at])
            world.reset(peer)
    world.unchanged(cut_all)
    check(world.talk(data, until=b"ok refs/heads/vanished").status == 200, "the whole of it is refused now")
    check("refs/heads/vanished" in world.refs(), "the whole of it did not arrive")
    world.push([(world.refs()["refs/heads/vanished"], ZERO, "refs/heads/vanished")], None, "report-status delete-refs")
    return f"{len(cuts)} times, nothing moved; then the whole of it arrived"


@case("H20", "a push whose sender ends its half at every 40th byte")
def half_closed_pushes(world):
    data = honest_push(world, "vanished")
    cuts = range(20, len(data) - 1, 40)

    def cut_all():
        for at in cuts:
            talk = world.talk(data[:at], end=True)
            check(talk.status in (0, 400), f"cut at {at}: {talk.status}")
    world.unchanged(cut_all)
    return f"{len(cuts)} times, nothing moved"


@case("H20", "a peer that vanishes without a word is probed for by TCP")
def keep_alive_probes(world):
    data = honest_push(world, "vanished")
    with contextlib.closing(world.connect()) as peer:
        peer.sendall(data[:-10])
        ours = f"{peer.getsockname()[1]:04X}"
        theirs = f"{world.server.port:04X}"

        def timer():
            for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
                words = line.split()
                if words[1].endswith(":" + theirs) and words[2].endswith(":" + ours):
                    kind, ticks = words[5].split(":")
                    return int(kind, 16) == 2 and int(ticks, 16) / os.sysconf("SC_CLK_TCK")
            return None
        due = wait_until("a keep-alive timer on the server's side", timer, 20)
    check(due <= 31, f"the first probe is due in {due:.0f} s")
    return f"the next probe is due in {due:.0f} s, then 3 probes 10 s apart"


# H22: encodings of bodies -------------------------------------------------------------------------

def upload_pack(world, body, encoding="gzip"):
    return world.post_git("git-upload-pack", body, headers={"Git-Protocol": "version=2", "Content-Encoding": encoding})


LIST = pkt("command=ls-refs\n") + b"0000"


def bomb(piece, window_bits):
    """A gigabyte and more in a megabyte: one compressed piece, again and again. It is refused long before its end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (2 ** 30 // len(piece))


GZIP, MEGABYTE = 31, 2 ** 20


@case("H22", "a gzip body of 1 MB that becomes 1 GB")
def gzip_bomb(world):
    return one_of(upload_pack(world, bomb(b"0032want " + b"a" * (MEGABYTE - 9), GZIP)).status, {400, 413})


@case("H22", "the same bomb to receive-pack")
def gzip_bomb_push(world):
    data = bomb(b"\0" * MEGABYTE, GZIP)
    answer = world.unchanged(lambda: world.post_git("git-receive-pack", data, headers={"Content-Encoding": "gzip"}))
    check(answer.status in (400, 413) or b"ERR" in answer.body, f"{answer}")
    return f"{answer.status}"


@case("H22", "the same bomb to the API")
def gzip_bomb_api(world):
    return one_of(world.ask("POST", "/api/projects", bomb(b" " * MEGABYTE, GZIP), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}).status,
                  {400, 413})


for name_, body_, encoding_, statuses_ in (
        ("cut off", gzip.compress(LIST)[:-9], "gzip", {400}), ("junk behind it", gzip.compress(LIST) + b"junk", "gzip", {400}),
        ("a wrong checksum", gzip.compress(LIST)[:-8] + b"\0" * 8, "gzip", {400}), ("no gzip at all", LIST, "gzip", {400}),
        ("deflate", zlib.compress(LIST), "deflate", {415}), ("gzip twice", gzip.compress(gzip.compress(LIST)), "gzip, gzip", {415}),
        ("br", LIST, "br", {415}), ("two members", gzip.compress(LIST[:8]) + gzip.compress(LIST[8:]), "gzip", {200, 400})):
    @case("H22", f"a gzip body: {name_}")
    def bad_gzip(world, body=body_, encoding=encoding_, statuses=statuses_):
        return one_of(upload_pack(world, body, encoding).status, statuses)


# H24: connections and descriptors -----------------------------------------------------------------

@case("H24", "5,000 connections made and dropped as fast as this machine can", logs=False)
def connect_storm(world):
    for _ in range(5000):
        with contextlib.closing(world.connect()) as peer:
            world.reset(peer)
    check(world.ask("GET", "/api/projects").status == 200, "it does not answer")
    return "it answers"


@case("H24", "out of descriptors: it waits, and goes on when there are some", on="none")
def out_of_descriptors(world):
    if world.watches["plain"].is_sanitized:
        return "not under a sanitizer: UBSan's check of types needs descriptors itself, and takes their lack for a broken object"
    with Server(world.folder / "few") as server:
        pid = server.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        before = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 20, hard))
        peers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
        wait_until("the limit to be felt", lambda: len(os.listdir(f"/proc/{pid}/fd")) >= before + 19, 20)
        peers[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        peers[0].settimeout(30)
        said = peers[0].recv(4096)
        check(b" 200 " in said, f"who is connected is not served: {said[:80]!r}")
        for peer in peers:
            peer.close()
        check(server.get("/healthz", key=None).status == 200, "it does not recover")
        wait_until("descriptors to be back", lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before, 20)
        check(server.stop() == 0, "it does not stop in order")
    return "served who was connected; recovered; stopped in order"


# H25: TLS ------------------------------------------------------------------------------------------

def hello(version, body_version=None):
    """A ClientHello that offers nothing newer than `version`."""
    ciphers = bytes.fromhex("c013c014c009c00a002f0035000a00ff")
    body = (body_version or version) + b"\x5a" * 32 + b"\0" + len(ciphers).to_bytes(2, "big") + ciphers + b"\x01\0"
    shake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16" + version + len(shake).to_bytes(2, "big") + shake


def tls_raw(world, data):
    with socket.create_connection(("127.0.0.1", world.servers["tls"].port), timeout=60) as peer:
        got = b""
        with contextlib.suppress(OSError):  # It may close before it has all of it.
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(4096):
                got += piece
        return got


for name_, data_ in (("SSL 3.0", hello(b"\x03\x00")), ("TLS 1.0", hello(b"\x03\x01")), ("TLS 1.1", hello(b"\x03\x02")),
                     ("SSL 2.0's hello", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\x01\x00\x80" * 7 + b"\x5a" * 16),
                     ("a record of 64 KiB", b"\x16\x03\x01\xff\xff" + b"\x01" * 65535), ("a record of nothing, 1,000 times", b"\x16\x03\x01\0\0" * 1000),
                     ("random bytes", bytes((n * 197 + 11) % 256 for n in range(4096))), ("an alert first", b"\x15\x03\x03\0\x02\x02\x28")):
    @case("H25", f"TLS: {name_}", on="tls", logs=False)
    def old_tls(world, data=data_):
        got = tls_raw(world, data)
        check(not got.startswith(b"\x16"), "the handshake went on")
        return "an alert" if got.startswith(b"\x15") else "closed"


@case("H25", "TLS: renegotiation in 1.2 is refused", on="tls", logs=False)
def renegotiate(world):
    done = subprocess.run(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{world.servers['tls'].port}"],
                          input=b"R\n", capture_output=True, timeout=60)
    said = done.stdout + done.stderr
    check(b"TLSv1.2" in said and b"RENEGOTIATING" in said, said[-300:])
    check(b"renegotiation" in said.split(b"RENEGOTIATING")[1], "it took place")
    return "no renegotiation"


@case("H25", "TLS: another name in SNI, and in Host", on="tls")
def wrong_name(world):
    peer = world.client_tls().wrap_socket(socket.create_connection(("127.0.0.1", world.servers["tls"].port), timeout=60),
                                          server_hostname="evil.example")
    with contextlib.closing(peer):
        peer.sendall(world.head("GET / HTTP/1.1", "Host: evil.example", "Connection: close", host=False, on="tls"))
        return one_of(int(peer.recv(4096)[9:12]), {421})


@case("H25", "TLS: 300 handshakes, every second one broken off", on="tls", logs=False)
def handshakes(world):
    for number in range(300):
        if number % 2:
            with socket.create_connection(("127.0.0.1", world.servers["tls"].port)) as peer:
                peer.sendall(hello(b"\x03\x03")[:60])
        else:
            world.connect("tls").close()
    return "all taken"


@case("H25", "TLS: a client certificate nobody asked for", on="tls")
def client_certificate(world):
    context = world.client_tls()
    context.load_cert_chain(world.folder / "chain.pem", world.folder / "key.pem")
    with contextlib.closing(context.wrap_socket(socket.create_connection(("127.0.0.1", world.servers["tls"].port), timeout=60))) as peer:
        peer.sendall(world.head("GET /api/projects HTTP/1.1", "Connection: close", on="tls"))
        return one_of(int(peer.recv(4096)[9:12]), {401})


# H26, H27: a live site -----------------------------------------------------------------------------

def site(world, path, headers=None, method="GET"):
    answer = world.server.request(method, path, headers=headers, host=world.site_host, key=None)
    world.answers.append(answer.body)
    return answer


for path_ in ("/dir%0d%0aX-Evil:%20yes", "/dir?a%0d%0aX-Evil:%20yes", "/%0d%0aX-Evil:%20yes/", "/dir/%0aX-Evil: yes".replace(" ", "%20")):
    @case("H26", f"a site's path {path_}")
    def injected(world, path=path_):
        answer = site(world, path)
        check("X-Evil" not in answer.headers, "it became a header")
        return one_of(answer.status, {200, 301, 308, 400, 404})


@case("H27", "a site's page: 1,000 ranges")
def many_ranges(world):
    answer = site(world, "/", {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(1000))})
    check(answer.status != 206 or "multipart" not in answer.headers["Content-Type"], "many parts")
    return one_of(answer.status, {200, 416})


for range_, statuses_ in (("bytes=0-0,0-5,3-7", {200, 416}), ("bytes=-0", {416}), ("bytes=5-1", {200, 416}), ("bytes=99999-", {416}),
                          ("bytes=0-" + "9" * 300, {200, 206, 416}), ("lines=1-2", {200}), ("bytes=-99999999999999999999", {200, 206, 416}),
                          ("bytes=a-b", {200, 416})):
    @case("H27", f"a site's page: Range {range_[:24]}")
    def odd_range(world, text=range_, statuses=statuses_):
        answer = site(world, "/", {"Range": text})
        check(answer.status == 416 or world.page.startswith(answer.body[:4]) and len(answer.body) <= len(world.page), "not the page, or more")
        return one_of(answer.status, statuses)


ELSEWHERE = [
    Elsewhere("H19", "5,000 idle connections; p99 of the others", "2,000 here; 1,000 with a stated memory and the fairness figures belong to ./dev bench"),
    Elsewhere("H20", "a packet filter that swallows the peer", "needs rights over the network; the keep-alive timer is read from the kernel instead"),
    Elsewhere("H24", "20,000 connects a second", "one Python cannot make so many; 5,000 as fast as it can"),
    Elsewhere("H25", "20,000 handshakes a second", "as above; 300"),
]
