# SPDX-License-Identifier: Apache-2.0
"""What all stand-ins share: hashes, forms, contracts, faults of the wire, sites and control, the process."""
import http.client
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

import contract
import digests
import faults
import multipart
import netlify
import site_door
from cases import Case, form
from standin import SPECS, fetch

VECTORS = json.loads((SPECS / "deploy_test_vectors.json").read_text())
# Of BLAKE3's own test_vectors.json: n bytes 0, 1, ..., 250, 0, ...
BLAKE3 = {0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
          1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
          1023: "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
          1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
          1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
          2048: "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"}


class Digests(unittest.TestCase):
    def test_blake3_by_its_own_vectors(self):
        inputs = {n: bytes(at % 251 for at in range(n)) for n in BLAKE3}
        self.assertEqual({n: digests.blake3(data) for n, data in inputs.items()}, BLAKE3)
        self.assertEqual(digests.blake3_many(inputs.values()), list(BLAKE3.values()))

    def test_asset_hashes_by_the_recorded_vectors(self):
        rows = VECTORS["cloudflare_asset_hash"]
        made = digests.asset_hashes([(row["content"].encode(), digests.extension(row["path"].strip("()"))) for row in rows])
        self.assertEqual(made, [row["hash"] for row in rows])
        self.assertEqual(digests.asset_hash(b"foobar", "png"), rows[0]["hash"])
        self.assertGreater(len(rows), 10)

    def test_sha1_by_the_recorded_vectors(self):
        for row in VECTORS["sha1_of_content"]:
            self.assertEqual(digests.sha1(row["content"].encode()), row["sha1"])

    def test_extensions_as_node_has_them(self):
        for path, ext in (("a.html", "html"), ("a.tar.gz", "gz"), (".htaccess", ""), ("x/.a.txt", "txt"), ("a.", ""),
                          ("a", ""), ("x.y/a", ""), ("A.HTML", "HTML"), ("..", ""), ("a..b", "b"), ("...", "")):
            self.assertEqual(digests.extension(path), ext, path)


class Forms(unittest.TestCase):
    def test_a_form(self):
        body, kind = form(("a", "é\r\n--x", None, None), ("f", b"\0\r\n", "f.bin", "image/png"))
        first, second = multipart.parts(kind, body)
        self.assertEqual((first.name, first.filename, first.text), ("a", None, "é\r\n--x"))
        self.assertEqual((second.filename, second.content_type, second.body), ("f.bin", "image/png", b"\0\r\n"))

    def test_broken_forms(self):
        body, kind = form(("a", "1", None, None))
        for wrong in (body[:-6], b"x" + body, body.replace(b"form-data;", b"attachment;"), body.replace(b'name="a"', b""),
                      body.replace(b"\r\n\r\n", b"\r\n"), b""):
            with self.assertRaises(ValueError, msg=wrong):
                multipart.parts(kind, wrong)
        with self.assertRaises(ValueError):
            multipart.parts("multipart/form-data", body)


class Contracts(unittest.TestCase):
    def test_json_is_read_strictly(self):
        self.assertEqual(contract.strict_json(b'{"a":[1,null]}'), {"a": [1, None]})
        for wrong in (b"", b"{", b'{"a":1,"a":2}', b'{"b":{"a":1,"a":1}}', b"NaN", b"\xff", b"{}x"):
            with self.assertRaises(ValueError, msg=wrong):
                contract.strict_json(wrong)

    def test_templates(self):
        pattern = contract.template_pattern("/deploys/{deploy_id}/files/{path}")
        self.assertEqual(pattern.match("/deploys/1/files/a/b%20c").groupdict(), {"deploy_id": "1", "path": "a/b%20c"})
        self.assertIsNone(pattern.match("/deploys/1/2/files/a"))
        self.assertIsNone(pattern.match("/deploys/1/files/"))

    def test_every_contract_is_asked(self):
        """A request that is right passes, one that is not does not, for each of the files."""
        for name, method, path, good, bad in (
                ("netlify-deploy-subset.swagger.json", "POST", "/sites", {"name": "a"}, {"name": 1}),
                ("vercel-deploy-requests-2025-10-27.openapi.json", "POST", "/v13/deployments", {"name": "a"}, {}),
                ("cloudflare-assets-supplement.openapi.json", "POST", "/pages/assets/check-missing",
                 {"hashes": ["0" * 32]}, {"hashes": ["0"]}),
                ("cloudflare-pages-workers-subset-2024-08-06.openapi.json", "POST",
                 "/accounts/{account_id}/pages/projects", {"name": "a", "production_branch": "b"}, {"name": 1})):
            document = contract.Contract(SPECS / name)
            schema, _, _ = document.body_schema(document.operation(method, path), "application/json")
            self.assertEqual(list(document.complaints(schema, good)), [], name)
            self.assertNotEqual(list(document.complaints(schema, bad)), [], name)


class Wire(Case):
    """The faults of the wire, by Netlify's stand-in: they are the same for all."""
    MAKER = netlify.Netlify

    def setUp(self):
        super().setUp()
        self.way = f"/sites/{self.standin.add_site('shop')['id']}"

    def get(self, kind, **more):
        fault = self.standin.plan.add(kind, path="/sites/*", **more)
        try:
            return self.api.call("GET", self.way)
        finally:
            self.assertEqual(fault.fired, 1, kind)
            self.assertEqual(self.api.call("GET", self.way).status, 200, "it is over after one")

    def test_each_kind_of_429(self):
        for kind in ("429_retry_after", "429_retry_date", "429_ratelimit_reset", "429_bare", "429_limit_reset"):
            self.assertEqual(self.get(kind).status, 429)
        self.assertEqual(self.get("429_retry_after", seconds=7).headers["Retry-After"], "7")
        self.assertTrue(self.get("429_retry_date").headers["Retry-After"].endswith("GMT"))
        self.assertGreater(self.get("429_limit_reset").json["error"]["limit"]["reset"], time.time() * 1000 - 5000)
        self.assertGreater(int(self.get("429_ratelimit_reset").headers["X-RateLimit-Reset"]), time.time() - 5)

    def test_pages_of_html(self):
        for kind, status in (("500_html", 500), ("502_html", 502), ("503_html", 503), ("524_html", 524), ("200_html", 200)):
            got = self.get(kind)
            self.assertEqual((got.status, got.body[:9]), (status, b"<!DOCTYPE"))

    def test_texts_and_nothing(self):
        self.assertEqual(self.get("expired_jwt").body, b"Expired JWT")
        self.assertEqual(self.get("200_empty").body, b"")
        self.assertEqual(self.get("200_object").json, {})
        self.assertEqual(self.get("8000000").json["errors"][0]["code"], 8000000)
        self.assertEqual((self.get("401").status, self.get("403").status), (401, 403))

    def test_broken_connections(self):
        for kind in ("reset", "lost_answer"):
            with self.assertRaises((ConnectionError, http.client.RemoteDisconnected), msg=kind):
                self.get(kind)
        with self.assertRaises(http.client.IncompleteRead):
            self.get("truncated")
        self.assertEqual(self.get("slow", seconds=0.01).json["name"], "shop")
        self.assertEqual(len(self.get("200_huge", bytes=100000).body), 100000)

    def test_a_reset_in_the_middle_of_an_upload(self):
        self.standin.plan.add("reset_upload", method="POST")
        with self.assertRaises(ConnectionError):
            self.api.call("POST", self.way + "/deploys", body=b" " * 5000000 + b"{}", kind="application/json")
        self.assertEqual(self.standin.deployments(), [])

    def test_lost_answers_were_done(self):
        for kind in ("lost_answer", "502_after", "truncated"):
            self.standin.plan.add(kind, method="POST")
            try:
                self.api.call("POST", self.way + "/deploys", {})
            except (OSError, http.client.HTTPException):
                pass
        self.assertEqual(len(self.standin.deployments()), 3)

    def test_a_request_is_held_until_it_is_released(self):
        for kind, done in (("hold_before", 0), ("hold_after", 1)):
            fault = self.standin.plan.add(kind, method="POST", path="/sites/*")
            before, answers = len(self.standin.deployments()), []
            client = threading.Thread(target=lambda: answers.append(self.api.call("POST", self.way + "/deploys", {})))
            client.start()
            self.assertTrue(fault.reached.wait(30))
            self.assertEqual(len(self.standin.deployments()) - before, done)
            self.assertTrue(self.api.control("GET", "faults")[-1]["held"])
            self.assertFalse(answers)
            self.api.control("POST", "release", {})
            client.join(30)
            self.assertEqual((answers[0].status, len(self.standin.deployments()) - before), (200, 1))

    def test_spoilt_json(self):
        with self.assertRaises(ValueError):
            contract.strict_json(self.get("duplicate_keys").body)
        self.standin.plan.clear()
        self.standin.plan.add("null_errors", path="/nope")
        self.assertIsNone(self.api.call("GET", "/nope").json["message"])

    def test_a_redirect_is_written_down_by_who_gets_it(self):
        got = self.get("redirect")
        self.assertEqual(got.status, 307)
        fetch(got.headers["Location"], headers={"Authorization": "Bearer secret"})
        self.assertEqual(self.api.control("GET", "strays")[0]["headers"]["Authorization"], "Bearer secret")

    def test_the_nth_and_how_often(self):
        self.standin.plan.add("500_html", method="GET", path="/sites/*", nth=2, times=2)
        found = [self.api.call("GET", self.way).status for _ in range(5)]
        self.assertEqual(found, [200, 500, 500, 200, 200])

    def test_for_ever_until_it_is_cleared(self):
        self.api.control("POST", "faults", {"kind": "503_html", "path": "re:/sites/.*", "times": 0})
        self.assertEqual({self.api.call("GET", self.way).status for _ in range(4)}, {503})
        self.assertEqual(self.api.control("GET", "faults")[0]["fired"], 4)
        self.api.control("DELETE", "faults")
        self.assertEqual(self.api.call("GET", self.way).status, 200)


class Plans(unittest.TestCase):
    def test_a_seed_is_the_same_each_time(self):
        def rows(number):
            plan = faults.Plan()
            plan.seed(number, "pages", 8)
            return [fault.row() for fault in plan.faults]
        self.assertEqual(rows(1), rows(1))
        self.assertNotEqual(rows(1), rows(2))

    def test_every_row_of_every_table_can_be_added(self):
        for provider in ("netlify", "vercel", "pages", "workers"):
            rows = faults.table(provider)
            self.assertGreater(len(rows), 30)
            for kind, method, path, params, outcome in rows:
                faults.Fault(kind, method=method, path=path, **params)
                self.assertIn(outcome, (faults.RECOVERS, faults.FAILS, faults.EITHER))

    def test_every_kind_is_in_a_table(self):
        used = {row[0] for provider in ("netlify", "vercel", "pages", "workers") for row in faults.table(provider)}
        self.assertEqual(set(faults.KINDS) - used - set(faults.HOLD), set())

    def test_an_unknown_kind_is_refused(self):
        with self.assertRaises(ValueError):
            faults.Plan().add("rain")


class Sites(Case):
    MAKER = netlify.Netlify

    def test_what_a_path_finds(self):
        files = {"index.html": (b"", None), "a/index.html": (b"", None), "b.html": (b"", None), "_headers": (b"", None)}
        for path, wanted in (("", "index.html"), ("a", "a/index.html"), ("a/", "a/index.html"), ("b", "b.html"),
                             ("b.html", "b.html"), ("c", None), ("_headers", None)):
            self.assertEqual(site_door.found(files, path)[1], wanted, path)
        self.assertEqual(site_door.found({**files, "404.html": (b"", None)}, "c"), (404, "404.html"))

    def test_a_host_header_leads_to_a_site_too(self):
        site = self.standin.add_site("shop")["id"]
        deploy = self.api.call("POST", f"/sites/{site}/deploys", {"files": {}}).json["id"]
        for _ in range(3):
            self.api.call("GET", f"/deploys/{deploy}")
        self.assertEqual(self.api.control("GET", "sites"), {f"{deploy}--shop": {}, "shop": {}})
        for host in ("shop.localhost:1", "shop.netlify.app", f"{deploy}--shop.netlify.app"):
            got = fetch(self.standin.sites.door.url + "/", headers={"Host": host})
            self.assertEqual(got.body, b"not found\n", host)
        self.assertEqual(fetch(self.standin.sites.door.url + "/", headers={"Host": "x.localhost"}).body, b"no such site\n")

    def test_control(self):
        self.api.call("GET", "/user")
        self.api.call("GET", "/nope")
        state = self.api.control("GET", "state")
        self.assertEqual((state["requests"], len(state["violations"])), (2, 1))
        self.assertEqual(self.api.control("GET", "requests")[1]["status"], 599)
        self.assertIn("no control", self.api.control("GET", "nope")["message"])
        self.assertIn("rain", self.api.control("POST", "faults", {"kind": "rain"})["message"])
        self.assertIn("nothing here", self.api.control("POST", "set", {"nope": 1})["message"])
        self.assertEqual(len(self.api.control("POST", "faults", {"seed": 3, "count": 4})), 4)
        self.assertGreater(len(self.api.control("GET", "table")["netlify"]), 30)
        self.api.control("POST", "forget", {})
        self.assertEqual(self.api.control("GET", "state")["violations"], [])

    def test_bytes_in_chunks(self):
        """As netlify-cli sends its files: without a Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.standin.api_door.server_port)
        connection.request("POST", "/api/v1/sites", iter([b'{"na', b'me":"chunked"}']), encode_chunked=True,
                           headers={"Authorization": "Bearer " + self.standin.TOKEN, "Transfer-Encoding": "chunked",
                                    "Content-Type": "application/json"})
        self.assertEqual(json.loads(connection.getresponse().read())["name"], "chunked")
        connection.close()


class Process(unittest.TestCase):
    def test_it_says_where_it_is_and_ends_when_it_is_told(self):
        program = str(pathlib.Path(__file__).parent / "standin.py")
        for provider, way in (("netlify", "/user"), ("vercel", "/v2/user"), ("cloudflare", "/user")):
            process = subprocess.Popen([sys.executable, "-B", program, provider, "--json", "--site", "shop"],
                                       stdout=subprocess.PIPE, text=True)
            try:
                line = json.loads(process.stdout.readline())
                got = fetch(line["api"] + way, headers={"Authorization": "Bearer " + line["token"]})
                self.assertEqual((got.status, fetch(line["control"] + "/state").json["requests"]), (200, 1))
            finally:
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(30), 0)
                process.stdout.close()
