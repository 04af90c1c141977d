# SPDX-License-Identifier: Apache-2.0
"""Table S, the socket of ssh-shell: anybody on the machine may connect, so anything may come."""
import contextlib
import http.client
import json
import os
import pathlib
import random
import socket
import struct
import tempfile

from harness import CONFIG, PATIENCE_SECONDS, Case, Server, check, wait_until
from ssh_rows import door

CASES = []
ELSEWHERE = []
COMMANDS_MAX, COMMANDS_PER_CLIENT = 100, 50
LIST = b"git-upload-pack '/admin/mine.git'"


def case(name, **more):
    def keep(run):
        CASES.append(Case("S24", name, run, on="none", logs=False, fakeable=False, **more))
        return run
    return keep


class Shell:
    """A server with the socket, and the ticket of one key."""

    def __init__(self, world, stack):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="shell-", dir=world.folder))
        self.path = self.root / "shell.sock"
        (self.root / "config.toml").write_text(CONFIG + f'[ssh]\nshell_socket = "{self.path}"\n')
        self.server = Server(self.root, ["--config", str(self.root / "config.toml")]).init()
        world.secrets.add(f"the key of {self.root.name}", self.server.key)
        self.server.start()
        stack.callback(self.server.stop)
        self.public = door(world).key_file.with_suffix(".pub").read_text()
        self.server.post("/api/ssh-keys", {"publicKey": self.public})
        self.server.post("/api/projects", {"name": "mine"})
        status, answer = self.ask_ticket(self.public)
        check(status == 200, f"no ticket: {status} {answer}")
        self.ticket = answer["ticket"].encode()

    def ask_ticket(self, public):
        answer = self.server.operate("ssh-ticket", {"publicKey": public})
        return answer.status, answer.json

    def connect(self):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(PATIENCE_SECONDS)
        peer.connect(str(self.path))
        return contextlib.closing(peer)

    def say(self, *pieces, shut=True):
        """What comes back to these bytes: (output, errors, exit status or None)."""
        with self.connect() as peer:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    peer.sendall(piece)
                if shut:
                    peer.shutdown(socket.SHUT_WR)
            return answer_of(peer)

    def still_serves(self):
        out, errors, status = self.say(self.ticket + b"\nversion=2\n" + LIST + b"\n")
        check(b"version 2" in out and status == 0, f"{out[:100]} {errors} {status}")


def answer_of(peer):
    got, pieces, status = b"", {b"o": b"", b"e": b""}, None
    with contextlib.suppress(ConnectionError):
        while piece := peer.recv(65536):
            got += piece
    while len(got) >= 5:
        kind, size = got[:1], struct.unpack(">I", got[1:5])[0]
        check(len(got) >= 5 + size, "half a piece")
        if kind == b"x":
            status = got[5]
            check(len(got) == 6, "more after the exit status")
        else:
            pieces[kind] += got[5:5 + size]
        got = got[5 + size:]
    return pieces[b"o"], pieces[b"e"], status


@contextlib.contextmanager
def shell(world):
    with contextlib.ExitStack() as stack:
        yield Shell(world, stack)


def flipped(ticket):
    return [ticket[:at] + bytes([ticket[at] ^ 1]) + ticket[at + 1:] for at in random.Random(1).sample(range(len(ticket)), 20)]


@case("tickets that are none")
def no_tickets(world):
    with shell(world) as at:
        expiry, blob, signature = at.ticket.split(b".")
        other = Shell(world, stack := contextlib.ExitStack())
        with stack:
            foreign = other.ticket
        tickets = [b"", b".", b"..", b"\0" * 100, b"\xff" * 1000, expiry, at.ticket[:-1], at.ticket + b"A", b" " + at.ticket, foreign,
                   b".".join((str(int(expiry) + 1).encode(), blob, signature)), b".".join((expiry, blob, b"")),
                   b".".join((expiry, b"", signature)), b".".join((b"-1", blob, signature)), *flipped(at.ticket)]
        for ticket in tickets:
            out, errors, status = at.say(ticket + b"\n\n" + LIST + b"\n")
            check(out == b"" and status == 128 and b"does not open anything" in errors, f"{ticket[:60]}: {out[:60]} {errors} {status}")
        at.still_serves()
    return f"{len(tickets)} times 128"


@case("a good ticket and a made-up address of the client")
def made_up_addresses(world):
    with shell(world) as at:
        for words, shown in ((b" 192.0.2.7", "192.0.2.7"), (b" 2001:db8::7", "2001:db8::7"), (b" ", "sshd"), (b" UNKNOWN", "sshd"),
                             (b" 192.0.2.7 and more", "sshd"), (b" \x1b[2J", "sshd"), (b" \0", "sshd"), (b" fe80::1%lo", "sshd"),
                             (b" 192.0.2.7\"", "sshd"), (b" " + b"1" * 12_000, "sshd"), (b"  192.0.2.7", "sshd")):
            before = len(at.server.log())
            out, errors, status = at.say(at.ticket + words + b"\n\n" + LIST + b"\n", b"0000")
            check(status == 0, f"{words[:40]}: {out[:60]} {errors} {status}")
            lines = [json.loads(line) for line in at.server.log()[before:].splitlines()]
            told = [line["peer"] for line in lines if line["message"] == "ssh command"]
            check(told == [shown], f"{words[:40]}: the log names {told}")
        at.still_serves()
    return "in the log if it is an address, and nowhere else"


@case("the ticket of a key that was removed, and one for nobody's key")
def removed(world):
    with shell(world) as at:
        key = at.server.get("/api/ssh-keys").json["sshKeys"][0]["keyId"]
        at.still_serves()
        check(at.server.request("DELETE", f"/api/ssh-keys/{key}").status in (200, 204), "not removed")
        out, errors, status = at.say(at.ticket + b"\n\n" + LIST + b"\n")
        check(out == b"" and status == 128, f"{out[:60]} {errors} {status}")
        check(at.ask_ticket(at.public)[0] == 401, "a ticket for nobody's key")
        for public in ("", "ssh-rsa AAAA", "x" * 10_000, at.public + "\n" + at.public, None, 7):
            check(at.ask_ticket(public)[0] in (400, 422), f"a ticket for {public!r}")
    return "128; 401"


@case("who is not the operator asks for a ticket")
def not_the_operator(world):
    with shell(world) as at:
        body = json.dumps({"publicKey": at.public})
        for key in (None, at.server.key):
            answer = at.server.request("POST", "/api/operator/ssh-ticket", json.loads(body), key=key)
            check(answer.status in (401, 404) and b"ticket\"" not in answer.body, f"{answer}")
        connection = http.client.HTTPConnection("127.0.0.1", 1)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(at.path))
        with contextlib.suppress(http.client.BadStatusLine, ConnectionError):
            connection.request("POST", "/api/operator/ssh-ticket", body)
            check(connection.getresponse().status != 200, "the socket of ssh-shell speaks HTTP")
        connection.close()
    return "401 or 404"


@case("first lines that are none: nothing, half, too long, never ending")
def bad_hello(world):
    with shell(world) as at:
        for words in (b"", b"\n", at.ticket, at.ticket + b"\n", at.ticket + b"\nversion=2\n" + LIST, b"x" * 1_000_000, b"\n" * 2,
                      at.ticket + b"\n" + b"v" * 100_000 + b"\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100_000):
            out, errors, status = at.say(words)
            check(out == b"" and status in (128, None), f"{words[:40]}: {out[:60]} {errors} {status}")
        at.still_serves()
    return "128, or closed"


@case("commands that are none, after a good ticket")
def bad_commands(world):
    with shell(world) as at:
        for line in (b"sh", b"id", b"git-upload-pack", LIST + b"; id", b"git-upload-pack --help", b"git-upload-pack '/x", b"\0", b"\xff" * 200,
                     b"x" * 12_000, b"git-upload-pack '../admin/mine.git'", b"git-upload-pack '/nobody/mine.git'", b"scp -t /"):
            out, errors, status = at.say(at.ticket + b"\n\n" + line + b"\n")
            check(out == b"" and status == 128 and errors.startswith(b"origind: "), f"{line[:40]}: {out[:60]} {errors} {status}")
        at.still_serves()
    return "128 with words"


@case("garbage instead of a request, a push that is cut, a client that goes")
def garbage(world):
    with shell(world) as at:
        noise = os.urandom(3_000_000)
        for line in (LIST, b"git-receive-pack '/admin/mine.git'", b"git-receive-pack '/admin/new.git'"):
            for words in (noise, b"ffff" + noise, b"0000" * 50_000, b"0001", b"0032want " + b"f" * 40 + b"\n0000" + noise):
                for protocol in (b"", b"version=2"):
                    at.say(at.ticket + b"\n" + protocol + b"\n" + line + b"\n", words)
            with at.connect() as peer:  # Gone without a word.
                peer.sendall(at.ticket + b"\n\n" + line + b"\n" + noise[:1000])
        names = [row["codeUrl"] for row in at.server.get("/api/projects").json["projects"]]
        check(len(names) == 1, f"{names}")
        at.still_serves()
    return "refused, nothing was made"


@case("more commands than there is room for, and who is silent", slow=True)
def crowd(world):
    with shell(world) as at, contextlib.ExitStack() as stack:
        mine = [stack.enter_context(at.connect()) for _ in range(COMMANDS_PER_CLIENT)]
        for peer in mine:
            peer.sendall(at.ticket + b"\n\n" + LIST + b"\n")
            check(peer.recv(5)[:1] == b"o", "not served")
        out, errors, status = at.say(at.ticket + b"\n\n" + LIST + b"\n", shut=False)
        check(status == 128 and b"too many" in errors, f"{out[:60]} {errors} {status}")
        silent = [stack.enter_context(at.connect()) for _ in range(COMMANDS_MAX)]
        ended = 0
        for peer in silent:
            with contextlib.suppress(ConnectionError):
                while peer.recv(4096):
                    pass
            ended += 1
        check(ended == COMMANDS_MAX, "the silent stay")
        for peer in mine:
            peer.close()
        wait_until("room again", lambda: at.say(at.ticket + b"\n\n" + LIST + b"\n")[2] == 0)
        threads = len(list(pathlib.Path(f"/proc/{at.server.process.pid}/task").iterdir()))
        check(threads < COMMANDS_PER_CLIENT, f"{threads} threads")
    return "refused; the silent are sent away"


@case("a stop in the middle of a command")
def stop(world):
    with shell(world) as at, at.connect() as peer:
        peer.sendall(at.ticket + b"\n\ngit-receive-pack '/admin/mine.git'\n")
        check(peer.recv(5)[:1] == b"o", "no refs came")
        at.server.process.terminate()
        wait_until("the HTTP door to close", lambda: is_shut(at.server.port))
        wait_until("the socket to close", lambda: is_refused(at))
        peer.sendall(b"0000")
        peer.shutdown(socket.SHUT_WR)
        got = b""
        while piece := peer.recv(4096):
            got += piece
        check(got.endswith(b"x\0\0\0\x01\0"), f"the command was cut off: {got[-40:]}")
        check(at.server.process.wait(timeout=20) == 0, "the exit status")
        check(not at.path.exists(), "the socket's file stays")
    return "it came to its end"


def is_shut(port):
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return False
    except OSError:
        return True


def is_refused(at):
    try:
        with at.connect():
            return False
    except OSError:
        return True


for about, value in (("a number", "7"), ("a list", '["/x"]'), ("relative", '"shell.sock"'), ("empty", '""'), ("too long", f'"/{"x" * 200}"'),
                     ("in no folder", '"/nowhere/at/all.sock"'), ("a folder", '"/tmp"'), ("a file", '"/etc/passwd"')):
    @case(f"ssh.shell_socket is {about}")
    def bad_setting(world, value=value):
        from store_rows import last_line, serve, template
        template(world)
        path = pathlib.Path(tempfile.mkstemp(suffix=".toml", dir=world.folder)[1])
        path.write_text(f"[ssh]\nshell_socket = {value}\n")
        status, said = serve(world, world.template.data, "--config", path)
        check(status == 78, f"exit {status}: {said[-300:]}")
        check(pathlib.Path("/etc/passwd").stat().st_mode & 0o777 == 0o644, "a file's mode was changed")
        return f"78: {last_line(said)}"
