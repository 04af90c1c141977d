# SPDX-License-Identifier: Apache-2.0
"""A Git client on dulwich, over paramiko. `dulwich_client.py KEY clone|push|fetch URL FOLDER`."""
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")  # paramiko is older than the library of ciphers below it.

import paramiko  # noqa: E402
from dulwich import client, porcelain  # noqa: E402
from dulwich.contrib.paramiko_vendor import ParamikoSSHVendor  # noqa: E402


def main(key_file, what, url, folder):
    key = paramiko.Ed25519Key.from_private_key_file(key_file)
    client.get_ssh_vendor = lambda: ParamikoSSHVendor(pkey=key, allow_agent=False, look_for_keys=False)
    if what == "clone":
        pathlib.Path(folder).mkdir()
        porcelain.clone(url, folder, errstream=sys.stderr.buffer)
    elif what == "push":
        porcelain.push(folder, url, "refs/heads/main", errstream=sys.stderr.buffer)
    else:
        porcelain.fetch(folder, "origin", errstream=sys.stderr.buffer)


main(*sys.argv[1:])
