# SPDX-License-Identifier: Apache-2.0
"""Table S, the SSH door: connections that do not come to a key: half open, slow, thousands of them, and nonsense."""
import contextlib
import resource
import socket
import time

import ssh_client as ssh
from harness import PATIENCE_SECONDS, Case, check
from ssh_client import connected
from ssh_rows import door, own_server, plain

CASES = []
ELSEWHERE = []
LOGIN_SECONDS = 20
IDLE_SECONDS = 600
HALF_OPEN = 10_000
STARTUPS_MAX = 100


def case(row, name, **more):
    more.setdefault("on", "ssh")

    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def gone_within(peer, seconds):
    """Reads until the server closes; returns the seconds it took."""
    begun = time.monotonic()
    peer.settimeout(seconds)
    try:
        while peer.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        check(False, f"still open after {seconds} s")
    return time.monotonic() - begun


def drip(peer, words, seconds):
    """Says a byte a second until the server closes, which takes at most `seconds`."""
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):
        for byte in words:
            peer.sendall(bytes([byte]))
            peer.settimeout(1)
            try:
                while peer.recv(4096):
                    pass
                return
            except TimeoutError:
                check(time.monotonic() - begun < seconds, "still taking bytes")
        check(False, "every byte was taken")


# S1, S2: connections that do not come to a key ------------------------------------------------------------

for about, first in (("no banner", b""), ("a banner and silence", b"SSH-2.0-silent\r\n"),
                     ("half a packet and silence", b"SSH-2.0-half\r\n\x00\x00\x05\x00\x08\x14")):
    @case("S1", f"half open: {about}", slow=True)
    def half_open(world, first=first):
        with plain(door(world).port) as peer:
            peer.sendall(first)
            gone_within(peer, LOGIN_SECONDS + 15)
        return "closed by the 20 s of a login"


@case("S1", "one byte a second", slow=True)
def byte_by_byte(world):
    with plain(door(world).port) as peer:
        drip(peer, b"SSH-2.0-slow" + b"w" * 200, LOGIN_SECONDS + 15)
    return "closed by the 20 s of a login"


@case("S1", "one byte a minute, sixty times as fast: before a key is proved, and after", on="none", logs=False, slow=True)
def byte_a_minute(world):
    """The limits are a sixtieth of the ordinary ones, too: a byte neither begins the login anew nor makes a session busy."""
    with own_server(world, f"[ssh]\nlogin_seconds = 1\nidle_seconds = {IDLE_SECONDS // 60}\n") as (server, port, key):
        with plain(port) as peer:
            drip(peer, b"SSH-2.0-slow" + b"w" * 200, LOGIN_SECONDS)
        with connected(port) as peer:
            peer.login(key)
            held = bytearray()
            peer.gate.send = lambda data: held.extend(data) or len(data)
            peer.say(ssh.IGNORE, b"x" * 1000)
            begun = time.monotonic()
            for byte in held:
                if peer.is_closed(1):
                    break
                with contextlib.suppress(ConnectionError):
                    peer.gate.peer.sendall(bytes([byte]))
                check(time.monotonic() - begun < IDLE_SECONDS // 60 + 15, "still taking bytes")
        check("nothing to do" in server.log() and "in time" in server.log(), "the log does not say why")
    return "closed when they should be"


@case("S1", "one byte a minute of a push", slow=True)
def byte_a_minute_of_a_push(world):
    """It moves, so it may: one of the connections its client may have, and nothing but a buffer."""
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        channel = peer.open()
        check(peer.ask(channel, "exec", "git-receive-pack '/admin/base.git'") == ssh.YES, "no push")
        check(peer.hear(ssh.DATA)[0] == ssh.DATA, "no refs came")
        for byte in b"000":
            check(not peer.is_closed(60), "cut off")
            peer.say(ssh.DATA, channel, bytes([byte]))
        peer.say(ssh.DATA, channel, b"0")
        peer.say(ssh.EOF, channel)
        check(peer.hear(ssh.CLOSE)[0] == ssh.CLOSE, "the command does not end")
    return "served for 180 s, longer than the 120 s of a command that does not move"


@case("S1", "after the key exchange, nothing", slow=True)
def no_login(world):
    with connected(door(world).port) as peer:
        check(peer.is_closed(LOGIN_SECONDS + 15), "still open")
    return "closed by the 20 s of a login"


@contextlib.contextmanager
def descriptors(count):
    """How many more this process may open, up to `count`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield min(count, hard - 500)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def greeted(peer):
    peer.settimeout(PATIENCE_SECONDS)
    with contextlib.suppress(ConnectionError):
        return peer.recv(4096).startswith(b"SSH-")
    return False


@case("S2", f"{HALF_OPEN:,} half-open connections from 100 addresses, and who was there before goes on")
def many_half_open(world):
    at, kept, left, waves = door(world), 0, HALF_OPEN, 0
    sources = [world.new_address() for _ in range(100)]
    with connected(at.port) as before, descriptors(HALF_OPEN) as at_once:
        before.login(at.key)
        while left:
            waves, peers = waves + 1, []
            try:
                for number in range(min(left, at_once)):
                    peers.append(socket.create_connection(("127.0.0.1", at.port), PATIENCE_SECONDS, (sources[number % 100], 0)))
                left -= len(peers)
                answer, out, _, _ = before.run_line("git-upload-pack '/admin/base.git'")
                check(answer == ssh.YES and b"refs/heads/main" in out, "who had proved a key was shut out")
                kept_now = sum(map(greeted, peers))
                check(10 <= kept_now <= STARTUPS_MAX, f"{kept_now} were kept")
                kept += kept_now
            finally:
                for peer in peers:
                    world.reset(peer)
    at.still_serves()
    return f"{kept} of {HALF_OPEN:,} were greeted, the rest closed; all open at once" + (f", but in {waves} waves" if waves > 1 else "")


for about, words in (("HTTP", b"GET / HTTP/1.1\r\n\r\n"), ("an old banner", b"SSH-1.99-old\r\n"), ("zeros", b"\0" * 70_000),
                     ("an endless banner", b"SSH-2.0-" + b"x" * 300_000), ("a packet of 4 GiB", b"SSH-2.0-x\r\n" + b"\xff" * 40_000),
                     ("an empty packet", b"SSH-2.0-x\r\n" + b"\0" * 44), ("lines before the banner", b"hello\r\n" * 20_000)):
    @case("S3", f"instead of a key exchange: {about}")
    def nonsense(world, words=words):
        at = door(world)
        with plain(at.port) as peer:
            with contextlib.suppress(OSError):
                peer.sendall(words)
                peer.shutdown(socket.SHUT_WR)
            gone_within(peer, LOGIN_SECONDS + 15)
        at.still_serves()
        return "closed"
