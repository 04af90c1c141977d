# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live at Vercel once, byte for byte, whatever goes wrong on the way; and one command goes back.

Method: deployments.py, with what Vercel has of its own.
"""
import door_table
from deployments import Stories, ToProvider
import vercel


class Vercel(ToProvider):
    CONNECTOR = PROVIDER = "vercel"
    UPLOAD = ("POST", "/v2/files")
    SLOW = ("POST", "/v13/deployments")
    WRONG = (("shop", vercel.EXPIRED, "expired"), ("nobody", vercel.TOKEN, "no project"),
             ("taken", vercel.TOKEN, "no project"), ("shop", vercel.OTHER, "no project"))

    def make_standin(self):
        made = vercel.Vercel()
        made.add_site("shop")
        return made

    def settings(self, site):
        return {"project": site}

    def made(self):
        return list(self.standin.rows.values())


class ToVercel(Stories, Vercel):
    def test_what_the_output_would_be_built_from_is_served_as_it_is(self):
        """V5: a tree that Vercel would build, cut or run is served whole."""
        self.live({"index.html": b"x\n", "package.json": b"{}\n", "public/a.txt": b"a\n", "api/b.js": b"b\n"})
        self.standin.assert_clean()

    def test_the_author_is_not_told(self):
        self.live({"index.html": b"x\n"})
        sent = [request.json for request in self.standin.calls("POST", "/v13/deployments")]
        self.assertTrue(sent)
        self.assertEqual([key for one in sent for key in one["gitMetadata"] if "uthor" in key], [])

    def test_what_a_rollback_does_to_automatic_publishing_is_said(self):
        self.live({"index.html": b"one\n"})
        second = self.live({"index.html": b"two\n"})
        self.server.post(self.api(f"/deployments/{second['id']}/rollback"))
        self.assertIn("automatic publishing off", str(self.settled()["log"]))
        row = self.live({"index.html": b"three\n"})
        self.assertIn("promoted", str(row["log"]))
        row = self.live({"index.html": b"four\n"})
        self.assertNotIn("promoted", str(row["log"]))
        self.assertEqual(len(self.standin.calls("POST", "*/promote/*")), 1)

    def test_a_project_of_a_team(self):
        self.standin.add_site("theirs", team=self.standin.TEAM)
        self.settings = lambda site: {"project": site, "team": self.standin.TEAM}
        self.target("theirs")
        self.live({"index.html": b"team\n"})
        self.standin.assert_clean()


if __name__ == "__main__":
    door_table.main()
