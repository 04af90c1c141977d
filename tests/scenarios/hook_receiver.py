# SPDX-License-Identifier: Apache-2.0
"""What the stories of webhooks stand on: a small HTTP receiver, and a check of its own of what is signed."""
import base64
import hashlib
import hmac
import http.server
import queue
import threading

from origin_server import PATIENCE_SECONDS
from scenario import Scenario


class Receiver:
    """Puts each delivery into a queue once it is answered; answers the statuses it was given, then 204.

    A status may come with headers: (503, {"Retry-After": "1"}).

    `arrived`: (body, status) of each, in the order they came: before the answer, after which the next may come.
    """

    def __init__(self, statuses=()):
        self.got, self.arrived, self.statuses = queue.Queue(), [], list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                status, more = status if isinstance(status, tuple) else (status, {})
                receiver.arrived.append((body, status))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.got.put((dict(self.headers.items()), body, status))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def next(self):
        headers, body, status = self.got.get(timeout=PATIENCE_SECONDS)
        return {name.lower(): value for name, value in headers.items()}, body, status

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def signed_by(secret, headers, body):
    """Standard Webhooks 1.0.0: `v1,` + base64(HMAC-SHA-256(key, id.timestamp.body))."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(each, f"v1,{right}") for each in headers["webhook-signature"].split(" "))


class HookScenario(Scenario):
    CONFIG = '[outbound]\nallow = ["127.0.0.0/8"]\n'  # Else the guarded client refuses this machine.

    def receiver(self, *statuses):
        receiver = Receiver(statuses)
        self.addCleanup(receiver.close)
        return receiver

    def hook(self, receiver, project=None, **more):
        made = self.server.post(f"/api/projects/{project or self.project_id()}/webhooks", {"url": receiver.url, **more})
        self.assertIn(made.status, (200, 201), made)
        return made.json
