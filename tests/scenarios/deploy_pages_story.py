# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live at Cloudflare Pages once, byte for byte, whatever goes wrong; and one command goes back.

Method: deployments.py, with what Pages has of its own.
"""
import door_table
from deployments import Stories, ToProvider
import cloudflare


class Pages(ToProvider):
    CONNECTOR, PROVIDER = "cloudflare-pages", "pages"
    UPLOAD = ("POST", "/pages/assets/upload")
    SLOW = ("POST", "/accounts/*/pages/projects/*/deployments")
    WRONG = (("shop", cloudflare.EXPIRED, "expired"), ("nobody", cloudflare.TOKEN, "no Pages project"),
             ("shop", cloudflare.OTHER, "secret"))

    def make_standin(self):
        made = cloudflare.Cloudflare()
        made.add_site("shop")
        return made

    def settings(self, site):
        return {"account": cloudflare.ACCOUNT, "project": site}

    def made(self):
        return [one for project in self.standin.projects.values() for one in project.deployments]


class ToPages(Stories, Pages):
    def test_what_cannot_be_deployed_is_refused(self):
        self.fails({"index.html": b"x", "_worker.js": b"y"}, "_worker.js")
        self.fails({"index.html": b"x", "functions/a.js": b"y"}, "functions/a.js")
        self.fails({"index.html": b"x", "big.bin": b"0" * ((25 << 20) + 1)}, "25 MiB")
        self.standin.control({"max_files": 3})
        self.fails({f"{n}.html": b"x" for n in range(4)}, "at most 3")
        self.assertEqual(self.made(), [])
        self.standin.assert_clean()

    def test_control_files_are_obeyed_and_not_served(self):
        files = {"index.html": b"x\n", "sub/_headers": b"served\n", "node_modules/a.js": b"no\n",
                 "_headers": b"/*\n  X-One: 1\n", "_redirects": b"/old /new 301\n"}
        self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.check_live(row["url"], {name: files[name] for name in ("index.html", "sub/_headers")})
        for path in ("/_headers", "/_redirects", "/node_modules/a.js"):
            self.assertEqual(self.fetch(row["url"], path).status, 404, path)
        parts = {part.name: part.body for part in self.standin.calls("POST", self.SLOW[1])[0].parts}
        self.assertEqual((parts["_headers"], parts["_redirects"]), (files["_headers"], files["_redirects"]))
        self.assertIn("left out", str(row["log"]))

    def test_a_site_without_a_home_page_is_told(self):
        self.push({"dist/index.html": b"x\n"})
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.assertIn("no index.html", str(row["log"]))

    def test_large_files_go_in_several_requests(self):
        files = {f"{n}.bin": bytes([n]) * (9 << 20) for n in range(5)}
        self.push({"index.html": b"x\n", **files})
        row = self.settled()
        self.assertEqual((row["state"], row["filesUploaded"]), ("live", 6), row)
        self.assertEqual(len(self.standin.calls(*self.UPLOAD)), 3)
        self.check_live(row["url"], files)
        self.standin.assert_clean()

    def test_tokens_that_end_soon_are_made_anew(self):
        self.standin.control({"jwt_seconds": 30})  # Less than the minute before which one is renewed.
        self.live({"index.html": b"x\n", "a.txt": b"a\n"})
        for request in self.standin.calls(*self.UPLOAD):
            self.assertNotIn(request.bearer, self.server.log())
            self.assertNotIn(request.bearer, str(self.settled()))
        self.standin.assert_clean()

    def test_types_have_no_charset(self):
        row = self.live({"index.html": b"x\n", "app.js": b"1\n", "what": b"?\n"})
        kinds = {name: self.fetch(row["url"], name).headers["Content-Type"] for name in ("/index.html", "/app.js", "/what")}
        self.assertEqual(kinds, {"/index.html": "text/html", "/app.js": "text/javascript", "/what": "application/octet-stream"})


if __name__ == "__main__":
    door_table.main()
