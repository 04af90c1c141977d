# SPDX-License-Identifier: Apache-2.0
"""Behaviours: the sentences under "checks" of an .expect.json, each as code that can fail.

A sentence is found by its pattern in CHECKS, at the end; one that no pattern fits is reported as not automated.
"""
import json
import pathlib
import re
import subprocess
import tempfile

import mutation

HERE = pathlib.Path(__file__).resolve().parent


class Broken(Exception):
    """The behaviour is not as expected."""


def need(condition, detail):
    if not condition:
        raise Broken(detail)


def browse(steps, expected=None):
    """Runs steps in one browser; returns {name: value}. A step that throws is Broken, and so is a problem that a page
    reports, unless it holds the text `expected`."""
    done = subprocess.run(["node", HERE / "browser.mjs"], input=json.dumps({"steps": steps}), capture_output=True,
                          text=True, timeout=120)
    need(done.returncode == 0, f"the browser failed: {done.stderr.strip()[:200]}")
    values = {}
    for step in json.loads(done.stdout):
        need("error" not in step, f"{step['name']}: {step.get('error')}")
        values[step["name"]] = step["value"]
    problems = [problem for problem in values["problems"] if expected is None or expected not in problem]
    need(not problems, f"the page reports {problems[:2]}")
    return values


class Case:
    """One generated app and what is known about it."""

    def __init__(self, tree, report, source, base, tool):
        self.tree, self.report, self.source, self.base, self.tool = tree, report, source, base, tool
        self.manifest = json.loads((tree / "blueprint.json").read_text())

    def url(self, page_id=None, tree=None):
        pages = {page["id"]: page["file"] for page in self.manifest["pages"]}
        return ((tree or self.tree) / pages.get(page_id, "index.html")).resolve().as_uri()

    def page_of_list(self, entity):
        for page in self.manifest["pages"]:
            if any(section["kind"] == "list" and section.get("entity") == entity for section in page["sections"]):
                return page["id"]
        raise Broken(f"no page lists {entity}")

    def entity_with(self, field):
        for entity in self.manifest["entities"]:
            if any(each["id"] == field for each in entity["fields"]):
                return entity["id"]
        raise Broken(f"no entity has {field}")

    def html(self, page_id):
        file = next((page["file"] for page in self.manifest["pages"] if page["id"] == page_id), None)
        need(file, f"there is no page {page_id}")
        return (self.tree / file).read_text()

    def visible(self, page_id):
        text = re.sub(r"<(head|script)\b.*?</\1>", " ", self.html(page_id), flags=re.S)
        text = re.sub(r"<[^>]*>", " ", text)
        for code, char in (("&quot;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            text = text.replace(code, char)
        return re.sub(r"\s+", " ", text)

    def run(self, text, base, out):
        return subprocess.run([*self.tool, text, "--out", out, "--base", base, "--json"], capture_output=True, text=True)


def slug(words):
    return re.sub(r"\W+", "_", words.strip().lower())


def refused(case, entity, values, before=()):
    """The form refuses `values` with an error that can be seen, and nothing more is stored."""
    run = "".join(f"ui.add('{entity}', {json.dumps(row)});" for row in before)
    run += (f"const errors = ui.add('{entity}', {json.dumps(values)});"
            f"return {{ errors, count: ui.stored('{entity}').length }};")
    found = browse([{"name": "form", "url": case.url(case.page_of_list(entity)), "run": run}])["form"]
    need(found["count"] == len(before), f"{found['count']} rows are stored")
    need(found["errors"], "no error can be seen")


def second_refused(case, entity, field):
    refused(case, entity, {field: "Same 1"}, [{field: "Same 1"}])


def value_refused(case, field, value):
    refused(case, case.entity_with(slug(field)), {slug(field): value})


def head_is_no_field(case):
    heads = re.findall(r"^\|(.+)\|\n\|[-| :]+\|$", case.source, flags=re.M)
    need(heads, "the text has no table")
    for head in heads:
        names = [slug(cell) for cell in head.split("|")]
        for entity in case.manifest["entities"]:
            ids = [field["id"] for field in entity["fields"]]
            need(not set(names[:2]) & set(ids), f"{entity['id']} has {ids}")


def rules_are_tested(case):
    tried, green = mutation.survivors(case.tree, case.report, {"rule"})
    need(tried and not green, f"tried {tried}; still green without the rule: {green}")


def derived_name(case):
    name = case.manifest["app"]["name"]
    need(0 < len(name) <= 30 and len(name.split()) <= 4, f"it is {name!r}")


def sums_exactly(case, field):
    entity = case.entity_with(field)
    run = (f"ui.add('{entity}', {{ {field}: '0.1' }}); ui.add('{entity}', {{ {field}: '0.2' }});"
           f"return {{ stored: ui.stored('{entity}').map((row) => row.{field}), text: document.body.innerText }};")
    found = browse([{"name": "sum", "url": case.url(case.page_of_list(entity)), "run": run}])["sum"]
    need(found["stored"] == [10, 20], f"stored is {found['stored']}")
    need("0.30" in found["text"], "the page does not show 0.30")


def split_rows(case):
    need(len(case.report["traceability"]) >= 5, f"{len(case.report['traceability'])} rows")


def heading_is(case, page, text):
    found = re.search(r"<h1>(.*?)</h1>", case.html(page), re.S)
    need(found and found[1] == text, f"it is {found and found[1]}")


def link_leads(case, page, text, target):
    file = next(each["file"] for each in case.manifest["pages"] if each["id"] == target)
    need(re.search(rf'<a [^>]*href="{re.escape(file)}"[^>]*>\s*{re.escape(text)}\s*<', case.html(page)), "no such link")


def shows_quotes(case, page):
    quotes = re.search(r'promises: (.*?)\.', case.source)[1]
    for text in re.findall(r'"([^"]+)"', quotes):
        need(text in case.visible(page), f"{text!r} is missing")


def only_rows(case, page, act, left, total):
    rows = [{"name": "Sourdough", "category": "bread"}, {"name": "Lemon cake", "category": "cake"},
            {"name": "SOUR cherry pastry", "category": "pastry"}]
    entity = case.entity_with("category")
    adds = "".join(f"ui.add('{entity}', {json.dumps(row)});" for row in rows)
    found = browse([{"name": "list", "url": case.url(page), "run": adds + "const all = ui.rows().length;" + act +
                     "return { all, rows: ui.rows() };"}])["list"]
    need(found["all"] == total and len(found["rows"]) == len(left), f"rows are {found['rows']}")
    for text, row in zip(left, found["rows"]):
        need(text in row, f"{text} is not in {row}")


def filters_list(case, page, field, value):
    only_rows(case, page, f"ui.choose('[data-filter=\"{field}\"]', '{value}');", ["Lemon cake"], 3)


def searches_list(case, page, text):
    only_rows(case, page, f"ui.choose('[data-search]', '{text}');", ["Sourdough", "SOUR cherry"], 3)


def hours_shown(case, text):
    pages = [case.visible(page["id"]) for page in case.manifest["pages"]]
    need(any(text in page and re.search(r"closed on Sunday and Monday", page) for page in pages), "no page shows both")


def contact_shown(case):
    html = case.html("contact")
    for text in re.findall(r"address \((.*?)\), phone ([\d ]+\d) and email (\S+@\S+?),", case.source)[0]:
        need(text in case.visible("contact"), f"{text} is missing")
        if "@" in text:
            need(f'href="mailto:{text}"' in html, "the email is no link")


def form_needs_email(case):
    entity = next(s["entity"] for page in case.manifest["pages"] for s in page["sections"] if s["kind"] == "form")
    run = (f"ui.fill('{entity}', {{ email: '' }}); ui.submit();"
           f"return {{ errors: ui.errors(), count: ui.stored('{entity}').length }};")
    found = browse([{"name": "form", "url": case.url("contact"), "run": run}])["form"]
    need(found["errors"] and found["count"] == 0, f"it gives {found}")


def delivery_is_partial(case):
    row = next(row for row in case.report["traceability"] if "contact form" in row["text"])
    need(row["status"] == "partial", f"it is {row['status']}")
    texts = [path.read_text().lower() for path in [*case.tree.glob("*.html"), case.tree / "assets/forms.js"]]
    need(not any(re.search(r"\b(was|been|message) sent\b", text) for text in texts), "a page says sent")


def no_word(case, word):
    for page in case.manifest["pages"]:
        need(word not in case.visible(page["id"]).lower(), f"{page['id']} mentions {word}")


def colours_computed(case, background, primary):
    run = ("const style = getComputedStyle(document.documentElement);"
           "return [style.getPropertyValue('--color-background'), style.getPropertyValue('--color-primary')]"
           ".map((text) => text.trim());")
    found = browse([{"name": "style", "url": case.url(), "run": run}])["style"]
    need(found[0] in background.split("/") and found[1] in primary.split("/"), f"it is {found}")


def ids_are_plain(case):
    ids = [page["id"] for page in case.manifest["pages"]] + [entity["id"] for entity in case.manifest["entities"]]
    need(all(re.fullmatch(r"[a-z][a-z0-9_]*", each) for each in ids), f"ids are {ids}")


def deferred_is_not_built(case):
    built = "".join(path.read_text().lower() for path in [*case.tree.glob("*.html"), case.tree / "assets/model.js"])
    for row in case.report["traceability"]:
        if row["status"] == "deferred":
            words = [word for word in re.findall(r"[a-z]{5,}", row["text"].lower()) if word not in ("integration",)]
            need(not any(word in built for word in words), f"something of {row['text']!r} was built")


def json_round_trip(case):
    entity = case.manifest["entities"][0]["id"]
    run = (f"ui.add('{entity}', {{}}); const text = App.store.exportJson(); localStorage.clear();"
           "const ok = App.store.importJson(text).ok; return ok && App.store.exportJson() === text;")
    need(browse([{"name": "trip", "url": case.url(case.page_of_list(entity)), "run": run}])["trip"] is True, "bytes differ")


def csv_is_safe(case):
    entity = case.manifest["entities"][0]["id"]
    run = (f"ui.add('{entity}', {{ name: '=1,\"x\"' }});"
           f"return App.csv.write(App.query.entityOf('{entity}'), ui.stored('{entity}'), App.store.nameOf);")
    text = browse([{"name": "csv", "url": case.url(case.page_of_list(entity)), "run": run}])["csv"]
    need("\r\n\"'=1,\"\"x\"\"\"" in text, f"it is {text!r}")


def rename_migrates(case, old, new):
    entity = case.entity_with(new)
    page = case.page_of_list(entity)
    # Both versions of a live site share one storage; here two folders do, as file: pages.
    steps = [{"name": "before", "url": case.url(page, case.base), "run": f"return ui.add('{entity}', {{ {old}: 'kept' }});"},
             {"name": "after", "url": case.url(page), "run": f"return ui.stored('{entity}')[0];"}]
    row = browse(steps)["after"]
    need(row and row.get(new) == "kept" and old not in row, f"the row is {row}")


def merge_edits(case, edits):
    """Three-way merge of human edits on the base with the new tree; returns the merged texts."""
    merged = {}
    with tempfile.TemporaryDirectory() as folder:
        for path, (old, new) in edits.items():
            texts = {"base": (case.base / path).read_text(), "theirs": (case.tree / path).read_text()}
            need(old in texts["base"], f"{path} has no {old!r}")
            texts["ours"] = texts["base"].replace(old, new)
            for name, text in texts.items():
                (pathlib.Path(folder) / name).write_text(text)
            done = subprocess.run(["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=folder, capture_output=True,
                                  text=True)
            need(done.returncode == 0, f"{path} conflicts")
            need(new in done.stdout, f"the edit of {path} is lost")
            merged[path] = done.stdout
    return merged


def edits_survive(case):
    footer = re.search(r"<p>(.*?)</p>\s*</div>\s*</footer>", (case.base / "index.html").read_text())[1]
    merge_edits(case, {"index.html": (footer, "Edited by a person."), "assets/custom.css": ("/* Yours", "/* Mine"),
                       "404.html": ("There is no such page", "Nothing here")})


def label_survives(case):
    label = case.manifest["pages"][-1]["title"]
    for path in sorted(case.base.glob("*.html")):
        if f">{label}</a>" in path.read_text():
            merge_edits(case, {path.name: (f">{label}</a>", ">Renamed by hand</a>")})


def second_run_is_refused(case):
    with tempfile.TemporaryDirectory() as folder:
        text = pathlib.Path(folder) / "request.md"
        text.write_text(case.source)
        done = case.run(text, case.tree, pathlib.Path(folder) / "out")
        need("already_satisfied" in done.stdout, f"it says {done.stdout[:200]}")
        text.write_text(case.source + "\n")
        again = case.run(text, case.tree, pathlib.Path(folder) / "again")
        need("already_satisfied" in again.stdout, "in other words of the same meaning it is done again")


def diff_is_narrow(case):
    old = {str(path.relative_to(case.base)): path.read_bytes() for path in case.base.rglob("*") if path.is_file()}
    new = {str(path.relative_to(case.tree)): path.read_bytes() for path in case.tree.rglob("*") if path.is_file()}
    touched = {path for path in new if new[path] != old.get(path)}
    fixed = {path for path in old if path.startswith("assets/") and path not in ("assets/model.js", "assets/theme.css")}
    need(not touched & fixed, f"it touches {sorted(touched & fixed)}")
    need(not set(old) - set(new), f"it drops {sorted(set(old) - set(new))}")


def removal_is_told(case):
    rows = [row for row in case.report["traceability"] if row["text"].startswith("remove")]
    need(rows and all("kept" in row["reason"] for row in rows), f"it says {rows}")


def rows_get_default(case, field, value):
    entity = case.entity_with(slug(field))
    page = case.page_of_list(entity)
    steps = [{"name": "before", "url": case.url(page, case.base), "run": f"return ui.add('{entity}', {{}});"},
             {"name": "after", "url": case.url(page), "run": f"return ui.stored('{entity}')[0];"}]
    row = browse(steps)["after"]
    need(row and row.get(slug(field)) == value, f"the row is {row}")


def not_claimed(case, text):
    rows = [row for row in case.report["traceability"] if text in row["text"]]
    need(rows and all(row["status"] != "implemented" for row in rows), f"it is {[row['status'] for row in rows]}")


CHECKS = [
    (r"adding a second (\w+) with the same (\w+) is refused", second_refused),
    (r"(\w+) (-?\d+) is refused", value_refused),
    (r"([\w ]+) = (\d+) is rejected by the form", value_refused),
    (r"the markdown table header row does not become a field", head_is_no_field),
    (r"a rule reported as implemented has a generated test that fails when the rule is removed", rules_are_tested),
    (r"app gets a derived name.*", derived_name),
    (r"(\w+) is stored in minor units .*0\.1\+0\.2 shows 0\.30", sums_exactly),
    (r"one sentence with five requirements is split .*", split_rows),
    (r'(\w+)\.h1 == "(.+)"', heading_is),
    (r'(\w+) has link text "(.+)" -> (\w+) page', link_leads),
    (r"(\w+) shows the three promise texts verbatim", shows_quotes),
    (r"(\w+): filter (\w+)=(\w+) leaves only .*", filters_list),
    (r'(\w+): search "(\w+)" leaves only .*', searches_list),
    (r'some page shows "(.+)" verbatim and "closed" .*', hours_shown),
    (r"contact shows phone, email as mailto link and address verbatim", contact_shown),
    (r"contact form without email shows an error and stores nothing", form_needs_email),
    (r"contact form delivery .* partial .*", delivery_is_partial),
    (r"no page mentions (\w+) as available", no_word),
    (r"computed CSS custom property for background is (\S+) and for components (\S+)", colours_computed),
    (r"emoji headings do not leak into ids", ids_are_plain),
    (r"section .* create nothing in the tree", deferred_is_not_built),
    (r"export then import round-trips all rows byte-equal .*", json_round_trip),
    (r"CSV quotes commas, quotes and newlines .*", csv_is_safe),
    (r"stored rows from before keep their (\w+) value under (\w+) .*", rename_migrates),
    (r"a human edit to index.html footer, .*", edits_survive),
    (r"a human rename of a nav label survives", label_survives),
    (r"a second run of the same request is a no-op .*", second_run_is_refused),
    (r"diff touches only files that depend on the change", diff_is_narrow),
    (r"removed field: data is kept .*", removal_is_told),
    (r"rows stored before get ([\w ]+) = (\w+)", rows_get_default),
    (r'"(.+)" is not claimed unless .*', not_claimed),
]


def run(case, sentence):
    """(passed, detail), or None if no pattern fits the sentence."""
    for pattern, work in CHECKS:
        found = re.fullmatch(pattern, sentence)
        if not found:
            continue
        try:
            work(case, *found.groups())
            return True, ""
        except Broken as broken:
            return False, str(broken)
    return None


def always(case):
    """What holds for every app, whatever its text says: (expectation, passed, detail) rows."""
    tests = subprocess.run(["node", "--test"], cwd=case.tree, capture_output=True, text=True)
    failing = re.findall(r"^not ok \d+ - (.*)$", tests.stdout, re.M)
    yield "its own tests pass with node --test", tests.returncode == 0, f"failing: {failing[:3]}"
    tried, green = mutation.survivors(case.tree, case.report)
    yield f"{len(tried)} implemented claims turn red when taken out", bool(tried) and not green, f"green: {green}"
    yield from saved_after_reload(case)


def saved_after_reload(case):
    entity = next((each["id"] for each in case.manifest["entities"]
                   if not any(f.get("required") and f["type"].startswith("ref:") for f in each["fields"])), None)
    title = "what a form saved is there after a reload, in a browser, at 360 px, without an error"
    try:
        page = case.page_of_list(entity)
        steps = [{"name": "save", "width": 360, "url": case.url(page), "run": f"return ui.add('{entity}', {{}});"},
                 {"name": "again", "reload": True, "run": f"return {{ rows: ui.rows().length, stored: ui.stored('{entity}').length,"
                  " wide: document.documentElement.scrollWidth }};"}]
        steps[1]["run"] = steps[1]["run"].replace("}};", "};")
        found = browse(steps)["again"]
        need(found["rows"] == 1 and found["stored"] == 1, f"after the reload: {found}")
        need(found["wide"] <= 360, f"the page is {found['wide']} px wide")
        yield title, True, ""
    except Broken as broken:
        yield title, False, str(broken)


