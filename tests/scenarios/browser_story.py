# SPDX-License-Identifier: Apache-2.0
"""Goal: the generated app works for a person: what a form saves is there after a reload.

Method: headless Chromium on deploymentUrl and on the signed previewUrl, as the server hands them out.
"""
import door_table
from browser import browse
from scenario import INVENTORY, SUPPLIERS, Scenario

ADD = "return ui.add('part', {name: 'Chain', sku: 'CH-11', quantity: '4'})"


class Browser(Scenario):
    def setUp(self):
        super().setUp()
        self.made = self.server.require(INVENTORY, deployment={"platform": "local"}).json

    def saves_and_keeps(self, url):
        """From the start page, over the navigation, to a saved form and a reload."""
        seen = browse([
            {"name": "title", "url": url, "run": "return document.title"},
            {"name": "parts", "url": url.split("?")[0].rstrip("/") + "/parts.html", "run": "return location.search"},
            {"name": "errors", "run": ADD},
            {"name": "before", "run": "return ui.rows()"},
            {"name": "after", "reload": True, "run": "return ui.rows()"},
            {"name": "stored", "run": "return ui.stored('part').length"},
        ])
        self.assertIn("Spanner", seen["title"])
        self.assertEqual(seen["errors"], [])
        self.assertEqual(len(seen["before"]), 1)
        self.assertIn("Chain", seen["before"][0])
        self.assertEqual(seen["after"], seen["before"])
        self.assertEqual(seen["stored"], 1)

    def test_on_the_live_site(self):
        self.saves_and_keeps(self.made["deploymentUrl"])

    def test_on_the_preview(self):
        self.saves_and_keeps(self.made["previewUrl"])

    def test_a_feature_on_its_preview(self):
        feature = self.server.require(SUPPLIERS, projectId=self.made["projectId"]).json
        link = feature["previewUrl"]
        seen = browse([
            {"name": "open", "url": link, "run": "return ui.all('nav a').map((a) => a.innerText)"},
            {"name": "page", "url": link.split("?")[0].rstrip("/") + "/suppliers.html", "run": "return document.title"},
            {"name": "errors", "run": "return ui.add('supplier', {name: 'Hub & Co'})"},
            {"name": "after", "reload": True, "run": "return ui.rows()"},
        ])
        self.assertIn("Suppliers", " ".join(seen["open"]))
        self.assertEqual(seen["errors"], [])
        self.assertIn("Hub & Co", seen["after"][0])

    def test_the_link_is_not_in_the_address_for_long(self):
        """The ticket is exchanged for a cookie: no page, no history and no referrer keeps it."""
        seen = browse([{"name": "at", "url": self.made["previewUrl"], "run": "return [location.href, document.cookie]"}])
        self.assertNotIn("origin_ticket", seen["at"][0])
        self.assertEqual(seen["at"][1], "", "the cookie is HttpOnly")


if __name__ == "__main__":
    door_table.main()
