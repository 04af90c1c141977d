# SPDX-License-Identifier: Apache-2.0
"""Signs tokens with PyJWT and python3-cryptography, as a platform would: keys and tokens are none of our code's.

Run by Debian's Python. stdin: {"keys": ["ES256", ...]} -> stdout {"ES256": {"private", "public"}, ...}; or
{"private", "algorithm", "head", "claims"} -> the token.
"""
import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

MAKE = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 3072),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


def made(key):
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"private": private.decode(), "public": public.decode()}


wanted = json.load(sys.stdin)
if "keys" in wanted:
    json.dump({name: made(MAKE[name]()) for name in wanted["keys"]}, sys.stdout)
else:
    sys.stdout.write(jwt.encode(wanted["claims"], wanted["private"], algorithm=wanted["algorithm"], headers=wanted["head"]))
