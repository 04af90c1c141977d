# SPDX-License-Identifier: Apache-2.0
"""Goal: a site on this server behaves as its `_redirects`, `_headers` and settings say, for curl and for a browser.

Method: pushes to a target `local`, the real curl over the wire (codings, parts, redirects), and Chromium at the form of a
site with a password. Hostile files and visitors are part of each story.
"""
import gzip
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import unittest

import door_table
from browser import browse
from origin_server import PATIENCE_SECONDS, Server, wait_until
from scenario import Scenario

PAGE = "<!doctype html><title>Home</title><p>" + "Words that repeat. " * 400


class LocalSite(Scenario):
    def live(self, files, settings=None, secret=None):
        """Pushes `files`; returns the deployment that became live."""
        repo = self.new_repo()
        for path, content in files.items():
            target = repo.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        repo("add", "-A")
        repo("commit", "-q", "-m", "site")
        repo("push", "-q", "origin", "main")
        self.id_ = self.project_id()
        self.put(settings or {}, secret)
        self.expect(self.server.request("PUT", f"/api/projects/{self.id_}/rules", {"pattern": "main", "target": "production"}), 200)
        repo("commit", "-q", "--allow-empty", "-m", "deploy")
        repo("push", "-q", "origin", "main")
        deployment = self.server.settle_deployments(self.id_)[-1]
        self.assertEqual(deployment["state"], "live", deployment)
        self.host = deployment["url"].split("://")[1].split("/")[0]
        return deployment

    def put(self, settings, secret=None, status=200, code=None):
        body = {"connector": "local", "settings": settings}
        if secret is not None:
            body["secret"] = secret
        return self.expect(self.server.request("PUT", f"/api/projects/{self.id_}/targets/production", body), status, code)

    def curl(self, path, *options, host=None):
        """(status, headers in lower case, body) as curl received them, codings undone if it was asked to."""
        done = subprocess.run(
            ["curl", "-sS", "--path-as-is", "-g", "--noproxy", "*", "-H", f"Host: {host or self.host}", "-D", "-", "-o", str(self.folder / "body"),
             *options, f"http://127.0.0.1:{self.server.port}{path}"], capture_output=True, check=True)
        head = done.stdout.decode().replace("\r", "").strip().split("\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = (self.folder / "body").read_bytes() if (self.folder / "body").exists() else b""
        (self.folder / "body").unlink(missing_ok=True)
        return int(head[0].split()[1]), headers, body

    def test_rules_of_the_site_itself(self):
        made = self.live({
            "index.html": PAGE, "about.html": "about", "docs/index.html": "docs", "404.html": "lost", "app.js": "1",
            "_redirects": "# ours\n/old/* /docs/:splat 301\n/go/:where https://:where.example/\n/evil //evil.example/\n"
                          "/de /x 302 Country=de\n/api/* https://api.example/:splat 200\n/app/* /index.html 200\n"
                          "/about.html /app.js 302!\n/find q=:q /results/:q\n",
            "_headers": "/*\n  X-Frame-Options: DENY\n  Set-Cookie: a=b\n/app.js\n  Cache-Control: max-age=60\n",
        })
        log = " ".join(line["text"] for line in self.server.get(f"/api/projects/{self.id_}/deployments/{made['id']}").json["log"])
        for told in ("_redirects, line 3: this names no host", "_redirects, line 4: a target begins with one slash",
                     "line 5: conditions (country, language, role, cookie) are not supported",
                     "line 6: files of another host are not fetched", "_headers, line 3: 'Set-Cookie' may not be set here"):
            self.assertIn(told, log)
        for path, status, location in (
                ("/old/a/b?c=d", 301, "/docs/a/b?c=d"), ("/find?q=a%2Fb", 301, "/results/a/b"), ("/about.html", 302, "/app.js"),
                ("/about/", 308, "/about"), ("/docs", 308, "/docs/"), ("/old/a%0d%0aX:y", 301, "/docs/a%0D%0AX:y"),
                ("/old//evil.example/", 404, None), ("/go/evil", 404, None), ("/evil", 404, None), ("/de", 404, None),
                ("/api/x", 404, None), ("/_headers", 404, None), ("/_redirects", 404, None), ("/../_headers", 404, None),
                ("/.git/config", 404, None), ("/%2e%2e/%2e%2e/etc/passwd", 404, None), ("/app/users/7", 200, None)):
            for _ in range(2):
                found, headers, _ = self.curl(path)
                self.assertEqual((found, headers.get("location")), (status, location), path)
                self.assertNotIn("x", headers, path)
                self.assertNotIn("set-cookie", headers, path)
        self.assertEqual(self.curl("/app.js")[1]["cache-control"], "max-age=60")
        self.assertEqual(self.curl("/nothing")[1]["x-frame-options"], "DENY")

    def test_codings_and_parts(self):
        large = bytes(i * 7919 % 251 for i in range(3_000_001))
        self.live({"index.html": PAGE, "large.bin": large})
        for coding in ("br", "gzip"):
            wait_until(coding, lambda: self.curl("/", "-H", f"Accept-Encoding: {coding}")[1].get("content-encoding") == coding)
        status, headers, raw = self.curl("/", "-H", "Accept-Encoding: gzip")
        self.assertEqual(gzip.decompress(raw), PAGE.encode())
        self.assertEqual(headers["vary"], "Accept-Encoding")
        tags = {headers["etag"], self.curl("/", "-H", "Accept-Encoding: br")[1]["etag"], self.curl("/")[1]["etag"]}
        self.assertEqual(len(tags), 3, tags)
        version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
        if "brotli" in version:
            self.assertEqual(self.curl("/", "--compressed", "-H", "Accept-Encoding: br")[2], PAGE.encode())
        for tag in tags:
            self.assertEqual(self.curl("/", "-H", "Accept-Encoding: br, gzip", "-H", f"If-None-Match: {tag}")[0], 304)
        self.assertEqual(self.curl("/large.bin", "-r", "2000000-2000009")[2], large[2000000:2000010])
        self.assertEqual(self.curl("/large.bin")[2], large)
        self.assertEqual(self.curl("/large.bin", "-r", "-5")[2], large[-5:])
        self.assertEqual(self.curl("/", "-r", "0-8", "-H", "Accept-Encoding: br")[2], PAGE[:9].encode())

    def test_codings_outlast_a_restart(self):
        self.live({"index.html": PAGE, "noise.txt": os.urandom(5000)})
        kept = self.server.data / "codings"

        def counted(how):
            found = re.search(rf'(?m)^site_codings_total{{how="{how}"}} (\d+)$', self.server.get("/metrics").text)
            return int(found[1])

        def see(made, read):
            for coding in ("br", "gzip"):
                wait_until(coding, lambda: self.curl("/", "-H", f"Accept-Encoding: {coding}")[1].get("content-encoding") == coding)
            self.assertEqual(gzip.decompress(self.curl("/", "-H", "Accept-Encoding: gzip")[2]), PAGE.encode())
            self.curl("/noise.txt", "-H", "Accept-Encoding: gzip")
            wait_until("what is not worth it", lambda: counted("made") + counted("read") == 3)
            self.assertNotIn("content-encoding", self.curl("/noise.txt", "-H", "Accept-Encoding: gzip")[1])
            self.assertEqual((counted("made"), counted("read")), (made, read))

        see(made=3, read=0)
        self.server.stop()
        self.server.start()
        see(made=0, read=3)
        self.server.kill()
        coding = next(kept.glob("*.gzip"))
        for damage in (lambda: coding.write_bytes(coding.read_bytes()[:-1]), lambda: coding.write_bytes(b"")):
            damage()
            self.server.start()
            see(made=1, read=2)
            self.server.stop()
        for coding in kept.iterdir():  # Nothing in it is needed.
            coding.unlink()
        kept.rmdir()
        self.server.start()
        see(made=3, read=0)

    def test_settings(self):
        self.live({"index.html": PAGE}, {"spa": "true"})
        self.assertEqual(self.curl("/users/7")[2], PAGE.encode())
        self.assertEqual(self.curl("/missing.js")[0], 404)
        for settings, code in (({"spa": "maybe"}, "bad_setting"), ({"spaa": "true"}, "unknown_setting"),
                               ({"access": "password"}, "missing_secret"), ({"hosts": "LOCALHOST"}, "bad_setting")):
            self.put(settings, status=422, code=code)
        self.put({}, secret="x", status=422, code="unknown_setting")

    def test_a_password_by_command_and_its_end(self):
        secret = self.folder / "password"

        def target(access, text):
            secret.write_text(text)
            return self.server.command_json("target", "set", "--data", self.server.data, "--project", self.id_, "--name", "production",
                                            "--connector", "local", "--setting", f"access={access}", "--secret-file", secret)
        self.live({"index.html": PAGE})
        self.assertIs(target("password", "open sesame\n")["hasSecret"], True)
        self.assertNotEqual(self.curl("/")[0], 200)
        self.assertIs(target("public", "")["hasSecret"], False)
        self.assertEqual(self.curl("/")[0], 200)

    def test_a_health_check_is_of_what_everybody_may_see(self):
        self.live({"index.html": PAGE})
        for name, settings, status in (("production", {"access": "link"}, 422), ("staging", {}, 422), ("staging", {"access": "public"}, 200),
                                       ("production", {}, 200)):
            answer = self.server.request("PUT", f"/api/projects/{self.id_}/targets/{name}",
                                         {"connector": "local", "settings": settings, "health": {"path": "/"}})
            self.expect(answer, status, "bad_health" if status == 422 else None)

    def test_host_names_are_the_operators_to_give(self):
        self.live({"index.html": PAGE})
        self.put({"hosts": "www.example.org"}, status=403, code="operator_only")
        self.assertEqual(self.curl("/", host="www.example.org")[0], 421)

        def give(project, hosts, check=True):
            return self.server.command("target", "set", "--data", self.server.data, "--project", project, "--name", "production",
                                       "--connector", "local", "--setting", f"hosts={hosts}", check=check)

        give(self.id_, "www.example.org,xn--bcher-kva.example")
        for host in ("www.example.org", "WWW.Example.ORG:1234", "xn--bcher-kva.example"):
            self.assertEqual(self.curl("/", host=host)[2], PAGE.encode(), host)
        for host in ("example.org", "www.example.org.evil.example", "x.www.example.org"):
            self.assertEqual(self.curl("/", host=host)[0], 421, host)
        self.assertEqual(self.curl("/api/projects", host="www.example.org")[0], 404)
        other = self.server.post("/api/projects", {"name": "other", "slug": "other"}).json["projectId"]
        for hosts, told in (("www.example.org", "another target's"), ("x.localhost", "this server's own name")):
            refused = give(other, hosts, check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(told, refused.stderr + refused.stdout)
        self.put({"hosts": "www.example.org"})  # To keep one, or to give one back, needs no operator.
        self.assertEqual(self.curl("/", host="xn--bcher-kva.example")[0], 421)
        self.put({})
        self.assertEqual(self.curl("/", host="www.example.org")[0], 421)
        give(other, "www.example.org")

    def test_a_password_in_a_browser(self):
        url = self.live({"index.html": PAGE, "next.html": "<title>Next</title>", "favicon.ico": b"icon"}, {"access": "password"}, "correct horse")["url"]
        self.assertEqual(self.curl("/")[0], 403)
        self.assertEqual(self.curl("/", "-u", "any:correct horse")[0], 403, "Authorization is not read")
        self.assertEqual(self.curl("/", "-b", "origin_site=1.x")[0], 403)

        def send(password):
            return (f"document.querySelector('[name=password]').value = {json.dumps(password)};"
                    "document.querySelector('form').submit()")

        seen = browse([
            {"name": "form", "url": url + "next.html?a=1", "run": "return [document.title, document.querySelectorAll('form').length]"},
            {"name": "wrong", "leave": send("wrong horse"), "run": "return document.body.innerText"},
            {"name": "told", "url": url + "next.html?a=1", "run": "return document.title"},
            {"name": "right", "leave": send("correct horse"), "run": "return [document.title, location.pathname + location.search]"},
            {"name": "in", "url": url + "next.html", "run": "return [document.title, document.cookie]"},
        ], expected="403 (Forbidden)")
        self.assertEqual(seen["form"], ["Password", 1])
        self.assertIn("That is not the password.", seen["wrong"])
        self.assertEqual((seen["told"], seen["right"]), ("Password", ["Next", "/next.html?a=1"]))
        self.assertEqual(seen["in"], ["Next", ""], "the cookie is HttpOnly")
        status, headers, _ = self.curl("/.origin/login", "-d", "password=correct+horse&to=//evil.example/")
        self.assertEqual((status, headers["location"]), (303, "/"))
        cookie = re.match(r"origin_site=[^;]+", headers["set-cookie"])[0]
        self.assertEqual(self.curl("/next.html", "-b", cookie)[0], 200)
        self.put({"access": "password"}, "another one")
        self.assertEqual(self.curl("/next.html", "-b", cookie)[0], 403, "a new password ends what the old one opened")
        self.put({"access": "link"}, "")
        self.assertEqual(self.curl("/")[0], 403)
        made = self.server.get(f"/api/projects/{self.id_}/targets/production").json
        self.assertIn("origin_ticket=", made["url"])
        self.assertEqual(self.curl("/?" + made["url"].partition("?")[2])[0], 303)


class Certificates(unittest.TestCase):
    def test_each_name_has_its_own(self):
        """What a client asks for by SNI; another name gets the server's own; SIGHUP reads them anew, or keeps them."""
        server = Server()
        self.addCleanup(server.remove)
        folder = server.root / "certificates"
        folder.mkdir(parents=True)

        def make(file, *names):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                            "-keyout", str(file.with_suffix(".key")), "-out", str(file)], check=True, capture_output=True)

        make(server.root / "own.pem", "git.example.org")
        make(folder / "a.pem", "www.example.org", "*.shop.example")
        config = server.root / "tls.toml"
        config.write_text(f'[http]\ntls_certificate = "{server.root}/own.pem"\ntls_key = "{server.root}/own.key"\n'
                          f'tls_folder = "{folder}"\n')
        server.options += ["--config", str(config)]
        server.init().start()

        def subject(name):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS) as plain:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                with context.wrap_socket(plain, server_hostname=name) as secure:
                    return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], check=True, capture_output=True,
                                          input=secure.getpeercert(binary_form=True)).stdout.decode()

        own, www = subject("git.example.org"), subject("www.example.org")
        self.assertIn("git.example.org", own)
        self.assertIn("www.example.org", www)
        self.assertEqual(subject("WWW.example.ORG"), www)
        self.assertEqual(subject("x.shop.example"), www)
        for other in (None, "example.org", "x.www.example.org", "shop.example", "y.x.shop.example"):
            self.assertEqual(subject(other), own, other)
        make(folder / "b.pem", "new.example.org")
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until("the new certificate", lambda: "new.example.org" in subject("new.example.org"))
        (folder / "c.pem").write_text("none\n")
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until("the refusal", lambda: "the certificates stay as they were" in server.log())
        self.assertEqual(subject("www.example.org"), www)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    door_table.main()
