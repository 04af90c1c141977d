# SPDX-License-Identifier: Apache-2.0
"""A server whose wall clock is set by the test, by libfaketime below it; the monotonic one goes on as it is."""
import glob
import mmap
import os
import time
from email.utils import parsedate_to_datetime

from origin_server import Server, program

DAY_SECONDS = 86400


def library():
    """The path of libfaketime, or None."""
    return next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


def why_not():
    """Why there is no false clock here, or None."""
    if library() is None:
        return "needs the Debian package faketime"
    with open(program(), "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        if code.find(b"__asan_init") >= 0 or code.find(b"__tsan_init") >= 0:
            return "a sanitizer's runtime wants to be loaded first"
    return None


class FalseClockServer(Server):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.offset = self.root / "clock-offset"
        self.jump(0)

    def _set(self, text):
        """Exchanged whole: it may be read meanwhile."""
        draft = self.offset.with_suffix(".new")
        draft.write_text(text + "\n")
        os.replace(draft, self.offset)

    def jump(self, days):
        """From now on the server's clock is `days` away from ours."""
        self._set(f"{'+' if days >= 0 else '-'}{abs(int(days * DAY_SECONDS))}s")

    def freeze(self):
        """It stands still."""
        self._set(time.strftime("%Y-%m-%d %H:%M:%S"))

    def start(self):
        # Only the server: the command line's short lives need no false clock.
        plain = self.environment
        self.environment = {**plain, "LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        try:
            return super().start()
        finally:
            self.environment = plain

    def clock(self):
        """The server's time in seconds since 1970, by its own Date header."""
        date = self.get("/healthz", key=None).headers.get("Date")
        return parsedate_to_datetime(date).timestamp() if date else None
