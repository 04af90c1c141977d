# SPDX-License-Identifier: Apache-2.0
"""The doors that Git comes in by, as a story sees them: a URL, a key, what git is told, and words as they are on the wire.

A story asks its `door` and is the same over each; door_table.py says which stories run over which. `who` is a key that
`key` gave; None: the admin's.
"""
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from origin_server import PATIENCE_SECONDS, ROOT, program, wait_until

NOT_FINISHED = 5000  # Bytes that a cut request promises and does not send.


class Http:
    NAME = VIA = "http"
    OPTIONS = ()  # Of the server.
    NOT_THERE = "not found"  # What git shows when a project is not there for this key.
    FORBIDDEN = "403"
    NO_KEY = "Authentication failed|could not read|401"
    ANOTHER = " ssh command "  # A line of the log that shows another door in use.

    def __init__(self, server):
        self.server = server

    @classmethod
    def prepare(cls, server):
        """Before the server starts: what it has to be told (TOML)."""
        return ""

    def close(self):
        pass

    def key(self, client=None, **limits):
        """A key of `client`, with `scopes` and `projects`."""
        return self.server.make_key(client=client, **limits)["key"]

    def unknown_key(self):
        return "wrong"

    def url(self, path, who=None):
        return f"http://dev:{who or self.server.key}@127.0.0.1:{self.server.port}{path}"

    def config(self, who=None):
        """Settings for git."""
        return ()

    def say(self, service, path, body, cut=False):
        """(whether it was taken, the answer after the refs) of a request to git-upload-pack or -receive-pack, as it is.

        `cut`: the request promises more and ends.
        """
        if not cut:
            answer = self.server.request("POST", f"{path}/{service}", body, headers={"Content-Type": f"application/x-{service}-request"})
            return answer.status == 200, answer.body
        head = [f"POST {path}/{service} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}", f"Authorization: Bearer {self.server.key}",
                f"Content-Type: application/x-{service}-request", f"Content-Length: {len(body) + NOT_FINISHED}", "", ""]
        got = self.server.raw("\r\n".join(head).encode() + body, end=True)
        return got.startswith(b"HTTP/1.1 200"), got


class Ssh(Http):
    """OpenSSH's client, with keys and known hosts of its own."""
    NAME = VIA = "ssh"
    OPTIONS = ("--ssh", "127.0.0.1:0")
    NOT_THERE = "no such project"
    FORBIDDEN = "read access only|git:write"
    NO_KEY = r"Permission denied \(publickey\)"
    ANOTHER = r" path=\S+/(info/refs|git-(upload|receive)-pack) status=200"

    def __init__(self, server):
        super().__init__(server)
        self.numbers = itertools.count()
        self.own = self.new_key("own")
        self.add_key(self.own)

    @property
    def address(self):
        """(host, port)"""
        host, port = self.server.ssh_url.removeprefix("ssh://").rsplit(":", 1)
        return host, int(port)

    def new_key(self, name, kind="ed25519", *options):
        path = self.server.root / f"key-{name}"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-C", name, "-f", str(path)], check=True)
        return path

    def add_key(self, path, *options):
        return self.server.command_json("key", "add-ssh", "--data", self.server.data, *options, f"{path}.pub")

    def key(self, client=None, **limits):
        path = self.unknown_key()
        body = {"publicKey": pathlib.Path(f"{path}.pub").read_text(), **limits, **({"clientId": client} if client else {})}
        answer = self.server.post("/api/ssh-keys", body)
        assert answer.status == 201, answer
        return path

    def unknown_key(self):
        return self.new_key(f"number-{next(self.numbers)}")

    def url(self, path, who=None):
        return "ssh://git@{}:{}".format(*self.address) + path

    def words(self, who=None, *options):
        return ["ssh", "-F", "none", "-i", str(who or self.own), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
                "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.server.root}/known_hosts",
                "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", *options]

    def config(self, who=None):
        return (f"core.sshCommand={' '.join(self.words(who))}", "ssh.variant=ssh")

    def command(self, *words, who=None, options=()):
        host, port = self.address
        return [*self.words(who, *options), "-p", str(port), f"git@{host}", *words]

    def run(self, *words, who=None, options=(), data=b""):
        """ssh to the door itself, with a command perhaps: the finished process, its output as bytes."""
        return subprocess.run(self.command(*words, who=who, options=options), input=data, capture_output=True,
                              timeout=PATIENCE_SECONDS, check=False)

    def say(self, service, path, body, cut=False):
        words = f"{service} '{path}'"
        if not cut:
            done = self.run(words, data=body)
            return done.returncode == 0, after_refs(done.stdout)
        with subprocess.Popen(self.command(words), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as left:
            assert left.stdout.read(4)  # It listens.
            left.stdin.write(body)
            left.stdin.flush()
            left.kill()
            return False, b""


def after_refs(said):
    """What comes behind the first flush."""
    at = 0
    while at + 4 <= len(said):
        length = int(said[at:at + 4], 16)
        at += max(length, 4)
        if length == 0:
            break
    return said[at:]


GIT_UID = 65533
BEGIN = """
set -e
mount -t tmpfs -o mode=755 tmpfs /mnt
cp "$1" /mnt/origind
chmod 755 /mnt/origind
mount --bind "$2/passwd" /etc/passwd
mount --bind "$2/shadow" /etc/shadow
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f "$2/sshd_config"
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Sshd(Ssh):
    """Debian's sshd beside one origind, with the very file that contrib/openssh has, on a free port. It has a mount
    namespace of its own, where there is a user `git` who may not open the data folder. That needs root.
    """
    NAME = "sshd"
    OPTIONS = ()

    @classmethod
    def prepare(cls, server):
        server.place = pathlib.Path(tempfile.mkdtemp(prefix="origind-sshd-"))
        server.place.chmod(0o755)
        return f'[ssh]\nshell_socket = "{server.place}/shell.sock"\n'

    def __init__(self, server):
        super().__init__(server)
        self.place = server.place
        self.port = free_port()
        self.log = self.place / "sshd.log"
        self.configure()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", BEGIN, "sh", os.path.realpath(program()), str(self.place)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until("sshd to listen", self.listens)

    @property
    def address(self):
        return "127.0.0.1", self.port

    def configure(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.place / "host_key"], check=True)
        (self.place / "passwd").write_text(pathlib.Path("/etc/passwd").read_text() + f"git:x:{GIT_UID}:65534::/:/bin/sh\n")
        (self.place / "shadow").write_text(pathlib.Path("/etc/shadow").read_text() + "git:*:1::::::\n")
        (self.place / "shadow").chmod(0o600)
        config = (ROOT / "contrib/openssh/origind.conf").read_text()
        for theirs, ours in (("/usr/local/bin/origind", "/mnt/origind"), ("/var/lib/origind", str(self.server.data)),
                             ("/run/origind/shell.sock", str(self.place / "shell.sock")), ("CommandUser origind", "CommandUser root")):
            assert theirs in config
            config = config.replace(theirs, ours)
        (self.place / "origind.conf").write_text(config)
        (self.place / "sshd_config").write_text(  # As Debian's: what is included comes first.
            f"Include {self.place}/origind.conf\nPort {self.port}\nListenAddress 127.0.0.1\nHostKey {self.place}/host_key\nPidFile none\n"
            f"UsePAM no\nMaxStartups 100\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n")

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sshd ended: {self.log.read_text()}")
        return b"Server listening" in self.log.read_bytes()

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)
        shutil.rmtree(self.place)


KINDS = {kind.NAME: kind for kind in (Http, Ssh, Sshd)}
