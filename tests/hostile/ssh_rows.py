# SPDX-License-Identifier: Apache-2.0
"""Table S, the SSH door: logging in, what may be asked for, names, and bytes that were changed on their way."""
import contextlib
import pathlib
import random
import socket
import subprocess
import tempfile
import threading

import ssh_client as ssh
from harness import CONFIG, PATIENCE_SECONDS, Case, Server, check, environment, git_client
from ssh_client import Raw, connected

CASES = []
ELSEWHERE = []
TRIES_MAX = 7  # `none`, which every client begins with, and six.


def case(row, name, **more):
    more.setdefault("on", "ssh")

    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


class Door:
    """What the rows need of the server with an SSH door: keys, and two projects, `base` and `large`."""
    lock = threading.Lock()

    def __init__(self, world):
        server = world.servers["ssh"]
        self.begin(world, server, int(server.ssh_url.rsplit(":", 1)[1]))
        answer = self.server.post("/api/ssh-keys", {"publicKey": self.key_file.with_suffix(".pub").read_text()})
        check(answer.status in (200, 201), f"no key was added: {answer.status}")
        for name, size in (("base", 2000), ("large", 20_000_000)):
            repo = git_client.Repo(world.folder / f"ssh-{name}", config=["core.compression=0"]).init(self.server.code_url(name))
            self.head = repo.commit(name, **{"noise.bin": random.Random(1).randbytes(size)})
            repo("push", "-q", "origin", "main")

    def begin(self, world, server, port):
        self.server, self.port = server, port
        self.key_file = self.new_key(world, "own")
        self.key = ssh.paramiko.Ed25519Key.from_private_key_file(str(self.key_file))
        self.stranger = ssh.paramiko.Ed25519Key.from_private_key_file(str(self.new_key(world, "stranger")))
        self.words = ["ssh", "-F", "none", "-i", str(self.key_file), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o",
                      "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={world.folder}/known_hosts", "-o", "BatchMode=yes",
                      "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20"]
        return self

    @classmethod
    def of_impostor(cls, world, process, port):
        """What the controls aim the rows at: there is no server but `process`."""
        server = Server(world.folder / "no-server")
        server.process = process
        self = object.__new__(cls).begin(world, server, port)
        self.head = "1" * 40
        return self

    @staticmethod
    def new_key(world, name):
        path = world.folder / f"ssh-key-{name}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
        world.secrets.add(f"the private key {name}", "".join(path.read_text().splitlines()[1:-1])[100:160])
        return path

    def run(self, *words, port=None, options=(), seconds=PATIENCE_SECONDS):
        return subprocess.run([*self.words, *options, "-p", str(port or self.port), "git@127.0.0.1", *words], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=seconds, check=False, env=environment())

    def still_serves(self):
        with connected(self.port) as peer:
            peer.login(self.key)
            answer, out, _, _ = peer.run_line("git-upload-pack '/admin/base.git'")
            check(answer == ssh.YES and b"refs/heads/main" in out, "the door does not serve any more")


def door(world):
    with Door.lock:
        if not hasattr(world, "door"):
            world.door = Door(world)
        return world.door


def plain(port):
    return contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS))


@contextlib.contextmanager
def own_server(world, config=""):
    """A door of its own with the first one's keys and nothing in it."""
    first = door(world)
    root = pathlib.Path(tempfile.mkdtemp(prefix="door-", dir=world.folder))
    (root / "config.toml").write_text(CONFIG + config)
    server = Server(root, ["--config", str(root / "config.toml"), "--ssh", "127.0.0.1:0"]).init()
    world.secrets.add(f"the key of {root.name}", server.key)
    server.start()
    server.post("/api/ssh-keys", {"publicKey": first.key_file.with_suffix(".pub").read_text()})
    try:
        yield server, int(server.ssh_url.rsplit(":", 1)[1]), first.key
    finally:
        server.stop()


# S4 to S7: tries -------------------------------------------------------------------------------------------

def tries_until_closed(peer, one):
    """`one(number)` says a try; returns how many it took until the server closed."""
    for number in range(200):
        if not one(number) or peer.is_closed(0.02):
            return number
    check(peer.is_closed(5), "200 tries were taken")
    return 200


def auth(method, *rest):
    return lambda peer: peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", method, *rest)


for about, method in (("none", auth("none")), ("passwords", auth("password", False, "secret")),
                      ("keyboard-interactive", auth("keyboard-interactive", "", "")), ("an unknown method", auth("magic")),
                      ("hostbased", auth("hostbased", "a", "b", "c", "d", "e")), ("another service", lambda peer: peer.say(
                          ssh.AUTH_REQUEST, "git", "ssh-root", "none")), ("a user of 60 kB", lambda peer: peer.say(
                              ssh.AUTH_REQUEST, "u" * 60_000, "ssh-connection", "password", False, "p" * 1000))):
    @case("S4", f"200 times {about}")
    def methods(world, method=method):
        with connected(door(world).port) as peer:
            peer.ask_service()
            tries_until_closed(peer, lambda _: method(peer))
            answers = []
            while not peer.inbox.empty():
                answers.append(peer.inbox.get()[0])
        check(ssh.AUTH_SUCCESS not in answers, "it was let in")
        check(len(answers) <= TRIES_MAX + 1, f"{len(answers)} answers")
        return f"closed after {len(answers)} answers"


@case("S5", "100 keys offered, the good one last")
def hundred_keys(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.ask_service()
        for _ in range(99):
            key = ssh.paramiko.ECDSAKey.generate()
            peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", False, key.get_name(), key.asbytes())
        peer.prove(at.key)
        check(peer.is_closed(), "still open")
        answers = [kind for kind, _ in peer.inbox.queue]
        # What came in one piece of 4 KiB is answered before it is seen how much it was; no key of it is looked at.
        check(ssh.AUTH_SUCCESS not in answers and len(answers) <= TRIES_MAX + 30, f"{answers}")
    at.still_serves()
    return f"closed after {len(answers)} answers"


def wrong_signature(at, peer):
    return peer.prove(at.key, signature=peer.signed(at.stranger, "ssh-ed25519"))


for about, one in (
        ("a signature by another key", wrong_signature),
        ("a signature for another user", lambda at, peer: peer.prove(at.key, peer.signed(at.key, "ssh-ed25519", user="root"))),
        ("a signature for another service", lambda at, peer: peer.prove(at.key, peer.signed(at.key, "ssh-ed25519", service="x"))),
        ("an empty signature", lambda at, peer: peer.prove(at.key, b"\0\0\0\0")),
        ("a signature of 4 GiB", lambda at, peer: peer.prove(at.key, b"\0\0\0\x0bssh-ed25519\xff\xff\xff\xff")),
        ("no signature", lambda at, peer: peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", True, "ssh-ed25519",
                                                   at.key.asbytes())),
        ("an unknown algorithm", lambda at, peer: peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", False,
                                                           "ssh-rot13", b"\0\0\0\x09ssh-rot13\0\0\0\1a")),
        ("ssh-dss", lambda at, peer: peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", False, "ssh-dss",
                                              b"\0\0\0\x07ssh-dss" + b"\0\0\0\1\5" * 4)),
        ("half a key", lambda at, peer: peer.say(ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", False, "ssh-ed25519",
                                                 at.key.asbytes()[:30])),
        ("a good key asked about, never proved", lambda at, peer: peer.say(
            ssh.AUTH_REQUEST, "git", "ssh-connection", "publickey", False, "ssh-ed25519", at.key.asbytes())),
        ("a request cut short", lambda at, peer: peer.say(ssh.AUTH_REQUEST, "git", Raw(b"\0\0\0\xff"))),
        ("the service again", lambda at, peer: peer.say(ssh.SERVICE_REQUEST, "ssh-userauth"))):
    @case("S6", f"200 times {about}")
    def bad_proofs(world, one=one):
        at = door(world)
        with connected(at.port) as peer:
            peer.ask_service()
            count = tries_until_closed(peer, lambda _: one(at, peer))
            answers = [kind for kind, _ in peer.inbox.queue]
        check(ssh.AUTH_SUCCESS not in answers, "it was let in")
        check(len(answers) <= 2 * TRIES_MAX, f"{len(answers)} answers")
        return f"closed after {count} tries"


for about, *words in (("a success message", ssh.AUTH_SUCCESS), ("exec", ssh.REQUEST, 0, "exec", True, "git-upload-pack '/admin/base.git'"),
                      ("a channel", ssh.OPEN, "session", 0, ssh.WINDOW, ssh.PACKET), ("a global request", ssh.GLOBAL_REQUEST, "x", True),
                      ("data", ssh.DATA, 0, "data"), ("new keys again", ssh.NEWKEYS), ("another key exchange", 30, b"x" * 32),
                      ("a granted service", ssh.SERVICE_ACCEPT, "ssh-connection"), ("connection as service", ssh.SERVICE_REQUEST, "ssh-connection"),
                      ("a key is good", ssh.AUTH_OK_FOR_KEY, "a", "b"), ("message 0", 0), ("message 255", 255, b"x" * 100)):
    for when in ("before the login is asked for", "after it"):
        @case("S7", f"before a key is proved: {about}, {when}")
        def too_early(world, words=words, when=when):
            at = door(world)
            with connected(at.port) as peer:
                if when == "after it":
                    peer.ask_service()
                peer.say(*words)
                peer.say(ssh.OPEN, "session", 1, ssh.WINDOW, ssh.PACKET)
                peer.say(ssh.REQUEST, 0, "exec", True, "git-upload-pack '/admin/base.git'")
                peer.is_closed(0.5)
                answers = {kind for kind, _ in peer.inbox.queue}
                check(not answers & {ssh.OPENED, ssh.YES, ssh.DATA, ssh.AUTH_SUCCESS}, f"it was let in: {answers}")
            at.still_serves()
            return "refused"


# S8 to S11: what is asked for -------------------------------------------------------------------------------

PATHS = ["../admin/base.git", "/admin/../admin/base.git", "//admin/base.git", "/admin//base.git", "~/base.git", "~admin/base.git",
         "admin%2fbase.git", "/%61dmin/base.git", "/admin/base.git\0/x", "/admin/base.git/../large.git", "a" * 64_000, "/" * 64_000,
         "--upload-pack=id", "-oProxyCommand=id", "", ".", "..", "/etc/passwd", "/admin/base.git\n", "admin\\base.git", "\xff\xfe"]
for path in PATHS:
    @case("S8", f"the repository {path[:40]!r}")
    def paths(world, path=path):
        at = door(world)
        for line in (f"git-upload-pack '{path}'", f"git-receive-pack '{path}'"):
            with connected(at.port) as peer:
                peer.login(at.key)
                answer, out, errors, status = peer.run_line(line)
                check(out == b"" and (answer is None or status == 128), f"{line[:40]!r}: {answer} {out[:60]!r} {errors[:60]!r} {status}")
        return "128"


for about, line in (("an option", "git-upload-pack --upload-pack=id '/admin/base.git'"), ("another program", "sh -c id"),
                    ("a second command", "git-upload-pack '/admin/base.git'; id"), ("a substitution", "git-upload-pack $(id)"),
                    ("an open quote", "git-upload-pack '/admin/base.git"), ("nothing", ""), ("1 MB", "git-upload-pack " + "x" * 200_000),
                    ("scp", "scp -t /"), ("zeros", "\0" * 1000)):
    @case("S8", f"the command is {about}")
    def lines(world, line=line):
        at = door(world)
        with connected(at.port) as peer:
            peer.login(at.key)
            answer, out, _, status = peer.run_line(line)
            check(out == b"" and (answer in (None, ssh.NO) or status == 128), f"{answer} {out[:60]!r} {status}")
        return "128"


@case("S9", "20,000 variables, long ones, and GIT_PROTOCOL that is none")
def variables(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        channel = peer.open()
        for number in range(20_000):
            peer.say(ssh.REQUEST, channel, "env", False, f"V{number}", "v" * 100)
        for name, value in (("GIT_PROTOCOL", "version=" + "9" * 30_000), ("GIT_PROTOCOL", "\0" * 100), ("LD_PRELOAD", "/tmp/x.so"),
                            ("GIT_DIR", "/"), ("PATH", "."), ("", "")):
            answer = peer.ask(channel, "env", name, value)
            check(name == "GIT_PROTOCOL" or answer == ssh.NO, f"{name} was taken")
        check(peer.ask(channel, "exec", "git-upload-pack '/admin/base.git'") == ssh.YES, "not served afterwards")
    return "only GIT_PROTOCOL is taken"


for about, *fields in (("pty-req", "xterm", 80, 24, 0, 0, ""), ("x11-req", False, "MIT-MAGIC-COOKIE-1", "00", 0),
                       ("auth-agent-req@openssh.com",), ("subsystem", "sftp"), ("subsystem", "x" * 30_000), ("signal", "KILL"),
                       ("window-change", 1, 2, 3, 4), ("break", 5), ("x" * 30_000,), ("exec",), ("exec", Raw(b"\xff\xff\xff\xff"))):
    @case("S10", f"a channel asks for {about[:30]}")
    def requests(world, about=about, fields=fields):
        at = door(world)
        with connected(at.port) as peer:
            peer.login(at.key)
            peer.say(ssh.REQUEST, peer.open(), about, True, *fields)
            peer.say(ssh.GLOBAL_REQUEST, "is-anybody@there", True)
            kind, _ = peer.hear(ssh.YES, ssh.NO, ssh.REQUEST_FAILURE)
            check(kind != ssh.YES, "granted")
        at.still_serves()
        return "refused"


for about, *rest in (("direct-tcpip", "127.0.0.1", 22, "127.0.0.1", 1), ("forwarded-tcpip", "a", 1, "b", 2), ("x11", "a", 1),
                     ("auth-agent@openssh.com",), ("direct-streamlocal@openssh.com", "/run/x", "", 0), ("tun@openssh.com", 1, 1), ("", )):
    @case("S10", f"a channel of the kind {about!r}")
    def channels(world, about=about, rest=rest):
        at = door(world)
        with connected(at.port) as peer:
            peer.login(at.key)
            check(peer.open(ssh.WINDOW, ssh.PACKET, 0, about, *rest) is None, "opened")
        return "refused"


for about, *rest in (("tcpip-forward", "0.0.0.0", 0), ("cancel-tcpip-forward", "a", 1), ("streamlocal-forward@openssh.com", "/tmp/x"),
                     ("hostkeys-prove-00@openssh.com", "x"), ("no-more-sessions@openssh.com",)):
    @case("S10", f"the whole connection asks for {about}")
    def global_requests(world, about=about, rest=rest):
        at = door(world)
        with connected(at.port) as peer:
            peer.login(at.key)
            peer.say(ssh.GLOBAL_REQUEST, about, True, *rest)
            check(peer.hear(ssh.REQUEST_SUCCESS, ssh.REQUEST_FAILURE)[0] == ssh.REQUEST_FAILURE, "granted")
        return "refused"


@case("S11", "a second command on a channel, of each kind")
def second_command(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        channel = peer.open()
        check(peer.ask(channel, "exec", "git-upload-pack '/admin/base.git'") == ssh.YES, "the first one")
        for kind, *fields in (("exec", "git-receive-pack '/admin/base.git'"), ("shell",), ("subsystem", "sftp"), ("env", "GIT_PROTOCOL", "version=2")):
            check(peer.ask(channel, kind, *fields) == ssh.NO, f"{kind} was taken")
    return "refused"


@case("S11", "exec and data on a channel that the server has closed and we have not")
def after_close(world):
    at = door(world)
    with connected(at.port) as peer:
        peer.login(at.key)
        channel = peer.open()
        peer.ask(channel, "shell")
        check(peer.hear(ssh.CLOSE)[0] == ssh.CLOSE, "not closed")
        for _ in range(500):
            peer.say(ssh.REQUEST, channel, "exec", True, "git-upload-pack '/admin/large.git'")
            peer.say(ssh.REQUEST, channel, "shell", True)
            peer.say(ssh.DATA, channel, "x" * 1000)
            peer.say(ssh.EXTENDED, channel, 1, "x" * 1000)
            peer.say(ssh.EOF, channel)
            peer.say(ssh.ADJUST, channel, 1000)
        peer.say(ssh.CLOSE, channel)
        peer.say(ssh.CLOSE, channel)
        peer.say(ssh.REQUEST, channel, "exec", True, "x")
        while not peer.inbox.empty():
            check(peer.inbox.get()[0] not in (ssh.YES, ssh.DATA), "it was served")
    at.still_serves()
    return "refused or cut off"


@case("S11", "2,000 channels, each closed by one side alone")
def half_closed(world):
    at = door(world)
    opened = 0
    with connected(at.port) as peer:
        peer.login(at.key)
        for number in range(2000):
            if (channel := peer.open(mine=number)) is None:
                continue
            opened += 1
            peer.say(ssh.REQUEST, channel, "shell", False)
    check(opened <= 4, f"{opened} were opened")
    with connected(at.port) as peer:
        peer.login(at.key)
        for number in range(2000):
            peer.say(ssh.OPEN, "session", number, ssh.WINDOW, ssh.PACKET)
            peer.say(ssh.CLOSE, 43 + number)
        peer.say(ssh.GLOBAL_REQUEST, "x", True)
        peer.hear(ssh.REQUEST_FAILURE)
    at.still_serves()
    return f"{opened} were opened"
