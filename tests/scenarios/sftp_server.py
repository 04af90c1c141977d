# SPDX-License-Identifier: Apache-2.0
"""Debian's sshd as somebody's own server: a user who gets SFTP, or Git, and no more; and a relay in front of it that counts.

sshd has a mount namespace of its own, where there is a user `web` and a small disk. That needs root.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

from origin_server import PATIENCE_SECONDS, wait_until

UID = 65532
BEGIN = """
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mkdir -p /run/sshd
mount -t tmpfs -o size=256k,mode=777 tmpfs "$1/small"
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
"""
SUBSYSTEM = "Subsystem sftp internal-sftp"


class Relay:
    """TCP to one port, byte for byte. At `stop_at` bytes towards the server it holds still, or hangs up."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.bytes = 0, 0
        self.stop_at = self.hangs_up = None
        self.stopped = threading.Event()
        self.open = set()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.open |= {client, server}
            for source, sink, counts in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=(source, sink, counts), daemon=True).start()

    def pump(self, source, sink, counts):
        try:
            while piece := source.recv(4096):
                if counts:
                    self.bytes += len(piece)
                    if self.stop_at is not None and self.bytes >= self.stop_at:
                        self.stopped.set()
                        if self.hangs_up:
                            break
                        return
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop_after(self, bytes_, hangs_up=False):
        self.hangs_up = hangs_up
        self.stopped.clear()
        self.stop_at = self.bytes + bytes_

    def go_on(self):
        """Connections that were held still are dropped."""
        self.stop_at = None
        for end in self.open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        self.open = set()

    def close(self):
        self.go_on()
        self.listener.close()


class SftpServer:
    def __init__(self, subsystem=SUBSYSTEM, more="", shell="/bin/sh"):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="origind-sftp-"))
        self.place.chmod(0o755)
        (self.place / "small").mkdir()
        self.home = self.place / "home"
        self.home.mkdir()
        os.chown(self.home, UID, 65534)
        self.key = self.new_key("key")
        self.new_key("host_key")
        self.new_key("host_ecdsa", "ecdsa")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.own_port = free.getsockname()[1]
        self.shell = shell
        self.configure(subsystem, more)
        self.process = None
        self.start()
        self.relay = Relay(self.own_port)
        self.port = self.relay.port

    def new_key(self, name, kind="ed25519", *options):
        path = self.place / name
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", *options, "-f", path], check=True)
        return path

    def configure(self, subsystem, more):
        (self.place / "passwd").write_text(
            pathlib.Path("/etc/passwd").read_text() + f"web:x:{UID}:65534::{self.home}:{self.shell}\n")
        (self.place / "shadow").write_text(pathlib.Path("/etc/shadow").read_text() + "web:*:1::::::\n")
        (self.place / "shadow").chmod(0o600)
        shutil.copy(f"{self.key}.pub", self.place / "authorized_keys")
        (self.place / "sshd_config").write_text(
            f"Port {self.own_port}\nListenAddress 127.0.0.1\nHostKey {self.place}/host_key\nHostKey {self.place}/host_ecdsa\nPidFile none\n"
            f"UsePAM no\nMaxStartups 100\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\n"
            f"AuthorizedKeysFile {self.place}/authorized_keys\n{subsystem}\n{more}\n")

    def start(self):
        self.log = self.place / "sshd.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", BEGIN, "sh", str(self.place)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until("sshd to listen", self.listens)

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sshd ended: {self.log.read_text()}")
        return b"Server listening" in self.log.read_bytes()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)

    def host_key(self, name="host_key"):
        """As ssh-keyscan prints it."""
        kind, blob, *_ = (self.place / f"{name}.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {blob}"

    def fingerprint(self, name="host_key"):
        done = subprocess.run(["ssh-keygen", "-lf", self.place / f"{name}.pub"], capture_output=True, text=True, check=True)
        return done.stdout.split()[1]

    def folder(self, name, mode=0o755, owner=UID):
        path = self.home / name
        path.mkdir()
        path.chmod(mode)
        os.chown(path, owner, 65534)
        return path

    def close(self):
        self.relay.close()
        self.stop()
        shutil.rmtree(self.place)
