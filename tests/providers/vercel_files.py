# SPDX-License-Identifier: Apache-2.0
"""What becomes of the files of a Vercel deployment: prebuilt output, an archive, or a tree that is looked at (V5)."""
import base64
import io
import json
import tarfile

from site_door import guessed_type
from standin import breach

OUTPUT, PART = ".vercel/output/", ".vercel/source.tgz.part"
BUILDABLE = ("package.json",)


def _contents(wish, objects):
    """{path: bytes} of the request; an archive is unpacked."""
    files = {}
    for one in wish["files"]:
        if "sha" in one:
            files[one["file"]] = objects[one["sha"]]
        elif one.get("encoding") == "base64":
            files[one["file"]] = base64.b64decode(one["data"])
        else:
            files[one["file"]] = one["data"].encode()
    parts = sorted((name for name in files if name.startswith(PART)), key=lambda name: int(name[len(PART):]))
    if not parts:
        return files
    packed = b"".join(files.pop(name) for name in parts)
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for member in archive.getmembers():
            if member.isfile():
                files[member.name.removeprefix("./")] = archive.extractfile(member).read()
    return files


def _prebuilt(files):
    try:
        config = json.loads(files[OUTPUT + "config.json"])
    except (KeyError, ValueError):
        raise breach(400, f"prebuilt without a {OUTPUT}config.json that is JSON", "bad_request") from None
    if config.get("version") != 3:
        raise breach(400, f"{OUTPUT}config.json: version is not 3", "bad_request")
    static, site = OUTPUT + "static/", {}
    for path, data in files.items():
        if path.startswith(static):
            override = config.get("overrides", {}).get(path[len(static):], {})
            name = override.get("path", path[len(static):])
            site[name] = (data, override.get("contentType") or guessed_type(path))
    return site


def site(wish, objects, prebuilt):
    """({path: (bytes, type)} that is served, why the build fails or None)."""
    files = _contents(wish, objects)
    if prebuilt:
        return _prebuilt(files), None
    settings = wish.get("projectSettings") or {}
    plain = settings.get("buildCommand") == "" or settings.get("outputDirectory") == ""
    if not plain:
        if any(name in files for name in BUILDABLE):
            return {}, "a package.json was found, and nothing here can build it"
        if any(name.startswith("public/") for name in files):
            files = {name[len("public/"):]: data for name, data in files.items() if name.startswith("public/")}
        files = {name: data for name, data in files.items() if not name.startswith("api/")}
    return {name: (data, guessed_type(name)) for name, data in files.items() if not name.startswith(".vercel/")}, None
