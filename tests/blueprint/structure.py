# SPDX-License-Identifier: Apache-2.0
"""Structure: what an .expect.json says about blueprint.json, as (expectation, passed, detail) rows."""
import re


def entity_of(manifest, name):
    return next((entity for entity in manifest["entities"] if entity["id"] == name), None)


def field_of(entity, name):
    return next((field for field in (entity or {}).get("fields", []) if field["id"] == name), None)


def fields(manifest, name, wanted):
    entity = entity_of(manifest, name)
    for want in wanted:
        field = field_of(entity, want["id"])
        title = f"entity {name}: field {want['id']}"
        yield title, field is not None, f"fields are {[f['id'] for f in (entity or {}).get('fields', [])]}"
        if field is None:
            continue
        for key, value in want.items():
            if key == "type":
                yield f"{title} is {value}", field["type"] in value.split("|"), f"it is {field['type']}"
            elif key == "optional":
                yield f"{title} is optional", not field.get("required", False), "it is required"
            elif key != "id":
                have = field.get(key, False if value is False else None)
                yield f"{title}: {key} {value}", have == value, f"it is {have}"


def subset(title, wanted, have):
    yield f"{title} {', '.join(wanted)}", set(wanted) <= set(have), f"it is {have}"


def entity(manifest, want):
    name = want["id"]
    found = entity_of(manifest, name)
    yield f"entity {name}", found is not None, f"entities are {[e['id'] for e in manifest['entities']]}"
    if found is None:
        return
    yield from fields(manifest, name, want.get("fields", []))
    for key, member in (("sort", "sort"), ("search", "search"), ("filters", "filters"), ("ops", "ops"),
                        ("export", "export"), ("import_", "import")):
        if key in want:
            yield from subset(f"entity {name}: {member}", want[key], found[member])
    for key in ("view", "default_sort"):
        if key in want:
            yield f"entity {name}: {key} {want[key]}", found[key] == want[key], f"it is {found[key]}"


def dashboards(manifest, wanted):
    for want in wanted:
        found = any(all(board.get(key) == value for key, value in want.items()) for board in manifest["dashboards"])
        yield f"dashboard {want}", found, f"dashboards are {manifest['dashboards']}"


def forms(manifest, wanted):
    for want in wanted:
        page = next((page for page in manifest["pages"] if page["id"] == want["page"]), {"sections": []})
        section = next((section for section in page["sections"] if section["kind"] == "form"), None)
        yield f"form on {want['page']}", section is not None, "there is none"
        if section is None:
            continue
        found = entity_of(manifest, section["entity"])
        yield from subset(f"form on {want['page']}: fields", want["fields"], [f["id"] for f in found["fields"]])
        yield from subset(f"form on {want['page']}: required", want.get("required", []),
                          [f["id"] for f in found["fields"] if f.get("required")])
        if "email_field" in want:
            yield (f"form on {want['page']}: {want['email_field']} is an email",
                   field_of(found, want["email_field"])["type"] == "email", "it is not")


def app_and_pages(manifest, want):
    app = want.get("app", {})
    name = manifest["app"]["name"]
    if "name" in app:
        yield f"app name {app['name']}", name == app["name"], f"it is {name}"
    if "name_contains" in app:
        yield f"app name contains {app['name_contains']}", app["name_contains"] in name, f"it is {name}"
    pages = [page["id"] for page in manifest["pages"]]
    for page in want.get("pages", []):
        yield f"page {page}", page in pages, f"pages are {pages}"
    titles = [page["title"] for page in manifest["pages"]]
    if "nav_order" in want:
        yield f"navigation {', '.join(want['nav_order'])}", titles == want["nav_order"], f"it is {titles}"
    for key, value in want.get("theme", {}).items():
        allowed = value.split("|") if isinstance(value, str) else [value]
        yield f"theme {key} {value}", manifest["theme"][key] in allowed, f"it is {manifest['theme'][key]}"


def changed_fields(manifest, want):
    for name, wanted in want.get("fields_added", {}).items():
        yield from fields(manifest, name, wanted)
    for name, pairs in want.get("fields_renamed", {}).items():
        for old, new in pairs:
            found = entity_of(manifest, name)
            yield (f"entity {name}: {old} is now {new}",
                   field_of(found, new) is not None and field_of(found, old) is None, "it is not")
    for name, gone in want.get("fields_removed", {}).items():
        for field in gone:
            yield f"entity {name}: no {field}", field_of(entity_of(manifest, name), field) is None, "it is there"
    for name, wanted in want.get("sort", {}).items():
        yield from subset(f"entity {name}: sort", wanted, entity_of(manifest, name)["sort"])


def statuses(report, want):
    rows = report["traceability"]
    for text, allowed in want.get("status", {}).items():
        flat = re.sub(r"\s+", " ", text)
        found = [row for row in rows if flat in re.sub(r"\s+", " ", row["text"])]
        states = sorted({row["status"] for row in found})
        yield (f"status of \"{text}\": {allowed}", bool(found) and set(states) <= set(allowed.split("|")),
               f"it is {', '.join(states) or 'in no row'}")


def all_rows(manifest, report, want):
    yield from app_and_pages(manifest, want)
    for one in want.get("entities", []) + want.get("entities_added", []):
        yield from entity(manifest, one)
    yield from changed_fields(manifest, want)
    yield from dashboards(manifest, want.get("dashboards", []))
    yield from forms(manifest, want.get("forms", []))
    yield from statuses(report, want)
