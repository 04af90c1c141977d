# SPDX-License-Identifier: Apache-2.0
"""An SSH client that says what no honest one says: key exchange and encryption are paramiko's, every message after is ours."""
import contextlib
import logging
import queue
import select
import socket
import sys
import threading
import warnings

warnings.simplefilter("ignore")  # It is older than the library of ciphers below it.
try:
    import paramiko
except ModuleNotFoundError:  # Debian's package, and a python3 that is not Debian's.
    sys.path.append("/usr/lib/python3/dist-packages")
    import paramiko

from harness import PATIENCE_SECONDS, Wrong, check

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

DISCONNECT, IGNORE, UNIMPLEMENTED, SERVICE_REQUEST, SERVICE_ACCEPT, KEXINIT, NEWKEYS = 1, 2, 3, 5, 6, 20, 21
AUTH_REQUEST, AUTH_FAILURE, AUTH_SUCCESS, AUTH_OK_FOR_KEY = 50, 51, 52, 60
GLOBAL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 80, 81, 82
OPEN, OPENED, NOT_OPENED, ADJUST, DATA, EXTENDED, EOF, CLOSE, REQUEST, YES, NO = range(90, 101)
WINDOW, PACKET = 2 ** 21, 32768


class Raw(bytes):
    """Bytes that go into a message as they are, without their length."""


def message(kind, *fields):
    """Numbers are 32 bits, text and bytes strings, truths one byte."""
    made = paramiko.Message()
    made.add_byte(bytes([kind]))
    for field in fields:
        if isinstance(field, Raw):
            made.add_bytes(field)
        elif isinstance(field, bool):
            made.add_boolean(field)
        elif isinstance(field, int):
            made.add_int(field)
        else:
            made.add_string(field)
    return made


class Gate:
    """A socket that can be told to read no more."""

    def __init__(self, peer):
        self.peer, self.opened, self.over = peer, threading.Event(), False
        self.opened.set()

    def recv(self, count):
        while not self.opened.wait(0.1):
            if self.over:
                return b""
        return self.peer.recv(count)

    def close(self):
        self.over = True
        self.peer.close()

    def __getattr__(self, name):
        return getattr(self.peer, name)


class RawSsh(paramiko.Transport):
    """One connection. `hear` gives what came; closed without a word where it is not asked for."""
    _handler_table = dict(paramiko.Transport._handler_table)
    _channel_handler_table = {}
    for _kind in (SERVICE_ACCEPT, AUTH_FAILURE, AUTH_SUCCESS, AUTH_OK_FOR_KEY, 53, GLOBAL_REQUEST, REQUEST_SUCCESS,
                  REQUEST_FAILURE, UNIMPLEMENTED, *range(OPEN, NO + 1)):
        _handler_table[_kind] = lambda self, said, kind=_kind: self.inbox.put((kind, said))

    def __init__(self, port, source="127.0.0.1"):
        peer = socket.socket()
        peer.bind((source, 0))
        peer.settimeout(PATIENCE_SECONDS)
        peer.connect(("127.0.0.1", port))
        self.inbox, self.gate, self.change = queue.Queue(), Gate(peer), None
        super().__init__(self.gate)
        self.banner_timeout = self.handshake_timeout = PATIENCE_SECONDS
        self.daemon = True

    def _ensure_authed(self, ptype, message):
        return None

    def _send_message(self, data):
        """`change`: what is done to each message before it is encrypted."""
        if self.change is not None:
            said = self.change(data.asbytes())
            if said is None:
                return
            data = paramiko.Message(said)
        super()._send_message(data)

    def begin(self):
        self.start_client(timeout=PATIENCE_SECONDS)
        return self

    def say(self, kind, *fields):
        """False: the connection is gone."""
        try:
            self._send_message(message(kind, *fields))
            return True
        except (OSError, EOFError, paramiko.SSHException):
            return False

    def hear(self, *kinds, seconds=PATIENCE_SECONDS):
        """The next message of these kinds; (None, None): the connection was closed instead."""
        for _ in range(int(seconds * 20)):
            try:
                while True:
                    kind, said = self.inbox.get(timeout=0.05)
                    if kind in kinds:
                        return kind, said
            except queue.Empty:
                if not self.is_alive() and self.inbox.empty():
                    return None, None
        raise Wrong(f"none of the messages {kinds} came in {seconds} s")

    def is_closed(self, seconds=PATIENCE_SECONDS):
        """By the server, within `seconds`."""
        self.join(seconds)
        return not self.is_alive()

    # Logging in ------------------------------------------------------------------------------

    def ask_service(self, name="ssh-userauth"):
        self.say(SERVICE_REQUEST, name)
        return self.hear(SERVICE_ACCEPT)[0]

    def signed(self, key, algorithm, user="git", service="ssh-connection"):
        words = message(AUTH_REQUEST, user, service, "publickey", True, algorithm, key.asbytes()).asbytes()
        whole = paramiko.Message()
        whole.add_string(self.session_id)
        whole.add_bytes(words)
        signature = key.sign_ssh_data(whole.asbytes(), algorithm)
        return signature if isinstance(signature, bytes) else signature.asbytes()

    def prove(self, key, signature=None, algorithm=None):
        """One try with a signature. The server says nothing to a wrong one."""
        algorithm = algorithm or key.get_name()
        return self.say(AUTH_REQUEST, "git", "ssh-connection", "publickey", True, algorithm, key.asbytes(),
                        signature or self.signed(key, algorithm))

    def login(self, key):
        self.ask_service()
        self.prove(key)
        check(self.hear(AUTH_SUCCESS, AUTH_FAILURE)[0] == AUTH_SUCCESS, "a good key was refused")
        return self

    # Channels --------------------------------------------------------------------------------

    def open(self, window=WINDOW, packet=PACKET, mine=0, kind="session", *rest):
        """The server's number; None: it would not."""
        self.say(OPEN, kind, mine, window, packet, *rest)
        if packet == 0:
            return None  # Debian's libssh says nothing to that.
        answer, said = self.hear(OPENED, NOT_OPENED)
        if answer != OPENED:
            return None
        said.get_int()
        return said.get_int()

    def ask(self, channel, kind, *fields):
        """A request on a channel: YES, NO, or None if the connection ended."""
        self.say(REQUEST, channel, kind, True, *fields)
        return self.hear(YES, NO)[0]

    def run_line(self, line, **more):
        """A command as a channel of its own: (answer to the request, all it wrote, its errors, exit status)."""
        channel = self.open(**more)
        answer = self.ask(channel, "exec", line)
        out, errors, status = b"", b"", None
        while True:
            kind, said = self.hear(DATA, EXTENDED, REQUEST, CLOSE)
            if kind in (None, CLOSE):
                self.say(CLOSE, channel)
                return answer, out, errors, status
            said.get_int()
            if kind == DATA:
                out += said.get_string()
                self.say(EOF, channel)
            elif kind == EXTENDED:
                said.get_int()
                errors += said.get_string()
            elif said.get_text() == "exit-status":
                said.get_boolean()
                status = said.get_int()


@contextlib.contextmanager
def connected(port, source="127.0.0.1", before=None):
    """A connection after the key exchange; gone afterwards. `before`: sees it while nothing was said yet."""
    peer = RawSsh(port, source)
    try:
        if before:
            before(peer)
        yield peer.begin()
    finally:
        peer.close()
        peer.gate.close()
        peer.join(PATIENCE_SECONDS)


class Proxy(threading.Thread):
    """Passes bytes between a client and the server. `touch(way, at, piece)`: what becomes of a piece; None: both ends close."""

    def __init__(self, port, touch):
        super().__init__(daemon=True)
        self.target, self.touch = port, touch
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            with client, server:
                self.pump({client: (server, "up"), server: (client, "down")})

    def pump(self, ways):
        passed = {"up": 0, "down": 0}
        while True:
            for source in select.select(list(ways), [], [])[0]:
                target, way = ways[source]
                piece = source.recv(65536)
                at, count = passed[way], len(piece)
                piece = self.touch(way, at, piece) if piece else None
                if piece is None:
                    return
                passed[way] += count
                target.sendall(piece)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(PATIENCE_SECONDS)
