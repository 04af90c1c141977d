#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: a full disk refuses writes, loses nothing, and needs no restart once there is room again.

Method: the data folder is on a file system of 64 MB (ext4 on a loop device, then tmpfs) that is really filled: below the
reserve of decision 0007, to the last block, to the last inode, and at a random instant of a push. Needs root.

usage: small_disk.py [--sample N] [--seed S] [--only WORD] [--json FILE] [--control]
--control takes a refused push for an acknowledged one, and frees nothing, and passes only if both are noticed.
"""
import errno
import os
import shutil
import subprocess
import threading

import points
from world import Repo, Run, World, attempt, look, one_worker_server, wait_until

DISK_MB = 64
INODES = 2048
MIB = 1 << 20
NOTICED = "store: space is short"
RESERVE_PERCENT = 20  # docs/decisions/0007: the lesser of this and 1 GiB.


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr}")


class SmallDisk:
    """A file system of its own at `folder`."""

    def __init__(self, kind, folder):
        self.folder, self.image, self.count = folder, folder.with_suffix(".image"), 0
        folder.mkdir()
        if kind == "tmpfs":
            run("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,nr_inodes={INODES},mode=0700", "tmpfs", folder)
            return
        with open(self.image, "wb") as image:
            image.truncate(DISK_MB * MIB)
        run("mkfs.ext4", "-q", "-m", "0", "-N", INODES, self.image)
        run("mount", "-o", "loop", self.image, folder)

    def free(self):
        disk = os.statvfs(self.folder)
        return disk.f_bavail * disk.f_frsize

    def whole(self):
        disk = os.statvfs(self.folder)
        return disk.f_blocks * disk.f_frsize

    def fill(self, left=0):
        """Takes room until at most `left` bytes are free."""
        self.count += 1
        with open(self.folder / f"filler-{self.count}", "wb", buffering=0) as filler:
            step = MIB
            while self.free() > left and step >= 1:
                try:
                    filler.write(b"f" * min(step, max(1, self.free() - left)))
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
                    step //= 16
            os.fsync(filler.fileno())

    def fill_inodes(self):
        folder = self.folder / "filler-inodes"
        folder.mkdir()
        try:
            for number in range(2 * INODES):
                (folder / str(number)).touch()
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise

    def clear(self):
        for filler in self.folder.glob("filler-*"):
            shutil.rmtree(filler) if filler.is_dir() else filler.unlink()

    def remove(self):
        subprocess.run(["umount", self.folder], check=False)


class Story:
    """One server on one small disk; each point leaves it with room again and the same process."""

    def __init__(self, disk, server, world, told, kind):
        self.disk, self.server, self.world, self.told, self.kind = disk, server, world, told, kind

    def point(self, name):
        task = self.world.task("push")
        pid = self.server.process.pid
        self.noticed = self.server.log().count(NOTICED)
        wrong = list(getattr(self, name)(task) or [])
        self.disk.clear()
        wrong += self.recovers(task)
        status = self.world.status()
        if status is not None:
            wrong.append(f"the server ended with {status}")
            self.server.start()
        elif self.server.process.pid != pid and name != "start_on_a_full_disk":
            wrong.append("it was started again")
        wrong += [*self.world.leftovers(), *look(task)]
        self.told.tell(self.kind, name.replace("_", " "), wrong, log=self.server.log())

    def recovers(self, task):
        """Within a second by the server's own word; we wait for it."""
        try:
            wait_until("a push to be taken again", lambda: attempt(task) is None, 20)
        except AssertionError as failure:
            return [str(failure)]
        return []

    def refused(self, task, said=("full", "short", "space", "507")):
        """507 Insufficient Storage: Git shows no more of an answer that comes before the report."""
        refusal = attempt(task)
        if refusal is None:
            yield "a push was acknowledged on a full disk"
        elif not any(word in str(refusal) for word in said):
            yield f"a push was refused without saying why: {refusal}"

    # What happens to the disk ----------------------------------------------------------------

    def below_the_reserve(self, task):
        self.disk.fill(self.disk.whole() * RESERVE_PERCENT // 200)
        self.notices()
        yield from self.refused(task)
        answer = self.server.post("/api/projects", {"name": "no-room"})
        if (answer.status, answer.code) != (507, "storage_full"):
            yield f"a project on a full disk was answered {answer}"
        Repo.clone(task.place.code_url, task.place.folder / "while-full", "--mirror")
        shutil.rmtree(task.place.folder / "while-full")

    def a_pack_that_does_not_fit(self, task):
        self.disk.fill(self.disk.whole() * RESERVE_PERCENT // 100 + 3 * MIB)
        size = self.disk.free() + 4 * MIB
        before = self.disk.free()
        task.content = lambda: os.urandom(size)
        yield from self.refused(task)
        task.content = lambda: "small again\n"
        yield from self.world.leftovers()
        if self.disk.free() < before - MIB:
            yield f"the refused push keeps {before - self.disk.free()} bytes"
        if (refusal := attempt(task)) is not None:
            yield f"beside a push that did not fit, a small one was refused: {refusal}"

    def notices(self):
        """It looks once a second. Until then a small push may still find the room that the store took beforehand, even
        where another write ran into the full disk: so not /readyz is asked, but the store's own line waited for."""
        def noticed():
            self.server.get("/readyz", key=None)  # Tries a write.
            return self.server.log().count(NOTICED) > self.noticed
        wait_until("the server to notice", noticed, 20)

    def the_last_block(self, task):
        self.disk.fill()
        self.notices()
        yield from self.refused(task)

    def the_last_inode(self, task):
        self.disk.fill_inodes()
        task.content = lambda: os.urandom(1_500_000)
        yield from self.refused(task)
        task.content = lambda: "small again\n"

    def a_requirement(self, task):
        """Refused, or taken and then waiting for room."""
        self.disk.fill()
        run = Run(task.place, self.world.number)
        asking = threading.Thread(target=attempt, args=(run,))
        asking.start()
        asking.join(1.5)
        self.disk.clear()
        asking.join()
        wait_until("the requirement to be done", lambda: attempt(run) is None, 20)
        return []

    def at_an_instant_of_a_push(self, task):
        """Several times: filled while a push is under way, which may be done or refused."""
        for _ in range(6):
            asking = threading.Thread(target=attempt, args=(task,))
            asking.start()
            threading.Event().wait(self.told.random.uniform(0, 0.12))
            self.disk.fill()
            asking.join()
            self.disk.clear()
            yield from self.recovers(task)

    def a_deployment_waits_for_room(self, task):
        task.ask()
        self.disk.fill()

    def start_on_a_full_disk(self, task):
        self.disk.fill()
        self.server.kill()
        self.server.start()
        Repo.clone(task.place.code_url, task.place.folder / "while-full", "--mirror")
        shutil.rmtree(task.place.folder / "while-full")
        yield from self.refused(task)


NAMES = ("below_the_reserve", "a_pack_that_does_not_fit", "the_last_block", "the_last_inode", "a_requirement",
         "at_an_instant_of_a_push", "a_deployment_waits_for_room", "start_on_a_full_disk")


def control(story):
    task = story.world.task("push")
    story.disk.fill()
    wait_until("the push to be refused", lambda: attempt(task) is not None, 20)
    try:
        wait_until("a push to be taken", lambda: attempt(task) is None, 2)
        stuck = []
    except AssertionError as failure:
        stuck = [str(failure)]
    story.told.tell("control", "a disk that stays full", [] if stuck else ["nobody noticed"])
    commit = task.place.oracle.of("try")[-1]["commit"]
    task.place.oracle.write("main", ref="refs/heads/main", commit=commit, forced=False)
    story.told.end_control(look(task), "a refused push taken for an acknowledged one")


def play(kind, told):
    server = one_worker_server()
    disk = SmallDisk(kind, server.root / "disk")
    server.data = disk.folder / "data"
    try:
        with server:
            story = Story(disk, server, World(server), told, kind)
            if told.chosen.control:
                control(story)
            for name in told.some(NAMES):
                story.point(name)
            wrong = story.world.doctor()
            told.tell(kind, "doctor", wrong)
    finally:
        disk.remove()


def main():
    told = points.Points(points.options(__doc__))
    if os.geteuid() != 0:
        print("needs root to mount a file system: 0 passed, 0 failed")
        raise SystemExit(77)
    for kind in ("ext4", "tmpfs"):
        if told.wants(kind):
            play(kind, told)
    told.end()


if __name__ == "__main__":
    main()
