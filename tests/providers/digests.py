# SPDX-License-Identifier: Apache-2.0
"""The names providers give to bytes: SHA-1, and Cloudflare's BLAKE3 of base64 and extension, made by Debian's b3sum."""
import base64
import hashlib
import os
import pathlib
import re
import subprocess
import tempfile

FILES_A_CALL = 5000  # b3sum takes many files; a command line does not take all.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # Many small files on a disk cost far more than their hashes.


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def blake3(data, length=32):
    """`length` bytes of BLAKE3, as hex."""
    done = subprocess.run(["b3sum", "--no-names", "--length", str(length)], input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def blake3_many(contents, length=32):
    """The same of many, in their order, by few calls of b3sum."""
    contents = list(contents)
    found = []
    with tempfile.TemporaryDirectory(prefix="standin-b3-", dir=MEMORY) as name:
        for start in range(0, len(contents), FILES_A_CALL):
            paths = []
            for number, data in enumerate(contents[start:start + FILES_A_CALL]):
                path = pathlib.Path(name) / str(number)
                path.write_bytes(data)
                paths.append(str(path))
            done = subprocess.run(["b3sum", "--no-names", "--num-threads", "1", "--length", str(length), *paths],
                                  capture_output=True, check=True)
            found += done.stdout.decode().split()
    return found


def extension(path):
    """Node's extname of the base name, without the dot: "a.tar.gz" has "gz"; ".htaccess", "a." and "a" have none."""
    name = path.rsplit("/", 1)[-1]
    match = re.fullmatch(r".+\.([^.]*)", name, re.S)
    return match[1] if match and name.strip(".") else ""


def asset_input(data, ext):
    """What is hashed for Cloudflare: padded base64, then the extension."""
    return base64.b64encode(data) + ext.encode()


def asset_hash(data, ext):
    return blake3(asset_input(data, ext), 16)


def asset_hashes(pairs):
    """The hashes of [(data, extension)]."""
    return blake3_many((asset_input(data, ext) for data, ext in pairs), 16)
