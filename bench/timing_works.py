# SPDX-License-Identifier: Apache-2.0
"""Whether the time that comparing keys takes tells how much of a key was right: bench_constant_time's statistics."""
import json
import subprocess

import places
from figures import Figure, spread

LEAK = 4.5  # What |t| of a leak is above, by those who proposed the method (bench/welch.h).


def constant_time(world):
    runs = []
    for _ in range(world.sizes.rounds):
        done = subprocess.run([places.tool("bench_constant_time"), str(world.sizes.timings)], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    largest = {kind: max(abs(run["t"][kind]) for run in runs) for kind in runs[0]["t"]}
    control = min(abs(run["control"]) for run in runs)
    ours = spread([max(abs(t) for t in run["t"].values()) for run in runs])
    return [Figure("constant_time", f"comparison of keys: Welch's |t|, {world.sizes.timings:,} samples a kind", "|t|", ours,
                   goal=f"each under {LEAK}", met=ours["max"] < LEAK < control,
                   note=", ".join(f"{kind} {t:.2f}" for kind, t in largest.items()) +
                   f"; a comparison that stops at the first wrong byte {control:.0f} (it has to be seen)",
                   more={"largest": largest, "control": control})]
