# SPDX-License-Identifier: Apache-2.0
"""Table S, the SSH door: the files of the host keys. Each start must end by itself, with words that help and no key in them."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import Case, check, environment, one_of, program
from store_rows import last_line, serve, template

CASES = []
ELSEWHERE = []
ED25519, RSA = "ssh_host_ed25519_key", "ssh_host_rsa_key"


def case(name):
    def keep(run):
        CASES.append(Case("S23", name, run, on="none", logs=False, fakeable=False))
        return run
    return keep


def folder(world):
    """A data folder of its own with host keys."""
    template(world)
    data = pathlib.Path(tempfile.mkdtemp(prefix="host-keys-", dir=world.folder)) / "data"
    shutil.copytree(world.template.data, data, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    for name in (ED25519, RSA):
        world.secrets.add(f"the host key {name}", "".join((data / name).read_text().splitlines()[1:-1])[100:160])
    return data


def doctor(world, data):
    done = subprocess.run([program(), "doctor", "--data", str(data)], capture_output=True, timeout=60, check=False,
                          env=environment(), stdin=subprocess.DEVNULL)
    found = world.secrets.found_in(done.stdout + done.stderr)
    check(not found, f"doctor tells {found}")
    return done.returncode, [line for line in done.stdout.decode().splitlines() if "host key" in line]


def keygen(path, *options):
    path.unlink()
    subprocess.run(["ssh-keygen", "-q", *options, "-f", path], check=True, stdin=subprocess.DEVNULL)


def link(path):
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


def dangling(path):
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def turn_into(make):
    def spoil(path):
        path.unlink()
        make(path)
    return spoil


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


SPOILT = {
    "empty": lambda path: path.write_bytes(b""), "cut": cut, "200 kB of zeros": lambda path: path.write_bytes(b"\0" * 200_000),
    "the other key": lambda path: path.write_bytes((path.parent / (RSA if path.name == ED25519 else ED25519)).read_bytes()),
    "a public key": lambda path: path.write_bytes(subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True).stdout),
    "an ECDSA key": lambda path: keygen(path, "-t", "ecdsa", "-N", ""),
    "a weak RSA key": lambda path: keygen(path, "-t", "rsa", "-b", "1024", "-N", ""),
    "a key with a passphrase": lambda path: keygen(path, "-t", "rsa" if path.name == RSA else "ed25519", "-N", "secret"),
    "a PEM with a passphrase": lambda path: keygen(path, "-t", "rsa", "-m", "PEM", "-N", "secret"),
    "a link": link, "a link to nothing": dangling, "a folder": turn_into(os.mkdir), "a pipe": turn_into(os.mkfifo),
    "readable by all": lambda path: path.chmod(0o644), "readable by the group": lambda path: path.chmod(0o640),
    "writable by all": lambda path: path.chmod(0o622),
}
for name_, spoil_ in SPOILT.items():
    for file_ in (ED25519, RSA):
        @case(f"{file_} is {name_}")
        def spoilt(world, spoil=spoil_, file=file_):
            data = folder(world)
            spoil(data / file)
            looked, lines = doctor(world, data)
            check(looked != 0 and [line for line in lines if line.startswith("problem") and file in line], f"doctor: {looked} {lines}")
            status, said = serve(world, data, "--ssh", "127.0.0.1:0")
            check(file in said and len(said) < 4000, said)
            again = serve(world, data, "--ssh", "127.0.0.1:0")
            check(again[0] == status, f"the second start: {again}")
            return one_of(status, {78}, "exit") + f": {last_line(said)}"


@case("the memory of the keys is a link, a folder, garbage, or above 64 KiB")
def memory(world):
    for spoil in (link, turn_into(os.mkdir), lambda path: path.write_bytes(os.urandom(1000)), lambda path: path.write_bytes(b"x " * 100_000)):
        data = folder(world)
        before = (data / "master.key").read_bytes()
        spoil(data / "ssh_host_keys.seen")
        _, lines = doctor(world, data)
        check(len(lines) == 2 and all(line.startswith("note") and "not known" in line for line in lines), f"{lines}")
        check((data / "master.key").read_bytes() == before, "something else was written")
    return "a note: not the ones clients know"
