# SPDX-License-Identifier: Apache-2.0
"""Mutation: takes one implemented thing out of a generated tree and asks whether its own tests turn red."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile


def read_model(tree):
    head, text = (tree / "assets/model.js").read_text().split("App.model = ", 1)
    return head, json.loads(text.rstrip().rstrip(";"))


def write_model(tree, head, model):
    (tree / "assets/model.js").write_text(head + "App.model = " + json.dumps(model) + ";\n")


def without(items, name):
    return [item for item in items if (item["id"] if isinstance(item, dict) else item) != name]


def change_entity(model, name, member, part):
    for entity in model["entities"]:
        if entity["id"] != name:
            continue
        entity[member] = without(entity[member], part) if part else []
        if member == "fields":  # What would only fail to load is no proof.
            for other in ("search", "filters", "sort"):
                entity[other] = without(entity[other], part)


def change_model(model, kind, name, part):
    """Takes the claim out of the model; False if it does not live there."""
    if kind == "field":
        change_entity(model, name, "fields", part)
    elif kind in ("filter", "sort", "export", "import", "op"):
        member = {"filter": "filters", "op": "ops"}.get(kind, kind)
        change_entity(model, name, member, part)
    elif kind == "search":
        change_entity(model, name, "search", None)
    elif kind == "order":
        for entity in model["entities"]:
            if entity["id"] == name:
                entity["default_sort"] = "created asc"
    elif kind == "entity":
        model["entities"] = without(model["entities"], name)
    elif kind == "rule":
        model["rules"] = without(model["rules"], name)
    elif kind == "board":
        model["dashboards"] = without(model["dashboards"], name)
    elif kind == "removed" and name != "page":
        model["migrations"] = [step for step in model["migrations"] if step["op"] != "remove_field"]
    else:
        return False
    return True


def change_files(tree, kind, name):
    """The same for claims that live in pages and style sheets."""
    pages = sorted(tree.glob("*.html"))
    if kind == "page":
        for page in pages:
            page.write_text(re.sub(rf'<li data-page="{name}">.*?</li>', "", page.read_text(), flags=re.S))
    elif kind in ("section", "list", "form"):
        for page in pages:
            page.write_text(re.sub(r"<main.*</main>", "<main></main>", page.read_text(), flags=re.S))
    elif kind == "theme":
        theme = tree / "assets/theme.css"
        theme.write_text(re.sub(rf"--color-{name}:|color-scheme: dark|--font-body:", "--gone:", theme.read_text()))
    elif kind == "guarantee":
        for page in pages:
            page.write_text(re.sub(r"<meta[^>]*>", "", page.read_text()))
        sheet = tree / "assets/data.css"
        sheet.write_text(sheet.read_text().replace("@media print", "@media braille"))
        forms = tree / "assets/forms.js"
        forms.write_text(forms.read_text().replace("h('label', { for: id }", "h('label', {}"))
    else:
        return False
    return True


def turns_red(tree, claim, tests):
    """True if the tests of `claim` fail without what it claims; None if this script cannot take it out."""
    kind, _, rest = claim.partition(":")
    name, _, part = rest.partition(".")
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "tree"
        shutil.copytree(tree, copy)
        head, model = read_model(copy)
        if change_model(model, kind, name, part):
            write_model(copy, head, model)
        elif not change_files(copy, kind, name):
            return None
        pattern = "^" + re.escape(claim) + " "
        return any(subprocess.run(["node", "--test-name-pattern", pattern, test], cwd=copy,
                                  capture_output=True).returncode != 0 for test in tests)


def survivors(tree, report, kinds=None):
    """(claims tried, claims whose tests stayed green)."""
    tried, green = [], []
    for row in report["traceability"]:
        if row["status"] != "implemented":
            continue
        tests = {}
        for item in row["evidence"]:
            if item.startswith("test:"):
                path, _, full = item[5:].partition("#")
                tests.setdefault(full.split(" ")[0], set()).add(path)
        for claim, paths in tests.items():
            if claim in tried or (kinds and claim.split(":")[0] not in kinds):
                continue
            red = turns_red(tree, claim, sorted(paths))
            if red is not None:
                tried.append(claim)
            if red is False:
                green.append(claim)
    return tried, green
