#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An SSH server that says yes, or no, to everything, for the controls. usage: ssh_impostor.py yes|no; prints its port.

Both speak the key exchange, which is paramiko's. "no" lets nobody in; "yes" lets everybody in, needs no login for
anything, grants every request, and lists refs to whatever it is asked.
"""
import contextlib
import socket
import sys
import threading

from ssh_client import AUTH_REQUEST, AUTH_SUCCESS, SERVICE_ACCEPT, SERVICE_REQUEST, message, paramiko

REFS = b"003f" + b"1" * 40 + b" refs/heads/main\0x\n0000"


class Yes(paramiko.ServerInterface):
    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    check_channel_direct_tcpip_request = lambda self, chanid, origin, destination: paramiko.OPEN_SUCCEEDED
    check_global_request = lambda self, kind, message: True
    check_port_forward_request = lambda self, address, port: 1
    cancel_port_forward_request = lambda self, address, port: None

    def serve(self, channel, *_):
        def answer():
            with contextlib.suppress(OSError, paramiko.SSHException):
                channel.sendall(REFS)
        threading.Thread(target=answer, daemon=True).start()
        return True

    check_channel_exec_request = check_channel_shell_request = check_channel_subsystem_request = serve
    check_channel_env_request = check_channel_pty_request = check_channel_x11_request = lambda self, *_: True
    check_channel_window_change_request = check_channel_forward_agent_request = lambda self, *_: True


class No(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "publickey"


class Anybody(paramiko.Transport):
    """Any login is a good one, and none is needed."""

    def _ensure_authed(self, ptype, said):
        return None

    def let_in(self, _):
        self._send_message(message(AUTH_SUCCESS))

    def grant(self, said):
        self._send_message(message(SERVICE_ACCEPT, said.get_string()))

    _handler_table = {**paramiko.Transport._handler_table, AUTH_REQUEST: let_in, SERVICE_REQUEST: grant}


def main():
    interface, transport = (Yes, Anybody) if sys.argv[1] == "yes" else (No, paramiko.Transport)
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4000)
    print(listener.getsockname()[1], flush=True)

    def serve(peer):
        session = transport(peer)
        session.add_server_key(key)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            session.start_server(server=interface(), event=threading.Event())
    while True:
        serve(listener.accept()[0])


if __name__ == "__main__":
    main()
