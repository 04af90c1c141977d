# SPDX-License-Identifier: Apache-2.0
"""What origind is compared with: nginx + fcgiwrap + git http-backend, sshd + git-shell, and the bare Beast
server.

Each runs as the current user, on loopback, out of a temporary folder, and is ended by its process
id. The system's own nginx and sshd and their files in /etc are never touched.
"""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import places
from origin_server import wait_until

FCGI_PROCESSES = 8
NGINX_WORKERS = 2

NGINX_CONFIG = """\
{user}
daemon off;
pid {root}/nginx.pid;
error_log {root}/nginx-error.log warn;
worker_processes {workers};
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    fastcgi_temp_path {root}/fastcgi;
    proxy_temp_path {root}/proxy;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    keepalive_requests 100000000;
    tcp_nodelay on;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            fastcgi_pass unix:{root}/fcgi.sock;
            fastcgi_param SCRIPT_FILENAME {backend};
            fastcgi_param GIT_PROJECT_ROOT {root}/repositories;
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO $uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_USER bench;
            fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol;
            fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
        }}
    }}
}}
"""


def missing():
    """What the peers need and this machine lacks."""
    needed = {"nginx": nginx_program(), "fcgiwrap": fcgiwrap_program(), "git http-backend": backend_program(),
              "sshd": sshd_program(), "git-shell": _program("git-shell")}
    return [name for name, found in needed.items() if not found]


def _program(name):
    return shutil.which(name) or next((p for p in (f"/usr/sbin/{name}", f"/usr/bin/{name}") if os.access(p, os.X_OK)), None)


def nginx_program():
    return _program("nginx")


def fcgiwrap_program():
    return _program("fcgiwrap")


def backend_program():
    path = pathlib.Path("/usr/lib/git-core/git-http-backend")
    return str(path) if path.exists() else None


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def children_of(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


class HttpBackend:
    """nginx + fcgiwrap + git http-backend over bare repositories in `repositories`."""

    name = "http-backend"

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.repositories = self.root / "repositories"
        self.repositories.mkdir(parents=True)
        self.processes = []
        self.port = 0

    def __enter__(self):
        self.port = free_port()
        # What Git reads beside a repository's own configuration: nothing of this machine's.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
        (self.root / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
        config = self.root / "nginx.conf"
        # Started by root, nginx's workers would become somebody who may not enter this folder.
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(NGINX_CONFIG.format(user=user, root=self.root, workers=NGINX_WORKERS, port=self.port,
                                              backend=backend_program()))
        with open(self.root / "fcgiwrap.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                [fcgiwrap_program(), "-c", str(FCGI_PROCESSES), "-s", f"unix:{self.root}/fcgi.sock"],
                env=environment, stdout=log, stderr=log))
        wait_until("fcgiwrap's socket", lambda: (self.root / "fcgi.sock").exists(), 20)
        with open(self.root / "nginx.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                [nginx_program(), "-p", str(self.root), "-c", str(config), "-e", str(self.root / "nginx-error.log")],
                env=environment, stdout=log, stderr=log))
        wait_until("nginx", lambda: _answers(self.port), 20)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            # fcgiwrap forks: its children end with the socket's owner.
            children = children_of(process.pid) if process.poll() is None else []
            end(process)
            for child in children:
                try:
                    os.kill(child, signal.SIGTERM)
                except ProcessLookupError:
                    pass
        self.processes = []

    def pids(self):
        return [pid for process in self.processes for pid in [process.pid, *children_of(process.pid)]]

    def path_of(self, project):
        return f"/{project}.git"

    def headers(self):
        return {}

    def url_of(self, project):
        return f"http://127.0.0.1:{self.port}/{project}.git"


SSH_CIPHER = "aes256-gcm@openssh.com"
SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
PidFile none
HostKey {root}/host_key
AuthorizedKeysFile {root}/authorized_keys
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 1000
MaxSessions 1000
Ciphers {cipher}
KexAlgorithms curve25519-sha256
ForceCommand {shell} -c "$SSH_ORIGINAL_COMMAND"
# Whoever runs this: no files of theirs are read at each session.
SetEnv HOME={root}
LogLevel ERROR
"""


def sshd_program():
    return _program("sshd")


def make_ssh_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(path)], check=True)


def ssh_command(key):
    """A client of ours that reads no configuration of this machine's."""
    return (f"ssh -F none -i {key} -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no "
            f"-o UserKnownHostsFile={key}.known -o BatchMode=yes -o LogLevel=ERROR -c {SSH_CIPHER}")


SITES_CONFIG = """\
{user}
daemon off;
pid {root}/nginx.pid;
error_log {root}/nginx-error.log warn;
worker_processes {workers};
events {{ worker_connections 1024; }}
http {{
    access_log {root}/access.log combined{buffered};
    include /etc/nginx/mime.types;
    client_body_temp_path {root}/body;
    fastcgi_temp_path {root}/fastcgi;
    proxy_temp_path {root}/proxy;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    keepalive_requests 100000000;
    sendfile on;
    tcp_nopush on;
    {cache}
    server {{
        listen 127.0.0.1:{port};
        root {root}/sites/$host;
    }}
}}
"""
FILES_KEPT_OPEN = "open_file_cache max=4000 inactive=60s; open_file_cache_valid 1s;"
LINES_KEPT_BACK = " buffer=64k flush=1s"


class NginxSites:
    """nginx over a folder for each host name: `sites`/HOST, with a line in its log for each request, as it does by default.
    `tuned`: it keeps files open, and lines back for up to a second."""

    def __init__(self, folder, sites, tuned=False):
        self.root, self.sites, self.tuned = pathlib.Path(folder), sites, tuned
        self.name = "nginx-tuned" if tuned else "nginx"
        self.process, self.port = None, 0

    def __enter__(self):
        self.root.mkdir(parents=True)
        (self.root / "sites").symlink_to(self.sites)
        self.port = free_port()
        config = self.root / "nginx.conf"
        config.write_text(SITES_CONFIG.format(user="user root;" if os.geteuid() == 0 else "", root=self.root, port=self.port,
                                              workers=NGINX_WORKERS, cache=FILES_KEPT_OPEN if self.tuned else "",
                                              buffered=LINES_KEPT_BACK if self.tuned else ""))
        with open(self.root / "nginx.log", "wb") as log:
            self.process = subprocess.Popen(
                [nginx_program(), "-p", str(self.root), "-c", str(config), "-e", str(self.root / "nginx-error.log")],
                stdout=log, stderr=log)
        wait_until("nginx", lambda: _answers(self.port), 20)
        return self

    def __exit__(self, *_):
        end(self.process)

    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]


class OpenSsh:
    """sshd + git-shell over bare repositories in `repositories`: what a site without origind would run."""

    name = "openssh"
    ssh_user = getpass.getuser()

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.repositories = self.root / "repositories"
        self.repositories.mkdir(parents=True)
        self.key_file = self.root / "key"
        self.process = None
        self.ssh_port = 0

    def __enter__(self):
        self.ssh_port = free_port()
        for key in (self.key_file, self.root / "host_key"):
            make_ssh_key(key)
        shutil.copy(f"{self.key_file}.pub", self.root / "authorized_keys")
        config = self.root / "sshd_config"
        config.write_text(SSHD_CONFIG.format(port=self.ssh_port, root=self.root, cipher=SSH_CIPHER, shell=_program("git-shell")))
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Where sshd's unprivileged part is locked in.
        with open(self.root / "sshd.log", "wb") as log:
            self.process = subprocess.Popen([sshd_program(), "-D", "-e", "-f", str(config)], stdout=log, stderr=log)
        wait_until("sshd", lambda: _answers(self.ssh_port), 20)
        return self

    def __exit__(self, *_):
        end(self.process)

    def pids(self):
        return [self.process.pid]

    def ssh_path_of(self, project):
        return f"{self.repositories}/{project}.git"


class Beast:
    """Answers /NAME with the bytes of a file NAME: the floor of any server on this machine."""

    name = "beast"

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.root.mkdir(parents=True)
        self.process = None
        self.port = 0

    def __enter__(self):
        self.process = subprocess.Popen([places.tool("bench_beast"), str(self.root)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdout.close()

    def pids(self):
        return [self.process.pid]


def versions():
    """What the peers are, for the record."""
    return {"git": places.output_of("git", "--version"),
            "nginx": places.output_of(nginx_program() or "nginx", "-v"),
            "openssh": places.output_of("ssh", "-V"),
            "fcgiwrap": places.output_of("dpkg-query", "-W", "-f", "${Version}", "fcgiwrap")}
