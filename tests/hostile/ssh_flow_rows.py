# SPDX-License-Identifier: Apache-2.0
"""Table S, the SSH door: floods, windows and packet sizes, rekeying, vanishing, changed bytes, limits, the stop."""
import contextlib
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import ssh_client as ssh
from harness import PATIENCE_SECONDS, ZERO, Case, check, environment, pkt, wait_until
from ssh_client import Proxy, connected
from ssh_rows import door, own_server, plain
from watch import status_of

CASES = []
ELSEWHERE = []
STALLED_SECONDS = 120
FETCH = "git-upload-pack '/admin/large.git'"


def case(row, name, **more):
    more.setdefault("on", "ssh")

    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def ask_for_all(peer, at, channel, head=None):
    """After exec of FETCH: wants what there is. 20 MB come back."""
    check(peer.hear(ssh.DATA)[0] == ssh.DATA, "no refs came")
    peer.say(ssh.DATA, channel, pkt(f"want {head or at.head} no-progress\n") + b"0000" + pkt("done\n"))


def begun_clone(peer, at, window=2 ** 21, **more):
    """A clone whose window is full, or which streams: the channel."""
    peer.login(at.key)
    channel = peer.open(window=window, **more)
    check(peer.ask(channel, "exec", FETCH) == ssh.YES, "no fetch")
    ask_for_all(peer, at, channel)
    return channel


# S12, S13: floods -----------------------------------------------------------------------------------------

for about, fields in (("errors", (ssh.EXTENDED, 1)), ("data of an unknown kind", (ssh.EXTENDED, 77)), ("data", (ssh.DATA,))):
    for when in ("to a command", "to a channel without one"):
        @case("S12", f"100 MB of {about} {when}, whatever the window")
        def flood(world, fields=fields, when=when):
            at = door(world)
            with connected(at.port) as peer:
                peer.login(at.key)
                channel = peer.open()
                if when == "to a command":
                    peer.ask(channel, "exec", "git-receive-pack '/admin/base.git'")
                kind, *rest = fields
                for _ in range(3200):
                    if not peer.say(kind, channel, *rest, b"e" * 32_000):
                        break
            at.still_serves()
            return "dropped, or cut off"


for about, words in (("requests", lambda channel: (ssh.REQUEST, channel, "env", True, "A", "b")),
                     ("global requests", lambda channel: (ssh.GLOBAL_REQUEST, "keepalive@openssh.com", True)),
                     ("channels", lambda channel: (ssh.OPEN, "x11", 9, 1, 1)), ("ignored messages", lambda channel: (ssh.IGNORE, b"x" * 100)),
                     ("unknown messages", lambda channel: (199, b"x")), ("window", lambda channel: (ssh.ADJUST, channel, 2 ** 32 - 1)),
                     ("wrong channels", lambda channel: (ssh.DATA, 12345, b"x"))):
    @case("S13", f"30,000 {about}, and no answer is read")
    def unread_answers(world, words=words):
        at = door(world)
        with connected(at.port) as peer:
            peer.login(at.key)
            channel = peer.open()
            peer.gate.opened.clear()
            peer.gate.peer.settimeout(1)  # A send that does not go on for so long is given up.
            for _ in range(30_000):
                if not peer.say(*words(channel)):
                    break
        at.still_serves()
        return "no more is taken than answered"


# S14: windows and sizes -----------------------------------------------------------------------------------

@case("S14", "a window of zero during a clone", slow=True)
def window_zero(world):
    at = door(world)
    with connected(at.port) as peer:
        begun_clone(peer, at, window=4096)
        check(peer.is_closed(STALLED_SECONDS + 60), "still open")
    return "closed by the 120 s of a command"


@case("S14", "a window that grows by one byte at a time during a clone")
def window_of_one(world):
    at = door(world)
    with connected(at.port) as peer:
        channel = begun_clone(peer, at, window=4096)
        for _ in range(3000):
            check(peer.say(ssh.ADJUST, channel, 1), "closed")
    at.still_serves()
    return "served byte by byte"


for size in (0, 1, 9, 10, 11, 12, 30, 100, 2 ** 31, 2 ** 32 - 1):
    @case("S15", f"packets of at most {size} bytes")
    def packet_size(world, size=size):
        at = door(world)
        for line in (FETCH, "git-upload-pack '/nobody/nothing.git'", "id"):  # What is first written: data, or errors.
            with connected(at.port) as peer:
                peer.login(at.key)
                channel = peer.open(packet=size)
                if channel is not None and peer.ask(channel, "exec", line) == ssh.YES:
                    peer.hear(ssh.DATA, ssh.EXTENDED, ssh.CLOSE)
        at.still_serves()
        return "cut off, or served in larger ones"


@case("S15", "packets of 10 bytes, and a shell")
def packet_size_of_greeting(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        peer.ask(peer.open(packet=10), "shell")
        check(peer.is_closed(20), "not cut off")
    check("its packets are too small" in at.server.log(), "not for its packets")
    at.still_serves()
    return "cut off"


# S16: a rekey that is begun and left ----------------------------------------------------------------------

def resident_kib(at):
    return int(status_of(at.server.process.pid)["VmRSS"])


def begin_rekey(peer):
    """Says which algorithms we have, and then nothing about keys."""
    peer._parse_kex_init = lambda said: None
    peer._handler_table = {**peer._handler_table, ssh.KEXINIT: lambda self, said: None}
    peer._send_kex_init()


@case("S16", "a rekey begun during a clone and left, the window as large as can be", slow=True)
def stalled_rekey(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        channel = peer.open(window=2 ** 32 - 1)
        peer.ask(channel, "exec", FETCH)
        check(peer.hear(ssh.DATA)[0] == ssh.DATA, "no refs came")
        begin_rekey(peer)
        before, most = resident_kib(at), 0
        peer.say(ssh.DATA, channel, pkt(f"want {at.head} no-progress\n") + b"0000" + pkt("done\n"))
        end = time.monotonic() + STALLED_SECONDS + 60
        while not peer.is_closed(0.2):
            most = max(most, resident_kib(at))
            check(time.monotonic() < end, "still open")
        check(most - before < 14_000, f"{most - before} KiB were kept for it")
        check(sum(1 for kind, _ in peer.inbox.queue if kind == ssh.DATA) < 20, "data came during the key exchange")
    return "closed by the 120 s of a command, little was kept for it"


@case("S16", "a rekey begun and left, and 200,000 requests")
def requests_in_rekey(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        peer.open()
        begin_rekey(peer)
        for _ in range(200_000):
            if not peer.say(ssh.GLOBAL_REQUEST, "x", True):
                break
        check(peer.is_closed(30), "still open")
    at.still_serves()
    return "cut off"


@case("S16", "ten rekeys in the middle of a clone", logs=False)
def honest_rekeys(world):
    at = door(world)
    folder = pathlib.Path(tempfile.mkdtemp(dir=world.folder))
    ssh_line = " ".join([*at.words, "-o", "RekeyLimit=2M"])
    done = subprocess.run(["git", "-c", f"core.sshCommand={ssh_line}", "-c", "ssh.variant=ssh", "clone", "-q",
                           f"ssh://git@127.0.0.1:{at.port}/admin/large.git", str(folder / "clone")], capture_output=True, check=False,
                          timeout=PATIENCE_SECONDS, env=environment())
    check(done.returncode == 0, done.stderr.decode()[:300])
    shutil.rmtree(folder)
    return "whole"


# S17: peers that go ---------------------------------------------------------------------------------------

@case("S17", "30 clients that vanish in the middle of a clone and of a push")
def vanish(world):
    at = door(world)
    for number in range(30):
        with connected(at.port) as peer:
            if number % 2:
                begun_clone(peer, at)
                peer.hear(ssh.DATA)
            else:
                peer.login(at.key)
                channel = peer.open()
                peer.ask(channel, "exec", "git-receive-pack '/admin/base.git'")
                peer.say(ssh.DATA, channel, pkt(f"{ZERO} {at.head} refs/heads/x\0 report-status\n") + b"0000PACK" + struct.pack(">II", 2, 9))
            peer.gate.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.gate.peer.close()
    at.still_serves()
    return "nothing is left of them"


# S18 to S20: bytes changed on their way --------------------------------------------------------------------

def passed_through(at, touch):
    """A real client's listing through a proxy; returns its exit status."""
    proxy = Proxy(at.port, touch)
    try:
        return at.run("git-upload-pack '/admin/base.git'", port=proxy.port, options=("-o", "UserKnownHostsFile=/dev/null")).returncode
    finally:
        proxy.close()


@case("S18", "one bit flipped at 120 places of what a real client and the server say")
def flipped(world):
    at, dice = door(world), random.Random(20)
    good = 0
    for number in range(120):
        way, place, bit = ("up", "down")[number % 2], dice.randrange(4000), 1 << dice.randrange(8)

        def touch(which, begins, piece, way=way, place=place, bit=bit):
            if which == way and begins <= place < begins + len(piece):
                changed = bytearray(piece)
                changed[place - begins] ^= bit
                return bytes(changed)
            return piece
        good += passed_through(at, touch) == 0
    at.still_serves()
    return f"{good} did not reach the flipped byte or did not mind"


@case("S19", "what a real client says, cut off at 60 places")
def cut(world):
    at, dice = door(world), random.Random(21)
    for _ in range(60):
        place = dice.randrange(3500)
        passed_through(at, lambda which, begins, piece, place=place: piece if which == "down" or begins + len(piece) < place else None)
    at.still_serves()
    return "each ended"


def story(peer, at):
    """What an honest client says, from the login to a push's end."""
    peer.say(ssh.SERVICE_REQUEST, "ssh-userauth")
    peer.prove(at.key)
    peer.say(ssh.OPEN, "session", 0, ssh.WINDOW, ssh.PACKET)
    for number in range(1):
        peer.say(ssh.REQUEST, 43 + number, "env", True, "GIT_PROTOCOL", "version=2")
        peer.say(ssh.REQUEST, 43 + number, "exec", True, "git-receive-pack '/admin/base.git'")
        peer.say(ssh.DATA, 43 + number, b"0000")
        peer.say(ssh.ADJUST, 43 + number, 1000)
        peer.say(ssh.EXTENDED, 43 + number, 1, b"x")
        peer.say(ssh.EOF, 43 + number)
        peer.say(ssh.CLOSE, 43 + number)


def mutation(dice, every):
    """Changes one message in `every`: a bit, its length, its type, or its place."""
    held = []

    def change(said):
        if dice.randrange(every):
            return said
        how, changed = dice.randrange(6), bytearray(said)
        if how == 0:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        elif how == 1:
            changed = changed[:max(1, dice.randrange(len(changed)))]
        elif how == 2:
            changed += dice.randbytes(dice.randrange(1, 200))
        elif how == 3:
            changed[0] = dice.randrange(256)
        elif how == 4 and len(changed) > 5:
            at = dice.randrange(1, len(changed) - 4)
            changed[at:at + 4] = struct.pack(">I", dice.choice((0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 35000)))
        else:
            held.append(said)
            return None if len(held) < 2 else held.pop(0)
        return bytes(changed)
    return change


for first in range(0, 400, 100):
    @case("S20", f"a client that is wrong below the encryption, seeds {first} to {first + 99}")
    def mutated(world, first=first):
        at, let_in = door(world), 0
        for seed in range(first, first + 100):
            with contextlib.suppress(ssh.paramiko.SSHException, EOFError, OSError), connected(at.port) as peer:
                peer.change = mutation(random.Random(seed), 3)
                story(peer, at)
                peer.is_closed(0.05)
                let_in += any(kind == ssh.OPENED for kind, _ in peer.inbox.queue)
        at.still_serves()
        return f"100 sessions, {let_in} came as far as a channel"


@case("S20", "a client that is wrong in the key exchange, 60 seeds", slow=True)
def mutated_exchange(world):
    at = door(world)
    for seed in range(60):
        with contextlib.suppress(ssh.paramiko.SSHException, EOFError, OSError):
            with connected(at.port, before=lambda peer, seed=seed: setattr(peer, "change", mutation(random.Random(seed), 2))) as peer:
                story(peer, at)
    at.still_serves()
    return "each ended"


# S21, S22: limits an operator sets, and the stop: servers of their own ---------------------------------------

def refused(port, **more):
    try:
        with connected(port, **more):
            return False
    except (ssh.paramiko.SSHException, EOFError, OSError):
        return True


@case("S21", "more connections than an address, a client and the door may have", on="none", logs=False)
def caps(world):
    with contextlib.ExitStack() as stack:
        server, port, key = stack.enter_context(own_server(
            world, "[ssh]\nconnections = 6\nconnections_per_address = 4\nconnections_per_client = 3\n"))
        peers = [stack.enter_context(connected(port)).login(key) for _ in range(3)]
        fourth = stack.enter_context(connected(port))
        fourth.ask_service()
        fourth.prove(key)
        check(fourth.hear(ssh.AUTH_SUCCESS, ssh.AUTH_FAILURE)[0] == ssh.AUTH_FAILURE, "a client may have four")
        check(refused(port), "an address may have five")
        others = [stack.enter_context(connected(port, source=f"127.0.0.{number}")) for number in (2, 3)]
        check(refused(port, source="127.0.0.4"), "the door may have seven")
        peers[0].close()
        wait_until("one connection more", lambda: not refused(port, source="127.0.0.4"))
        check(all(peer.is_alive() for peer in [*peers[1:], *others]), "others were cut off")
        wait_until("the log to tell", lambda: "ssh connections refused" in server.log())
    return "3, 4 and 6"


@case("S21", "a login grace and an idle time of a second", on="none", logs=False)
def times(world):
    with own_server(world, "[ssh]\nlogin_seconds = 1\nidle_seconds = 1\n") as (server, port, key):
        with connected(port) as silent:
            check(silent.is_closed(20), "a login takes for ever")
        with connected(port) as idle:
            idle.login(key)
            idle.open()
            check(idle.is_closed(20), "an idle connection stays")
        check("nothing to do" in server.log() and "in time" in server.log(), "the log does not say why")
    return "both closed"


@case("S21", "a peer that vanished would be noticed: the kernel asks for it", logs=False)
def keep_alive(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        mine = peer.gate.peer.getsockname()[1]

        def timer():
            rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            return next(row[5] for row in rows if row[1].endswith(f":{at.port:04X}") and row[2].endswith(f":{mine:04X}"))
        wait_until("what was sent to be confirmed", lambda: not timer().startswith("01:"), 20)
        check(timer().startswith("02:") and int(timer()[3:], 16) <= 3100, f"no keepalive timer of 30 s: {timer()}")
    return "within 30 s"


@case("S22", "a stop in the middle of a clone", on="none", logs=False)
def stop(world):
    with own_server(world) as (server, port, key), connected(port) as peer, connected(port) as idle:
        idle.login(key)
        peer.login(key)
        channel = peer.open()
        check(peer.ask(channel, "exec", "git-receive-pack '/admin/new.git'") == ssh.YES, "no push")
        check(peer.hear(ssh.DATA)[0] == ssh.DATA, "no refs came")
        server.process.terminate()
        check(idle.is_closed(20), "an idle connection stays")
        check(refused(port), "it takes new ones")
        peer.say(ssh.OPEN, "session", 1, ssh.WINDOW, ssh.PACKET)
        check(peer.hear(ssh.OPENED, ssh.NOT_OPENED)[0] == ssh.NOT_OPENED, "it takes new commands")
        peer.say(ssh.DATA, channel, b"0000")
        peer.say(ssh.EOF, channel)
        check(peer.hear(ssh.CLOSE)[0] == ssh.CLOSE, "the command that ran was cut off")
        check(server.process.wait(timeout=20) == 0, "the exit status")
    return "what ran came to its end"


def is_shut(port):
    try:
        with plain(port):
            return False
    except OSError:
        return True


@case("S22", "a stop shuts both doors at once, while commands run at each", on="none", logs=False)
def stop_both(world):
    with own_server(world) as (server, port, key), connected(port) as peer, plain(server.port) as http:
        peer.login(key)
        channel = peer.open()
        check(peer.ask(channel, "exec", "git-receive-pack '/admin/new.git'") == ssh.YES, "no push")
        check(peer.hear(ssh.DATA)[0] == ssh.DATA, "no refs came")
        http.sendall(f"POST /api/projects HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.key}\r\n"
                     "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n".encode())
        check(http.recv(4096).startswith(b"HTTP/1.1 100"), "the request was not begun")
        server.process.terminate()
        wait_until("the HTTP door to close", lambda: is_shut(server.port))  # Were it the second, the push would be cut off.
        wait_until("the SSH door to close", lambda: is_shut(port))
        http.sendall(b'{"name":"late"}')
        peer.say(ssh.DATA, channel, b"0000")
        peer.say(ssh.EOF, channel)
        # An exit status: also a command that is cut off ends with CLOSE.
        check(peer.hear(ssh.REQUEST, ssh.CLOSE)[0] == ssh.REQUEST, "the command that ran was cut off")
        check(http.recv(4096).startswith(b"HTTP/1.1 "), "the request that ran was cut off")
        check(server.process.wait(timeout=20) == 0, "the exit status")
    return "what ran at each came to its end"
