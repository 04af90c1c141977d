# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live as a Cloudflare Worker once, byte for byte, whatever goes wrong; and one command goes back.

Method: deployments.py, with what Workers have of their own.
"""
import urllib.parse

import door_table
from deployments import Stories, ToProvider
import cloudflare
import standin


class Workers(ToProvider):
    CONNECTOR, PROVIDER = "cloudflare-workers", "workers"
    UPLOAD = ("POST", "/accounts/*/workers/assets/upload*")
    ODDITIES = ("excludeScript", "bindings_inherit")
    SLOW = ("POST", "/accounts/*/assets-upload-session")
    WRONG = (("shop", cloudflare.EXPIRED, "expired"), ("shop", cloudflare.OTHER, "secret"))

    def make_standin(self):
        return cloudflare.Cloudflare()

    def settings(self, site):
        return {"account": cloudflare.ACCOUNT, "name": site}

    def made(self):
        return [version for script in self.standin.scripts.values() for version in script.versions]

    def fetch(self, url, path):
        """The URL is at workers.dev: the stand-in serves what the header Host names."""
        parts = urllib.parse.urlsplit(url)
        self.assertTrue(parts.scheme == "https" and parts.hostname.endswith(".standin.workers.dev"), url)
        return standin.fetch(self.standin.sites.door.url + path, headers={"Host": parts.hostname})


class ToWorkers(Stories, Workers):
    def test_what_cannot_be_deployed_is_refused(self):
        self.fails({"index.html": b"x", "_worker.js": b"y"}, "_worker.js")
        self.fails({"index.html": b"x", "big.bin": b"0" * ((25 << 20) + 1)}, "25 MiB")
        self.assertEqual(self.made(), [])
        self.standin.assert_clean()

    def test_control_files_are_part_of_the_configuration(self):
        files = {"index.html": b"x\n", "functions/a.txt": b"a\n", "_headers": b"/*\n  X-One: 1\n", "_redirects": b"/old /new\n"}
        self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.check_live(row["url"], {name: files[name] for name in ("index.html", "functions/a.txt")})
        config = self.made()[0].metadata["assets"]["config"]
        self.assertEqual(config, {"_headers": files["_headers"].decode(), "_redirects": files["_redirects"].decode()})

    def test_a_preview_needs_a_worker(self):
        self.put_rule("feature/*", preview=True)
        self.push({"index.html": b"x\n"}, branch="feature/early")
        row = self.settled()
        self.assertEqual(row["state"], "failed", row)
        self.assertIn("without --preview first", row["error"])

    def test_one_request_a_file_where_it_is_asked_for(self):
        self.standin.control({"single_uploads": True})
        self.live({"index.html": b"x\n", "a.css": b"a\n"})
        self.assertEqual(len(self.standin.calls("POST", "/accounts/*/workers/assets/upload/*")), 2)
        self.standin.assert_clean()

    def test_a_worker_without_an_address_says_so(self):
        self.live({"index.html": b"one\n"})
        script = next(iter(self.standin.scripts.values()))
        script.enabled = False  # Its owner serves it at a domain of their own.
        self.push({"index.html": b"two\n"})
        row = self.settled()
        self.assertEqual((row["state"], row.get("url", "")), ("live", ""), row)
        self.assertIn("no address", str(row["log"]))
        self.assertFalse(script.enabled)

    def test_tokens_that_end_soon_are_made_anew(self):
        self.standin.control({"jwt_seconds": 30})
        self.live({"index.html": b"x\n", "a.txt": b"a\n"})
        self.standin.assert_clean()


if __name__ == "__main__":
    door_table.main()
