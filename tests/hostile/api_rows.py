# SPDX-License-Identifier: Apache-2.0
"""Table A, the API: JSON, types, ids, keys, repeated requests, cursors, secrets (A1 to A12)."""
import base64
import concurrent.futures
import json
import pathlib
import time

from harness import Case, Elsewhere, check, one_of, wait_until

CASES = []
JSON = {"Content-Type": "application/json"}
ULID_LIKE = "prj_" + "0" * 26


def case(row, name, **more):
    def keep(run):
        CASES.append(Case(row, name, run, **more))
        return run
    return keep


def problem(answer, statuses, codes=None):
    """A refusal as a problem document with one of these codes; returns both."""
    one_of(answer.status, statuses)
    check(answer.code, f"no problem document: {answer}")
    check(codes is None or answer.code in codes, f"code {answer.code}, expected {codes}")
    return f"{answer.status} {answer.code}"


def post_project(world, body, headers=None, **more):
    return world.ask("POST", "/api/projects", body, headers={**JSON, **(headers or {})}, **more)


def nothing_made(world, act):
    """Runs `act`, which must leave the list of projects as it was."""
    def names():
        return [row["projectId"] for row in world.server.pages("/api/projects", "projects")]
    before = names()
    result = act()
    check(names() == before, "something was stored")
    return result


# A1: JSON --------------------------------------------------------------------------------------------

BROKEN = {
    "10,000 deep": b'{"name":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "33 deep": b'{"name":' + b"[" * 33 + b"]" * 33 + b"}",
    "100,000 open brackets": b"[" * 100_000, "300,000 keys": b"{" + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}",
    "the same key twice": b'{"name":"a","name":"b"}', "NaN": b'{"name":NaN}', "1e999": b'{"name":1e999}', "-0": b'{"name":-0}',
    "2^63": b'{"name":9223372036854775808}', "a lone surrogate": b'{"name":"\\ud800"}', "a byte order mark": b'\xef\xbb\xbf{"name":"a"}',
    "a comma too many": b'{"name":"a",}', "UTF-16": '{"name":"a"}'.encode("utf-16"), "two documents": b'{"name":"a"}{"name":"b"}',
    "a comment": b'{"name":"a"/* */}', "single quotes": b"{'name':'a'}", "bytes that are not UTF-8": b'{"name":"\xff\xfe"}',
    "a control character in a string": b'{"name":"a\nb"}', "an overlong encoding": b'{"name":"\xc0\xaf"}', "half a document": b'{"name":"a',
    "a list": b"[]", "a text": b'"a"', "null": b"null",
}
for name_, body_ in BROKEN.items():
    @case("A1", f"JSON: {name_}")
    def broken(world, body=body_):
        # 413: a body above 4 MiB.
        return nothing_made(world, lambda: problem(post_project(world, body), {400, 413},
                                                   {"bad_json", "wrong_type", "body_too_large", "unknown_field", "missing_field", "bad_name"}))


@case("A1", "a body of 100 MB")
def large_body(world):
    head = world.head("POST /api/projects HTTP/1.1", "Content-Type: application/json", f"Content-Length: {100 * 2 ** 20}", key="")
    return one_of(world.talk([head, *[b" " * 2 ** 20] * 100]).status, {413})


@case("A1", "a chunked body of 100 MB")
def large_chunked(world):
    head = world.head("POST /api/projects HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked", key="")
    return one_of(world.talk([head, *[b"100000\r\n" + b" " * 2 ** 20 + b"\r\n"] * 100, b"0\r\n\r\n"]).status, {413})


# A2, A11: fields --------------------------------------------------------------------------------------

BODIES = {"/api/projects": {"name": "typed"}, "/api/clients": {"slug": "typed"}, "/api/keys": {"clientId": "cli_x", "title": "t", "scopes": ["git:read"]},
          "/api/requirements": {"clientId": "cli_x", "requirements": "A page."}}
for path_, body_ in BODIES.items():
    for field_ in body_:
        for value_ in (7, True, {"a": 1}, [[]], 1.5):
            @case("A2", f"{path_}: {field_} is {json.dumps(value_)}")
            def wrong_type(world, path=path_, body=body_, field=field_, value=value_):
                answer = nothing_made(world, lambda: world.ask("POST", path, {**body, field: value}))
                check(field in answer.json.get("detail", ""), f"the field is not named: {answer}")
                return problem(answer, {400}, {"wrong_type"})

for path_, body_ in BODIES.items():
    for field_ in ("is_admin", "isAdmin", "client_id", "createdAt", "id", "__proto__"):
        @case("A11", f"{path_}: a field {field_} of one's own")
        def extra(world, path=path_, body=body_, field=field_):
            answer = nothing_made(world, lambda: world.ask("POST", path, {**body, field: True}))
            check(field in answer.json.get("detail", ""), f"the field is not named: {answer}")
            return problem(answer, {400}, {"unknown_field"})

for text_ in ("a\0b", "x" * 1_000_000, "'; DROP TABLE projects; --", "<script>alert(1)</script>", "$(id)", "../../etc/passwd", "", " ", "\u202e"):
    @case("A2", f"a project named {text_[:26]!r}")
    def odd_text(world, text=text_):
        before = {row["projectId"] for row in world.server.pages("/api/projects", "projects")}
        answer = world.ask("POST", "/api/projects", {"name": text})
        if answer.status == 201:
            check(answer.json["name"] == text or not text, "stored as something else")
            check(answer.headers["Content-Type"].startswith("application/json"), "not JSON")
            page = world.ask("GET", answer.json["codeUrl"].split("/", 3)[3].join(("/", "")).removesuffix(".git"), key=None)
            check(b"<script>alert" not in page.body, "the project's page runs it")
            world.ask("DELETE", f"/api/projects/{answer.json['projectId']}")
            return "taken as a name, escaped where it is shown"
        check({row["projectId"] for row in world.server.pages("/api/projects", "projects")} == before, "refused and stored")
        return problem(answer, {400, 413, 422})


for name_, change_ in (("a path out of the tree", {"path": "../x"}), ("a path of .git", {"path": ".git/config"}), ("an absolute path", {"path": "/etc/passwd"}),
                       ("a path with a NUL", {"path": "a\0b"}), ("a path of 5,000 bytes", {"path": "a/" * 2500}), ("broken base64", {"content": "!!", "encoding": "base64"}),
                       ("an unknown action", {"action": "explode"}), ("a backslash in .git", {"path": ".git\\x"})):
    @case("A2", f"a commit by the API: {name_}")
    def commit(world, change=change_):
        body = {"branch": "main", "message": "m", "files": [{"action": "create", "path": "ok.txt", "content": "x", **change}]}
        answer = world.unchanged(lambda: world.ask("POST", f"/api/projects/{world.project}/commits", body))
        return problem(answer, {400, 422})


@case("A11", "a client that would make itself, or another, an admin")
def self_made_admin(world):
    server = world.server
    other = server.command_json("client", "create", "climber", "--data", server.data)["clientId"]
    key = world.secrets.add("the climber's key", server.make_key(client=other, scopes=["git:read", "git:write", "admin"])["key"])
    for path, body in (("/api/clients", {"slug": "helper", "admin": True}), ("/api/keys", {"clientId": server.client_id, "title": "t", "scopes": ["admin"]})):
        one_of(world.ask("POST", path, body, key=key).status, {403, 404})
    return "refused"


# A3: media types ----------------------------------------------------------------------------------------

for type_ in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/jsonx", "", "application/json\u00e9"):
    @case("A3", f"a body of the type {ascii(type_)}")
    def media_type(world, type_=type_):
        return nothing_made(world, lambda: problem(world.ask("POST", "/api/projects", b'{"name":"a"}', headers={"Content-Type": type_.encode("latin-1")}), {400, 415}))


@case("A3", "no body where one is needed")
def no_body(world):
    return problem(world.ask("POST", "/api/projects", b"", headers=JSON), {400}, {"missing_field", "bad_json"})


@case("A3", "a body on GET")
def body_on_get(world):
    return one_of(world.ask("GET", "/api/projects", b'{"a":1}', headers=JSON).status, {200, 400})


# A4: ids ------------------------------------------------------------------------------------------------

@case("A4", "a project of another client is like one that is not there")
def foreign_project(world):
    server = world.server
    other = server.command_json("client", "create", "stranger", "--data", server.data)["clientId"]
    key = world.secrets.add("the stranger's key", server.make_key(client=other, scopes=["git:read", "git:write", "projects:create"])["key"])
    for path in ("", "/branches", "/commits", "/events", "/file?path=README.md&ref=main"):
        theirs = world.ask("GET", f"/api/projects/{world.project}{path}", key=key)
        none = world.ask("GET", f"/api/projects/{ULID_LIKE}{path}", key=key)
        check((theirs.status, theirs.body) == (none.status, none.body) == (404, none.body), f"{theirs} and {none}")
    return "404, the same bytes"


for id_ in ("..%2fx", "0", "-1", ULID_LIKE, "prj_", "PRJ_" + "0" * 26, "admin%2f..%2fbase", "%00", "prj_" + "z" * 26, "admin%2Fbase%00", "a" * 4000):
    @case("A4", f"a project's id {id_[:32]}")
    def odd_id(world, text=id_):
        return one_of(world.ask("GET", f"/api/projects/{text}").status, {400, 404})


@case("A4", "a project's id with another last letter")
def near_id(world):
    near = world.project[:-1] + ("0" if world.project[-1] != "0" else "1")
    return problem(world.ask("GET", f"/api/projects/{near}"), {404})


# A5 to A7: keys -------------------------------------------------------------------------------------------

BAD_KEYS = {
    "Bearer and nothing": lambda w: "Bearer", "Bearer and a space": lambda w: "Bearer  ", "two keys": lambda w: f"Bearer {w.server.key} {w.server.key}",
    "two keys, a comma": lambda w: f"Bearer {w.server.key},{w.server.key}", "12 KiB": lambda w: "Bearer " + "a" * 12_000,
    "a wrong check sum": lambda w: "Bearer " + w.server.key[:-1] + ("A" if w.server.key[-1] != "A" else "B"),
    "half of it": lambda w: "Bearer " + w.server.key[:40], "upper case": lambda w: "Bearer " + w.server.key.upper(),
    "another server's key": lambda w: "Bearer " + w.servers["tls"].key, "another scheme": lambda w: "Digest " + w.server.key,
    "Basic that is no base64": lambda w: "Basic !!!", "Basic with a colon too many": lambda w: "Basic " + base64.b64encode(f"x:y:{w.server.key}".encode()).decode(),
    "the key of nobody": lambda w: "Bearer ogk_" + "A" * 71,
}
for name_, value_ in BAD_KEYS.items():
    @case("A5", f"Authorization: {name_}")
    def bad_key(world, value=value_):
        answer = world.ask("GET", "/api/projects", headers={"Authorization": value(world)}, key=None, source=world.new_address())
        return problem(answer, {400, 401})


@case("A5", "an Authorization of 100 KB")
def long_key(world):
    return one_of(world.talk(world.head("GET /api/projects HTTP/1.1", "Authorization: Bearer " + "a" * 100_000)).status, {431})


@case("A5", "a good key in the query")
def key_in_query(world):
    for name in ("access_token", "token", "key", "api_key"):
        answer = world.server.request("GET", f"/api/projects?{name}={world.server.key}", key=None, source=world.new_address())
        one_of(answer.status, {400, 401})
    return "401; the log is searched for it"


@case("A5", "a key that was revoked, and one that has expired")
def dead_keys(world):
    server = world.server
    made = server.make_key(scopes=["git:read"])
    key = world.secrets.add("a revoked key", made["key"])
    check(world.ask("GET", "/api/projects", key=key).status == 200, "it never worked")
    server.command("key", "revoke", made["keyId"], "--data", server.data)
    one_of(world.ask("GET", "/api/projects", key=key, source=world.new_address()).status, {401})
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    short = server.post("/api/keys", {"clientId": server.client_id, "title": "short", "scopes": ["git:read"], "expiresAt": soon})
    check(short.status == 201, f"status {short.status}")
    key = world.secrets.add("an expired key", short.json["key"])
    wait_until("its end", lambda: world.ask("GET", "/api/projects", key=key, source=world.new_address()).status == 401, 30)
    return "401 both"


@case("A6", "guesses at one key's secret, each from a new address: refused unread after a few")
def guesses(world):
    made = world.server.make_key(scopes=["git:read"])
    key = world.secrets.add("a guessed key", made["key"])
    statuses = []
    for number in range(12):
        guess = forged(key, number)
        statuses.append(world.ask("GET", "/api/projects", key=guess, source=world.new_address()).status)
    check(statuses[0] == 401 and 429 in statuses, f"{statuses}")
    check(world.ask("GET", "/api/projects", key=key).status == 200, "its owner is locked out")
    return f"{statuses.count(401)} times 401, then 429; the right key works meanwhile"


def forged(key, number):
    """A key with the id of `key`, another secret and a right check sum, as far as that can be made from outside."""
    import checksum
    return checksum.with_other_secret(key, number)


@case("A7", "300 bad keys from one address")
def brute_force(world):
    source = world.new_address()
    statuses = [world.ask("GET", "/api/projects", key=f"ogk_{n:071d}", source=source).status for n in range(300)]
    check(statuses[0] == 401 and statuses[-1] == 429 and set(statuses) <= {401, 429}, f"{set(statuses)}")
    answer = world.ask("GET", "/api/projects", key="ogk_x", source=source)
    check(int(answer.headers["Retry-After"]) >= 1, "no Retry-After")
    check(world.ask("GET", "/api/projects").status == 200, "others are slowed too")
    return f"{statuses.count(401)} times 401, then 429 with Retry-After; others are served"


@case("A7", "1,000 addresses, one bad key each: the table of failures is bounded")
def many_addresses(world):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda n: world.server.request("GET", "/api/projects", key=f"ogk_{n:071d}", source=f"127.99.{n // 250}.{n % 250 + 1}").status,
                                range(1000)))
    return one_of(next(iter(statuses)), {401}) + f" {len(statuses)} kind of answer"


# A8: browsers ---------------------------------------------------------------------------------------------

for name_, headers_ in (("another site's Origin, JSON as text/plain", {"Origin": "https://evil.example", "Content-Type": "text/plain"}),
                        ("another site's Origin and a cookie", {"Origin": "https://evil.example", "Cookie": "session=1; origin_ticket=1", **JSON}),
                        ("a preflight", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})):
    @case("A8", f"cross-site: {name_}")
    def cross_site(world, headers=headers_, name=name_):
        method = "OPTIONS" if name == "a preflight" else "POST"
        answer = nothing_made(world, lambda: world.ask(method, "/api/projects", b'{"name":"csrf"}', headers=headers, key=None))
        check(not any(header.lower().startswith("access-control-allow") for header in answer.headers), "CORS is granted")
        return one_of(answer.status, {400, 401, 403, 405, 415})


@case("A8", "a preview with a ticket of one's own")
def preset_cookie(world):
    label = f"b-main--{world.site_host}"
    for cookie in ("origin_ticket=1", "origin_ticket=" + "A" * 64, "; ".join(["origin_ticket=x"] * 50)):
        answer = world.server.request("GET", "/", headers={"Cookie": cookie}, host=label, key=None)
        one_of(answer.status, {403, 404})
    return "not shown"


# A9: the same request again -----------------------------------------------------------------------------------

@case("A9", "an Idempotency-Key: the same body, another body, 8 at once")
def idempotency(world):
    def make(name):
        return world.ask("POST", "/api/projects", {"name": name}, headers={"Idempotency-Key": "hostile-1"})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: make("once"), range(8)))
    made = {answer.json["projectId"] for answer in answers if answer.status < 300}
    check(len(made) == 1 and all(answer.status in (200, 201, 409) for answer in answers), f"{answers}")
    return "one project; " + problem(make("twice"), {409}, {"idempotency_key_reused"})


for name_, value_ in (("of 256 letters", "x" * 256), ("of 8 KiB", "x" * 8000), ("empty", ""), ("with a tab", "a\tb"), ("of another alphabet", "\u00e9")):
    @case("A9", f"an Idempotency-Key {name_}")
    def odd_idempotency(world, value=value_):
        return nothing_made(world, lambda: problem(post_project(world, {"name": "never"}, {"Idempotency-Key": value.encode("latin-1")}), {400}))


# A10: pages ---------------------------------------------------------------------------------------------------

for query_ in ("cursor=x", "cursor=%00", "cursor=" + "A" * 4000, "cursor=../..", "limit=1000000000", "limit=-1", "limit=0", "limit=x", "limit=1e3",
               "limit=1&limit=2", "limit=", "limit=99999999999999999999", "a=" + "&a=".join("x" * 3 for _ in range(101))):
    for path_ in ("/api/projects", "/api/events"):
        @case("A10", f"{path_}?{query_[:32]}")
        def page(world, path=path_, query=query_.replace("cursor", "after") if path_ == "/api/events" else query_):
            return problem(world.ask("GET", f"{path}?{query}"), {400, 410})


# A12: secrets -------------------------------------------------------------------------------------------------

@case("A12", "no list, page or metric shows a key, a hash of one, or a webhook's secret")
def secrets_in_answers(world):
    made = world.server.post(f"/api/projects/{world.project}/webhooks", {"url": "https://hooks.example.org/x"})
    check(made.status == 201, f"status {made.status}")
    world.secrets.add("a webhook's secret", made.json["secret"])
    for path in ("/api/keys", "/api/clients", "/api/projects", f"/api/projects/{world.project}", f"/api/projects/{world.project}/webhooks", "/metrics",
                 f"/api/projects/{world.project}/webhooks/{made.json['id']}", "/api/events", "/api/openapi.json", "/", "/admin/base"):
        answer = world.ask("GET", path)
        check(answer.status == 200, f"{path}: {answer.status}")
        check(b"sha256" not in answer.body.lower() or path == "/api/openapi.json", f"{path} shows a hash")
    world.ask("DELETE", f"/api/projects/{world.project}/webhooks/{made.json['id']}")
    return "searched with the others"


@case("A12", "its environment and command line hold no key")
def secrets_in_proc(world):
    for name in ("environ", "cmdline"):
        data = pathlib.Path(f"/proc/{world.server.process.pid}/{name}").read_bytes()
        check(not world.secrets.found_in(data), f"/proc/PID/{name} tells {world.secrets.found_in(data)}")
    check(world.ask("GET", "/api/projects?limit=1").status == 200, "not asked")
    return "none"


@case("A12", "a key in a path, a header and a body that are refused is in no log line")
def secrets_in_refusals(world):
    key = world.server.key
    statuses = [world.server.request("POST", "/api/projects", {"name": key, "typo": key}, headers={"X-Key": key}).status,
                world.talk(world.head("BAD /api HTTP/1.1", f"Bad Header: {key}")).status, world.server.request("GET", f"/api/projects?cursor={key}").status]
    check(set(statuses) <= {400, 501}, f"{statuses}")
    return "the log was searched"


ELSEWHERE = [
    Elsewhere("A6", "100,000 timed samples (Welch's t)", "no series can be taken: after five guesses a key id is refused unread, whatever the address; "
              "the comparison itself is constant-time (auth/gatekeeper_test.cc)"),
    Elsewhere("A7", "10,000 addresses; an audit trail", "1,000 here; the bound of the table is in auth/gatekeeper_test.cc; there is no audit log yet"),
    Elsewhere("A8", "sessions, logout, login", "there are none: a key with every call; previews have signed tickets"),
    Elsewhere("A12", "core dumps, backups, crash reports", "a core is the operator's own setting; there is no online backup and no crash reporter yet"),
]
