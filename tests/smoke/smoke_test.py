#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `./dev smoke` finds a site that is not what was pushed, and leaves nothing at the provider, whatever happens.

Method: the program runs against the stand-ins: with nothing wrong; with a site that shows other bytes, a deployment that fails,
a Ctrl-C in the middle, and a deletion that is refused. What is left is asked of the stand-in itself.
"""
import os
import pathlib
import signal
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE.parent / "providers")]

import cloudflare  # noqa: E402
import netlify  # noqa: E402
import vercel  # noqa: E402
from origin_server import PATIENCE_SECONDS, program  # noqa: E402

TOKENS = ("NETLIFY_AUTH_TOKEN", "VERCEL_TOKEN", "CLOUDFLARE_API_TOKEN")


class Smoke(unittest.TestCase):
    def standin(self, kind):
        made = kind()
        self.addCleanup(made.close)
        return made

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if name not in (*TOKENS, "CLOUDFLARE_ACCOUNT_ID", "VERCEL_ORG_ID")}
        return {**kept, "ORIGIND": program(), "NO_PROXY": "*", "no_proxy": "*", **more}

    def command(self, provider, stand=None):
        more = ["--api-base", stand.api, "--shown-seconds", "0"] if stand else []
        if isinstance(stand, cloudflare.Cloudflare):
            more += ["--sites", stand.sites.door.url]
        return [sys.executable, "-B", str(HERE / "smoke.py"), provider, *more]

    def tokens(self):
        return {**{name: netlify.TOKEN for name in TOKENS}, "CLOUDFLARE_ACCOUNT_ID": cloudflare.ACCOUNT}

    def run_smoke(self, provider, stand, **environment):
        done = subprocess.run(self.command(provider, stand), env=self.environment(**self.tokens(), **environment), capture_output=True,
                              text=True, timeout=PATIENCE_SECONDS * 2, check=False)
        self.assertNotIn(netlify.TOKEN, done.stdout + done.stderr)
        return done

    @staticmethod
    def left(stand):
        if isinstance(stand, netlify.Netlify):
            return [site.name for site in stand.site_rows.values() if site.name != "taken"]
        if isinstance(stand, vercel.Vercel):
            return [project.name for project in stand.projects.values() if project.name != "taken"]
        return [name for _, name in [*stand.projects, *stand.scripts]]

    def check_good(self, provider, kind, count):
        stand = self.standin(kind)
        done = self.run_smoke(provider, stand)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith(f"{count} passed, 0 failed\n"), done.stdout)
        self.assertEqual(done.stdout.count("back at the first commit, as release 3"), count, done.stdout)
        self.assertEqual(self.left(stand), [])
        stand.assert_clean()

    def test_netlify(self):
        self.check_good("netlify", netlify.Netlify, 1)

    def test_vercel(self):
        self.check_good("vercel", vercel.Vercel, 1)

    def test_cloudflare(self):
        self.check_good("cloudflare", cloudflare.Cloudflare, 2)

    def test_vercel_for_a_team(self):
        stand = self.standin(vercel.Vercel)
        done = self.run_smoke("vercel", stand, VERCEL_ORG_ID=stand.TEAM)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual({request.query.get("teamId") for request in stand.requests}, {stand.TEAM})
        self.assertEqual(self.left(stand), [])

    def test_other_bytes_are_noticed(self):
        stand = self.standin(netlify.Netlify)
        kept = stand.site
        stand.site = lambda label: (files := kept(label)) and {**files, "data.bin": (b"something else", None)}
        done = self.run_smoke("netlify", stand)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("data.bin", done.stdout)
        self.assertTrue(done.stdout.endswith("0 passed, 1 failed\n"), done.stdout)
        self.assertEqual(self.left(stand), [])

    def test_a_deployment_that_fails_is_told_and_cleaned_up(self):
        stand = self.standin(netlify.Netlify)
        stand.plan.add("error_state", method="POST", path="/sites/*/deploys", message="no luck today")
        done = self.run_smoke("netlify", stand)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("no luck today", done.stdout)
        self.assertEqual(self.left(stand), [])

    def test_a_stop_in_the_middle_cleans_up(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                stand = self.standin(netlify.Netlify)
                held = stand.plan.add("hold_after", method="POST", path="/sites/*/deploys")
                running = subprocess.Popen(self.command("netlify", stand), env=self.environment(**self.tokens()), stdout=subprocess.PIPE, text=True)
                self.assertTrue(held.reached.wait(PATIENCE_SECONDS), "no deployment was made")
                self.assertEqual(len(self.left(stand)), 1)
                running.send_signal(number)
                told, _ = running.communicate(timeout=PATIENCE_SECONDS)
                stand.plan.release()
                self.assertEqual(running.returncode, 1, told)
                self.assertIn("stopped", told)
                self.assertEqual(self.left(stand), [], told)

    def test_what_cannot_be_removed_is_named(self):
        stand = self.standin(vercel.Vercel)
        stand.plan.add("403", method="DELETE", path="/v9/projects/*")
        done = self.run_smoke("vercel", stand)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"delete {self.left(stand)[0]} (vercel) by hand", done.stdout)

    def test_a_create_whose_answer_is_lost_is_cleaned_up(self):
        stand = self.standin(netlify.Netlify)
        stand.plan.add("lost_answer", method="POST", path="/sites")
        done = self.run_smoke("netlify", stand)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(self.left(stand), [])

    def test_without_a_token_it_says_what_to_set(self):
        for provider, names in (("netlify", ["NETLIFY_AUTH_TOKEN"]), ("vercel", ["VERCEL_TOKEN"]),
                                ("cloudflare", ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"])):
            done = subprocess.run(self.command(provider), env=self.environment(), capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            for name in names:
                self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()
