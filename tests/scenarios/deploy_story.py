# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live at Netlify once, byte for byte, whatever goes wrong on the way; and one command goes back.

Method: deployments.py, with what Netlify has of its own.
"""
import door_table
from deployments import Stories, ToProvider
import netlify


class Netlify(ToProvider):
    CONNECTOR = PROVIDER = "netlify"
    UPLOAD = ("PUT", "/deploys/*/files/*")
    SLOW = ("POST", "/sites/*/deploys")
    WRONG = (("shop", netlify.EXPIRED, "token"), ("nobody", netlify.TOKEN, "no site"),
             ("taken", netlify.TOKEN, "no site"), ("shop", netlify.OTHER, "no site"))

    def make_standin(self):
        made = netlify.Netlify()
        made.add_site("shop")
        return made

    def settings(self, site):
        return {"site": site}

    def made(self):
        return list(self.standin.deploy_rows.values())


class ToNetlify(Stories, Netlify):
    def test_names_that_netlify_refuses(self):
        self.fails({"what?.html": b"x"}, "'#' or '?'")

    def test_a_locked_site_is_not_called_live(self):
        first = self.live({"index.html": b"one\n"})
        self.standin.control({"site": "shop", "locked": True})
        self.fails({"index.html": b"two\n"}, "locked")
        self.check_live(first["url"], {"index.html": b"one\n"})
        self.assertEqual(self.server.get(self.api("/targets/production")).json["live"], first["id"])


if __name__ == "__main__":
    door_table.main()
