# SPDX-License-Identifier: Apache-2.0
"""The real `git` program in folders of its own, with nothing of this machine's configuration."""
import os
import pathlib
import subprocess

from origin_server import PATIENCE_SECONDS

ZERO = "0" * 40


class GitFailed(AssertionError):
    def __init__(self, words, done):
        self.output = done.stderr + done.stdout
        super().__init__(f"git {' '.join(words)}: exit {done.returncode}\n{self.output}")


def environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org", "NO_PROXY": "*", "no_proxy": "*"}


class Repo:
    """One folder under Git. `protocol`: 0, 1 or 2, for everything it says to a server."""

    def __init__(self, path, protocol=2, config=()):
        self.path = pathlib.Path(path)
        self.protocol = protocol
        self.config = [f"protocol.version={protocol}", "init.defaultBranch=main", "gc.auto=0", "commit.gpgSign=false",
                       "advice.detachedHead=false", *config]

    def run(self, *words, check=True, data=None):
        command = ["git"]
        for setting in self.config:
            command += ["-c", setting]
        where = self.path if self.path.is_dir() else self.path.parent
        done = subprocess.run(command + [str(word) for word in words], cwd=where, capture_output=True,
                              input=data, env=environment(where), timeout=PATIENCE_SECONDS)
        done.stdout = done.stdout.decode("utf-8", "replace")
        done.stderr = done.stderr.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise GitFailed([str(word) for word in words], done)
        return done

    def __call__(self, *words, data=None):
        """What the command printed, without the last newline."""
        return self.run(*words, data=data).stdout.rstrip("\n")

    def refused(self, *words):
        """Runs what must fail; returns everything it said."""
        done = self.run(*words, check=False)
        if done.returncode == 0:
            raise AssertionError(f"git {' '.join(map(str, words))} was expected to fail:\n{done.stderr}{done.stdout}")
        return done.stderr + done.stdout

    # Making ----------------------------------------------------------------------------------

    def init(self, remote=None):
        self.path.mkdir(parents=True, exist_ok=True)
        self("init", "-q")
        if remote:
            self("remote", "add", "origin", remote)
        return self

    @classmethod
    def clone(cls, url, path, *options, protocol=2, config=()):
        return cls(path, protocol, config).cloned(url, *options)

    def cloned(self, url, *options):
        """A clone is always checked as strictly as Git can."""
        self("clone", "-q", *options, url, self.path)
        self.fsck()
        return self

    def pack(self, oids):
        """The bytes of a pack of exactly these objects."""
        return subprocess.run(["git", "pack-objects", "--stdout", "-q"], input="".join(f"{oid}\n" for oid in oids).encode(),
                              cwd=self.path, capture_output=True, check=True, env=environment(self.path)).stdout

    def fsck(self):
        said = self.run("fsck", "--full", "--strict", "--no-dangling")
        assert not said.stdout.strip(), said.stdout

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message="a change", **files):
        """Commits `files` (name -> content, `/` written as `__`); returns the new commit's id."""
        for name, content in (files or {"file.txt": message + "\n"}).items():
            self.write(name.replace("__", "/"), content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")

    def history(self, count):
        """Many commits at once: `git commit` a thousand times would be a slow test."""
        stream = [b"feature done\n"]
        for number in range(1, count + 1):
            text = f"line {number}\n" * 20
            stream.append(f"commit refs/heads/main\nmark :{number}\ncommitter Ada <ada@example.org> {1700000000 + number} +0000\n"
                          f"data 5\nstep\n\nM 100644 inline f{number % 50}.txt\ndata {len(text)}\n{text}\n".encode())
        stream.append(b"done\n")
        self("fast-import", "--quiet", data=b"".join(stream))
        self("reset", "-q", "--hard")
        return self("rev-parse", "HEAD")

    # Asking ----------------------------------------------------------------------------------

    def head(self, name="HEAD"):
        return self("rev-parse", name)

    def remote_refs(self, url="origin", *options):
        """{name: id} as the server lists them."""
        lines = self("ls-remote", *options, url).splitlines()
        return {name: oid for oid, name in (line.split("\t") for line in lines)}
