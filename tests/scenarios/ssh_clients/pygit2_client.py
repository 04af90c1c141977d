# SPDX-License-Identifier: Apache-2.0
"""A Git client on libgit2, over libssh2. `pygit2_client.py KEY clone|push|fetch URL FOLDER`."""
import sys

import pygit2


class Callbacks(pygit2.RemoteCallbacks):
    def __init__(self, key_file):
        super().__init__()
        self.key_file, self.has_offered = key_file, False

    def credentials(self, url, username_from_url, allowed_types):
        """libgit2 asks again, and again, when a key was refused."""
        if self.has_offered:
            raise PermissionError("the key was refused")
        self.has_offered = True
        return pygit2.Keypair(username_from_url, f"{self.key_file}.pub", self.key_file, "")

    def certificate_check(self, certificate, valid, host):
        return True

    def push_update_reference(self, refname, message):
        if message:
            raise RuntimeError(f"{refname}: {message}")


def main(key_file, what, url, folder):
    callbacks = Callbacks(key_file)
    if what == "clone":
        pygit2.clone_repository(url, folder, callbacks=callbacks)
        return
    remote = pygit2.Repository(folder).remotes["origin"]
    if what == "push":
        remote.push(["refs/heads/main"], callbacks=callbacks)
    else:
        remote.fetch(callbacks=callbacks)


main(*sys.argv[1:])
