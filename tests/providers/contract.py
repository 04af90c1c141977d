# SPDX-License-Identifier: Apache-2.0
"""A provider's own description of its API (Swagger 2.0 or OpenAPI 3.0), asked whether a request keeps to it."""
import json
import re
import urllib.parse
import warnings

import jsonschema

METHODS = ("get", "put", "post", "patch", "delete")
GREEDY = ("path", "file_path")  # A parameter of these names takes the slashes too.


def strict_json(data):
    """JSON as a careful server reads it: UTF-8, no key twice, no NaN. Raises ValueError."""
    def once(pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a key is there twice")
        return made

    def no_constant(name):
        raise ValueError(f"{name} is not JSON")
    return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)


def template_pattern(template):
    """The regular expression of "/sites/{site_id}/deploys", for a raw (still percent-encoded) path."""
    def one(match):
        name = match[1]
        return f"(?P<{name}>.+)" if name in GREEDY else f"(?P<{name}>[^/]+)"
    return re.compile(re.sub(r"\\{(\w+)\\}", one, re.escape(template)) + r"\Z")


def _nullable(schema):
    """OpenAPI's `nullable` as JSON Schema says it, everywhere below `schema`."""
    if isinstance(schema, list):
        return [_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _nullable(value) for key, value in schema.items()}
    if (made.pop("nullable", False) or made.pop("x-nullable", False)) and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


class Contract:
    """`path`: the JSON file. `change`: mends the document first, where the provider's own program shows it wrong."""

    def __init__(self, path, change=None):
        document = json.loads(path.read_text())
        if change:
            change(document)
        self.document = _nullable(document)
        with warnings.catch_warnings():  # Debian 12 has jsonschema 4.10, whose way with $ref newer ones call old.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.resolver = jsonschema.RefResolver("", self.document)

    def has(self, method, template):
        return method.lower() in self.document["paths"].get(template, {})

    def operation(self, method, template):
        """The operation with the path's own parameters among its parameters."""
        at_path = self.document["paths"][template]
        found = dict(at_path[method.lower()])
        found["parameters"] = [self._deref(p) for p in at_path.get("parameters", []) + found.get("parameters", [])]
        return found

    def _deref(self, thing):
        return self.resolver.resolve(thing["$ref"])[1] if "$ref" in thing else thing

    def complaints(self, schema, value):
        """What is wrong with `value`, one line each."""
        checker = jsonschema.Draft4Validator(schema, resolver=self.resolver)
        for error in checker.iter_errors(value):
            where = "/".join(map(str, error.absolute_path)) or "(whole)"
            yield f"{where}: {error.message[:300]}"

    def check_query(self, operation, query):
        """(violations, unknown names) of the query."""
        known = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
        wrong = [f"query: {name} is missing" for name, p in known.items() if p.get("required") and name not in query]
        for name, value in query.items():
            if name in known:
                schema = known[name].get("schema", known[name])
                wrong += [f"query {name}: {line}" for line in self.complaints(_plain(schema), _typed(schema, value))]
        return wrong, sorted(set(query) - set(known))

    def body_schema(self, operation, content_type):
        """(the schema of a body of this type or None, the types there are, whether there must be a body)."""
        if "requestBody" in operation:
            body = self._deref(operation["requestBody"])
            content = body.get("content", {})
            needed = body.get("required", False) and any(one.get("schema") for one in content.values())
            return content.get(content_type, {}).get("schema"), list(content), needed
        for parameter in operation["parameters"]:
            if parameter["in"] == "body":
                types = operation.get("consumes", self.document.get("consumes", []))
                schema = parameter["schema"] if content_type in types else None
                return schema, types, parameter.get("required", False)
        return None, [], False

    def unknown_fields(self, schema, value):
        """The names on the top level of `value` that `schema` does not speak of."""
        known = self._known(schema)
        return sorted(set(value) - known) if known and isinstance(value, dict) else []

    def _known(self, schema):
        schema = self._deref(schema)
        names = {name for name, one in schema.get("properties", {}).items() if not one.get("x-unpublished")}
        for part in [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]:
            names |= self._known(part)
        return names

    def check_answer(self, operation, status, value):
        """What is wrong with the JSON answer, by the contract."""
        answers = operation.get("responses", {})
        answer = answers.get(str(status), answers.get(f"{status // 100}XX", answers.get("default")))
        if answer is None:
            return [f"the contract knows no answer {status}"]
        answer = self._deref(answer)
        schema = answer.get("schema") or answer.get("content", {}).get("application/json", {}).get("schema")
        return list(self.complaints(schema, value)) if schema else []


def _plain(schema):
    return {key: schema[key] for key in ("type", "enum", "minimum", "maximum", "pattern", "oneOf", "anyOf") if key in schema}


def _typed(schema, text):
    """The query's text as the type the schema wants, where it can be."""
    kind = schema.get("type")
    if kind in ("integer", "number") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "array":
        return text.split(",")
    return text


def unquoted(raw):
    """A percent-encoded part of a path as text; ValueError if it is not UTF-8."""
    return urllib.parse.unquote_to_bytes(raw).decode("utf-8")
