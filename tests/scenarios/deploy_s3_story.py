# SPDX-License-Identifier: Apache-2.0
"""Goal: a push goes live in a bucket: only what changed is put there, pages come after what they name, and what is gone goes
last; one call goes back; whatever the store answers, the deployment ends with the newest tree or says why not.

Method: a stand-in that recomputes each signature (tests/providers/s3.py); every object fetched and compared.
"""
import json

import door_table
from deployments import Deployments
from origin_server import wait_until
import s3
import tree  # noqa: F401  (deployments.py makes it importable)

PUBLIC = "http://127.0.0.1:9/site"
ODD = {"index.html": b"<a href='a b.txt'>", "a b.txt": b"a\n", "sub/\xc3\xa9 +&=%20.txt".encode("latin-1").decode(): b"e\n",
       "css/app.3f9a1c2b.css": b"p{}", "sub/index.html": b"<p>", "plain": b"x", "empty.txt": b"", "_headers": b"h\n",
       "quote'\"<>.js": b"1", "tilde~-._.txt": b"t"}


class ToS3(Deployments):
    def setUp(self):
        super().setUp()
        self.use(s3.S3(page=3))
        self.work = self.pushed_repo()
        self.target()
        self.expect(self.server.request("PUT", self.api("/rules"), {"pattern": "main", "target": "production"}), 200)

    def use(self, store):
        self.store = store
        self.addCleanup(store.close)

    def target(self, status=200, secret=s3.SECRET, **changes):
        settings = {"endpoint": self.store.endpoint, "region": s3.REGION, "bucket": s3.BUCKET, "accessKeyId": s3.KEY_ID,
                    "publicUrl": PUBLIC, "prefix": "www", "style": "path", **changes}
        body = {"connector": "s3", "settings": {name: value for name, value in settings.items() if value}, "secret": secret}
        return self.expect(self.server.request("PUT", self.api("/targets/production"), body), status)

    def push(self, files):
        commit = self.write(self.work, files)
        self.work("push", "-qf", "origin", "HEAD:refs/heads/main")
        return commit

    def live(self, files, prefix="www/"):
        self.push(files)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        self.check(files, prefix)
        return row

    def check(self, files, prefix="www/"):
        there = {key[len(prefix):]: self.store.objects[key].data for key in self.store.keys() if key.startswith(prefix)}
        there.pop(".origind/manifest.json", None)
        self.assertEqual(there, files)
        self.assertEqual(self.store.violations, [])

    def fails(self, files, said):
        self.assertNotIn(s3.SECRET, json.dumps(super().fails(files, said)))

    def test_every_file_is_there_with_its_type_and_pages_come_last(self):
        row = self.live(ODD)
        self.assertEqual(row["url"], PUBLIC + "/")
        order = [key.removeprefix("www/") for key in self.store.puts()]
        pages = [key for key in order if key.endswith(".html")]
        self.assertEqual(order[-1 - len(pages):-1], pages, "pages last, then the manifest")
        self.assertEqual(pages[-1], "index.html")
        kinds = {name: self.store.fetch("/www/" + name).headers for name in ("index.html", "css/app.3f9a1c2b.css", "plain")}
        self.assertTrue(kinds["index.html"]["Content-Type"].startswith("text/html"))
        self.assertIn("max-age=0", kinds["index.html"]["Cache-Control"])
        self.assertIn("immutable", kinds["css/app.3f9a1c2b.css"]["Cache-Control"])
        self.assertIn("max-age=0", kinds["plain"]["Cache-Control"])

    def test_only_what_changed_is_put_and_what_is_gone_goes_after_it(self):
        files = {"index.html": b"one", "a.js": b"a", "b.js": b"b", "old.js": b"o"}
        first = self.live(files)
        self.store.objects["www/foreign.txt"] = s3.Kept(b"somebody else's", '"x"', {})
        self.store.objects["other/x"] = s3.Kept(b"x", '"x"', {})
        self.store.log.clear()
        after = {"index.html": b"two", "a.js": b"a", "b.js": b"b2", "new.js": b"n"}
        self.push(after)
        row = self.settled()
        self.assertEqual(row["state"], "live", row)
        calls = [(method, key.removeprefix("www/")) for method, key, _ in self.store.log
                 if method in ("PUT", "DELETE") and "manifest" not in key]
        self.assertEqual(calls, [("PUT", "b.js"), ("PUT", "new.js"), ("PUT", "index.html"), ("DELETE", "old.js")])
        self.assertEqual(self.store.objects.pop("www/foreign.txt").data, b"somebody else's")
        self.check(after)
        back = self.server.post(self.api(f"/deployments/{row['id']}/rollback"))
        self.assertIn(back.status, (200, 201, 202), back)
        again = self.settled()
        self.assertEqual((again["state"], again["commit"]), ("live", first["commit"]), again)
        self.check(files)

    def test_what_somebody_changed_in_the_bucket_is_mended(self):
        files = {"index.html": b"one", "a.js": b"a", "b.js": b"b"}
        self.live(files)
        self.store.objects["www/a.js"] = s3.Kept(b"hacked", '"h"', {})
        del self.store.objects["www/b.js"]
        self.live({**files, "index.html": b"two"})
        self.store.objects["www/.origind/manifest.json"].data = b"<html>"
        self.live({**files, "index.html": b"three"})

    def test_etags_that_are_no_md5_and_hosts_with_the_bucket_in_them(self):
        self.use(s3.S3(etags="other"))
        self.target(prefix="")
        self.live({"index.html": b"one", "a.js": b"a"}, prefix="")
        self.store.log.clear()
        self.live({"index.html": b"two", "a.js": b"a"}, prefix="")
        self.assertNotIn("a.js", self.store.puts())

    def test_what_the_store_refuses_is_told(self):
        for changes, said in (({"secret": "wrong"}, "SignatureDoesNotMatch"), ({"accessKeyId": "AKWRONG"}, "InvalidAccessKeyId"),
                              ({"bucket": "nobody"}, "NoSuchBucket"), ({"region": "us-east-1"}, s3.REGION)):
            with self.subTest(said):
                self.target(**changes)
                self.fails({"index.html": said.encode()}, said)
        self.target()
        self.live({"index.html": b"fine"})

    def test_faults_that_pass(self):
        files = {"index.html": b"one", "a.js": b"a"}
        self.live(files)
        for number, fault in enumerate((
                {"method": "PUT", "key": "www/a.js", "status": 503, "code": "SlowDown", "headers": {"Retry-After": "0"}},
                {"method": "PUT", "key": "www/a.js", "status": 500, "code": "InternalError"},
                {"method": "PUT", "key": "www/a.js", "status": 500, "code": "InternalError", "after": True},
                {"method": "PUT", "key": "www/a.js", "status": 200, "body": b"<html>welcome</html>"},
                {"method": "GET", "key": "", "status": 200, "body": b"<html>welcome</html>"},
                {"method": "PUT", "key": "www/index.html", "status": 0, "drop": True},
                {"method": "DELETE", "key": "*", "status": 503, "code": "SlowDown"},
                {"method": "PUT", "key": "www/.origind/manifest.json", "status": 503, "code": "SlowDown", "after": True})):
            with self.subTest(fault):
                self.store.fail(**fault)
                self.live({"index.html": b"%d" % number, "a.js": b"a%d" % number, f"only{number}.js": b"x"})
                self.assertEqual(self.store.faults, [])

    def test_killed_at_each_request_it_goes_on(self):
        """Before the store does it, when it did and nobody knows, and when the answer has just gone out."""
        def files(number):
            return {"index.html": b"%d" % number, "same.js": b"s", f"only{number}.js": b"x", "a/b.css": b"c%d" % number}
        self.live(files(0))
        before = len(self.store.log)
        self.live(files(1))
        requests = len(self.store.log) - before
        self.assertGreater(requests, 6)
        pushes = 2
        for request in range(1, requests + 1):
            for when in ("unheard", "done", "answered"):
                with self.subTest(request=request, when=when):
                    asked = len(self.store.log)
                    hold = self.store.hold(request, done=when == "done") if when != "answered" else None
                    self.push(files(pushes))
                    if hold:
                        self.assertTrue(hold.reached.wait(60))
                    else:
                        wait_until(f"request {request}", lambda: len(self.store.log) >= asked + request)
                    self.server.kill()
                    if hold:
                        hold.end()
                    self.server.start()
                    row = self.settled()
                    self.assertEqual(row["state"], "live", row)
                    self.check(files(pushes))
                    pushes += 1
                    self.check_releases(pushes)

    def test_what_an_early_end_left_there_is_gone_after_the_next(self):
        self.live({"index.html": b"one"})
        hold = self.store.hold(5)  # The manifest, the list, the manifest, a file; and then:
        self.push({"index.html": b"two", "leak.txt": b"secret"})
        self.assertTrue(hold.reached.wait(60))
        self.assertEqual(self.store.log[-1][:2], ("PUT", "www/index.html"))
        self.assertEqual(self.server.request("POST", self.api(f"/deployments/{self.newest()['id']}/cancel")).status, 200)
        hold.end()
        self.assertEqual(self.settled()["state"], "cancelled")
        self.assertIn("www/leak.txt", self.store.objects)
        self.live({"index.html": b"three"})

    def test_what_was_there_before_and_was_not_put_stays(self):
        self.store.objects["www/robots.txt"] = s3.Kept(b"somebody else's", '"r"', {})
        self.store.objects["www/sitemap.xml"] = s3.Kept(b"somebody else's", '"s"', {})
        self.store.fail(method="PUT", key="www/robots.txt", status=403, code="AccessDenied")
        self.fails({"index.html": b"one", "a.js": b"a", "robots.txt": b"r", "sitemap.xml": b"s"}, "AccessDenied")
        self.push({"index.html": b"two"})
        self.assertEqual(self.settled()["state"], "live")
        for name in ("robots.txt", "sitemap.xml"):
            self.assertEqual(self.store.objects.pop(f"www/{name}").data, b"somebody else's")
        self.check({"index.html": b"two"})

    def test_another_try_begins_where_the_one_before_it_ended(self):
        files = {"index.html": b"one", **{f"{number:03}.js": b"%d" % number for number in range(60)}}
        for _ in range(3):
            self.store.fail(method="PUT", key="www/055.js", status=503, code="SlowDown")
        row = self.live(files)
        self.assertEqual(self.store.faults, [])
        sent = [key for key in self.store.puts() if key.endswith(".js")]
        self.assertEqual(len(sent), len(set(sent)), "nothing is sent twice")
        self.assertEqual(sum("tried again" in line["text"] for line in row["log"]), 3, row)

    def test_settings_that_cannot_be(self):
        for changes, code in (({"bucket": ""}, "missing_setting"), ({"style": "odd"}, "bad_setting"), ({"bucket": "A/b"}, "bad_setting"),
                              ({"endpoint": "ftp://x"}, "bad_setting"), ({"endpoint": "https://x/path"}, "bad_setting"),
                              ({"prefix": "/www"}, "bad_setting"), ({"publicUrl": "x"}, "bad_setting"), ({"odd": "x"}, "unknown_setting")):
            body = self.target(status=422, **changes)
            self.assertEqual(body.code, code, changes)


if __name__ == "__main__":
    door_table.main()
