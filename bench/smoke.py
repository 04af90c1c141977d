#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the tools of ./dev bench work on the tree as it is. No figure is asserted: machines differ.

Method: every measurement once, in its smallest size, without nginx; then the document and the table
are looked at for what a reader needs; then a load that must fail does.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import places
import figures
import load
import peers

EXPECTED = {"ref_listing", "small_clone", "push_one_commit", "client_clone", "client_push", "api_commit_p50", "api_commit_p99",
            "api_commit_rate", "api_commit_rate_p99", "project_creation", "deploy_to_live", "webhook_latency",
            "push_to_live", "push_sent_to_live", "redeploy_netlify", "redeploy_local", "webhooks_others_alone",
            "webhooks_others_beside_quick", "webhooks_others_beside_slow", "local_small", "local_page", "local_not_modified",
            "local_hosts", "local_large",
            "ssh_listing", "ssh_large_clone", "constant_time", "idle_connections", "start_20", "idle_memory_20"}


class Smoke(unittest.TestCase):
    def test_every_measurement_gives_a_figure(self):
        done = subprocess.run([sys.executable, "-B", str(HERE / "bench.py"), "--tiny", "--without-peers", "--json"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["format"], 1)
        self.assertIn("origind", document["versions"]["origind"])
        self.assertGreater(document["machine"]["cores"], 0)
        found = {figure["name"]: figure for figure in document["figures"]}
        self.assertEqual(set(found), EXPECTED)
        for name, figure in found.items():
            ours = figure["ours"]
            self.assertTrue(all(math.isfinite(ours[key]) for key in ("median", "min", "max")), name)
            self.assertGreater(ours["n"], 0, name)
        for name in ("ref_listing", "small_clone"):
            self.assertGreater(found[name]["ours"]["median"], 0, name)
            self.assertGreater(found[name]["ratios"]["beast"], 0, name)

    def test_an_unknown_name_is_refused_with_the_known_ones(self):
        done = subprocess.run([sys.executable, "-B", str(HERE / "bench.py"), "nonsense"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("refs, clone, push", done.stderr)


class Ratios(unittest.TestCase):
    def test_better_is_above_one_for_speeds_and_for_times(self):
        faster = figures.Figure("a", "a", "/s", figures.spread([30]), {"peer": figures.spread([10])})
        shorter = figures.Figure("b", "b", "ms", figures.spread([10]), {"peer": figures.spread([30])})
        self.assertEqual(faster.ratios, {"peer": 3.0})
        self.assertEqual(shorter.ratios, {"peer": 3.0})
        self.assertIn("3.00x peer", figures.table([faster]))

    def test_an_answer_that_is_an_error_fails_the_run(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        with peers.Beast(folder / "answers") as bare:
            file = load.write(folder / "requests", [load.request("GET", "/missing")])
            with self.assertRaisesRegex(load.LoadFailed, "2 of 2 operations failed: 404"):
                load.run(bare, file, operations=2)

    def test_an_answer_without_the_expected_text_fails_the_run(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        bare = peers.Beast(folder / "answers")
        (folder / "answers" / "page").write_bytes(b"something else")
        with bare:
            file = load.write(folder / "requests", [load.request("GET", "/page")])
            with self.assertRaisesRegex(load.LoadFailed, "unexpected: something else"):
                load.run(bare, file, operations=1, expect="the right thing")
            self.assertEqual(load.run(bare, file, operations=3, expect="else")["operations"], 3)


if __name__ == "__main__":
    assert places
    unittest.main()
