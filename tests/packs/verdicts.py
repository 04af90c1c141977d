#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the pack intake takes no pack that Git refuses, and refuses what Git takes for a written reason only.

Method: packs made by number (generate.py) are judged by the intake (pack_judge, one process for all) and by
`git index-pack --stdin --fix-thin --strict` with the same known objects. Where Git refuses, a second run without rules
tells damaged packs from forbidden objects.

usage: PACK_JUDGE=build/dev/git/odb/pack_judge verdicts.py [N] [--seed S] [--from K] [--jobs J] [--keep DIR] [--control]
--control calls taken what the intake refused for one reason, and passes only if the comparison notices.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

import generate

# What we refuse and Git takes: each for a reason somebody wrote down. Any other is a failure.
STRICTER = {
    "bad_date": "a date is digits alone; Git before 2.40 also skips odd white space and a plus sign",
    "bad_filemode": "a mode that no git writes; Git only remarks on it",
    "gitmodules_missing": ".gitmodules must be a file that is there; Git leaves one that is not to whoever fetches it",
    "missing_empty_tree": "every object must be sent; Git knows the empty tree even where nobody sent it",
    "gitmodules_parse": "a .gitmodules that cannot be parsed cannot be judged; Git only remarks on it",
    "bad_pack_version": "version 3 was never written by any git; one version is one parser",
    "delta_chain": "a chain longer than git itself writes costs every reader (base/limits.h)",
    "gitmodules_path": "a path with a CR at its end, which newer Git refuses (CVE-2025-48384)",
    "gitmodules_url": "a url that newer Git refuses, or that names no host",
    "large_pathname": "a name above 4,096 bytes, which newer Git refuses",
    "object_bytes": "an object above the limit of its type (base/limits.h)",
    "pack_objects": "more objects than the limit (base/limits.h)",
}
CONTROL_REASON = "bad_object_size"
GIT_MEMORY_BYTES_MAX = 4 << 30


class Git:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
                            "GIT_DIR": str(folder / "git"), "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.fsync",
                            "GIT_CONFIG_VALUE_0": "none", "GIT_CONFIG_KEY_1": "pack.threads", "GIT_CONFIG_VALUE_1": "1"}
        self.program = shutil.which("git")
        subprocess.run([self.program, "init", "-q", "--bare", folder / "git"], check=True, env=self.environment)
        subprocess.run([self.program, "index-pack", "--stdin"], check=True, env=self.environment, input=generate.base_pack(),
                       stdout=subprocess.DEVNULL)
        self.packs = folder / "git/objects/pack"
        self.kept = set(os.listdir(self.packs))
        self.place, self.said = folder / "in.pack", folder / "said"

    def takes(self, *options):
        """Of the pack at `place`: from a file, so that Git sees what follows it."""
        said = os.open(self.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        pack = os.open(self.place, os.O_RDONLY)
        nothing = os.open(os.devnull, os.O_WRONLY)
        try:
            process = os.posix_spawn(
                self.program, ["git", "index-pack", "--stdin", "--fix-thin", *options], self.environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, pack, 0), (os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, said, 2)])
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        finally:
            for descriptor in (said, pack, nothing):
                os.close(descriptor)
        for name in os.listdir(self.packs):
            if name not in self.kept:
                os.chmod(self.packs / name, 0o600)
                os.unlink(self.packs / name)
        return status == 0

    def verdict(self, pack):
        self.place.write_bytes(pack)
        is_taken = self.takes("--strict")
        self.words = self.said.read_text(errors="replace").strip()
        if is_taken:
            # 2.39 forgets the error of a bad tagger before an unknown header.
            return "forbidden" if "error: object" in self.words else "taken"
        return "forbidden" if self.takes() else "damaged"


class Judge:
    def __init__(self, folder):
        (folder / "quarantine").mkdir()
        (folder / "base.pack").write_bytes(generate.base_pack())
        self.process = subprocess.Popen([os.environ["PACK_JUDGE"], folder / "quarantine", folder / "base.pack"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verdict(self, pack, piece):
        self.process.stdin.write(struct.pack(">II", len(pack), piece) + pack)
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().rstrip("\n")
        return line or f"broken: pack_judge ended with {self.process.wait()}"


def complaint(git, ours):
    """What is wrong with this pair of verdicts; None if nothing is."""
    if ours.startswith("broken"):
        return ours
    if ours == "taken" and git != "taken":
        return f"taken, but Git calls it {git}"
    if ours != "taken" and git == "taken" and ours not in STRICTER:
        return f"refused ({ours}), but Git takes it"
    return None


def compare(options, numbers):
    """Judges these packs. Returns the counts by (class, git, ours), and the failures."""
    counts, failures = collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="packs-") as name:
        folder = pathlib.Path(name)
        git, judge = Git(folder), Judge(folder)
        resource.setrlimit(resource.RLIMIT_AS, (GIT_MEMORY_BYTES_MAX, GIT_MEMORY_BYTES_MAX))
        for number in numbers:
            kind, pack, piece = generate.make(options.seed, number)
            ours, theirs = judge.verdict(pack, piece), git.verdict(pack)
            if options.control and ours == CONTROL_REASON:
                ours = "taken"
            counts[kind, theirs, ours] += 1
            wrong = complaint(theirs, ours)
            if wrong:
                failures.append(f"--seed {options.seed} --from {number} 1 ({kind}, {len(pack)} bytes): {wrong}; {git.words}")
                if options.keep:
                    (pathlib.Path(options.keep) / f"{options.seed}-{number}.pack").write_bytes(pack)
            if ours.startswith("broken: pack_judge"):
                break
        judge.process.stdin.close()
        judge.process.wait()
    return counts, failures


def summary(counts):
    by_kind = collections.defaultdict(collections.Counter)
    for (kind, git, ours), count in counts.items():
        by_kind[kind][("taken" if git == "taken" else "refused", "taken" if ours == "taken" else "refused")] += count
    print(f"{'class':22}{'both take':>10}{'both refuse':>12}{'only we refuse':>15}{'only Git refuses':>17}")
    order = [("taken", "taken"), ("refused", "refused"), ("taken", "refused"), ("refused", "taken")]
    for kind, found in sorted(by_kind.items()):
        print(f"{kind:22}" + "".join(f"{found[pair]:>{width}}" for pair, width in zip(order, (10, 12, 15, 17))))
    reasons = collections.Counter()
    stricter = collections.Counter()
    for (_, git, ours), count in counts.items():
        reasons[ours] += count
        if git == "taken" and ours != "taken":
            stricter[ours] += count
    print("our words:", ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
    for reason, count in stricter.most_common():
        print(f"only we refuse, {reason}: {count} ({STRICTER.get(reason, 'NOT A WRITTEN RULE')})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=400)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", help="a folder for the packs that failed")
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.count)
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        parts = list(pool.map(compare, [options] * options.jobs, [numbers[i::options.jobs] for i in range(options.jobs)]))
    counts = sum((part[0] for part in parts), collections.Counter())
    failures = [failure for part in parts for failure in part[1]]
    summary(counts)
    for failure in failures[:20]:
        print("FAILED", failure)
    if options.control:
        print(f"control: {len(failures)} wrong verdicts were noticed")
        return 0 if failures else 1
    judged = sum(counts.values())
    print(f"{judged - len(failures)} passed, {len(failures) + options.count - judged} failed")
    return 0 if not failures and judged == options.count else 1


if __name__ == "__main__":
    sys.exit(main())
