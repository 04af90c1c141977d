#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora that are easier told than typed: tests/corpus/<target>/<name>, one small file a case.

The files are committed; run this after adding a case. Inputs that a fuzzer found are added by hand, named for what they broke.
usage: make_seeds.py
"""
import base64
import hashlib
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "packs"))

import objects  # noqa: E402
from pack_bytes import (BLOB, COMMIT, OFS_DELTA, REF_DELTA, TAG, TREE, Entry, body, copy, delta, delta_bytes,  # noqa: E402
                        object_id, sealed)

TEXT = b"some text that is long enough to copy from\n"
PERSON = b"A U Thor <author@example.com> 1700000000 +0100"


def encode():
    return {"base64": base64.b64encode(b"\xff\xfe some bytes"), "base64url": base64.urlsafe_b64encode(b"\xff\xfe?>").rstrip(b"="),
            "no_padding": b"YWI", "trailing_bits": b"YWJ=", "hex": b"00ffA1", "base62": b"0" * 43, "base62_top": b"z" * 43,
            "odd": b"abc", "white_space": b"YW Jj", "empty": b"="}


def delta_seeds():
    def seed(base, text):
        return bytes([len(base)]) + base + text
    size = len(TEXT)
    return {"kept": seed(TEXT, delta(TEXT, TEXT)), "changed": seed(TEXT, delta(TEXT, b"new " + TEXT[4:])),
            "outside": seed(TEXT, delta_bytes(size, 10, copy(size, 10))), "reserved": seed(TEXT, delta_bytes(size, 3, b"\0abc")),
            "short": seed(TEXT, delta_bytes(size, 9, b"\x09abc")), "whole_64k": seed(b"", delta_bytes(0, 65536, b"\x80")),
            "endless_size": seed(TEXT, b"\xff" * 12), "nothing": seed(TEXT, delta_bytes(size, 0, b""))}


def tree(*entries):
    return objects.tree_bytes(entries)


def closure():
    blob, file = b"hello\n", object_id(BLOB, b"hello\n")
    folder = tree((b"100644", b"a.txt", file))
    commit = (b"tree " + object_id(TREE, folder).hex().encode() + b"\nauthor " + PERSON + b"\ncommitter " + PERSON + b"\n\nfirst\n")
    tag = (b"object " + object_id(COMMIT, commit).hex().encode() + b"\ntype commit\ntag v1\ntagger " + PERSON + b"\n\nv1\n")
    return blob, folder, commit, tag


def intake():
    blob, folder, commit, tag = closure()
    whole = [Entry(BLOB, blob), Entry(TREE, folder), Entry(COMMIT, commit), Entry(TAG, tag)]
    base = Entry(BLOB, TEXT)
    step = Entry(OFS_DELTA, delta(TEXT, TEXT + b"more\n"), base)
    by_id = Entry(REF_DELTA, delta(TEXT + b"more\n", b"x" + TEXT), object_id(BLOB, TEXT + b"more\n"))
    wrong = Entry(BLOB, TEXT)
    wrong.size = 1000
    seeds = {"history": body(whole), "deltas": body([base, step, by_id]), "base_behind": body([by_id, base, step]),
             "thin": body([Entry(REF_DELTA, delta(TEXT, b"x"), bytes(20))]), "wrong_size": body([wrong]),
             "count_2_32": body([base], count=2 ** 32 - 1), "none": body([]), "bad_magic": b"KCAP" + body([base])[4:],
             "gitmodules": body([Entry(BLOB, objects.MODULES[2]),
                                 Entry(TREE, tree((b"100644", b".gitmodules", object_id(BLOB, objects.MODULES[2]))))])}
    made = {name: b"\x90" + bytes_ for name, bytes_ in seeds.items()}
    made["byte_by_byte"] = b"\x00" + body(whole)
    made["with_trailer"] = b"\xf1" + sealed(body(whole))
    return made


def objects_seeds():
    blob, folder, commit, tag = closure()
    oid = object_id(BLOB, blob)
    parent = commit.replace(b"\nauthor", b"\nparent " + b"1" * 40 + b"\nauthor", 1)
    odd = tree((b"100644", b".gitmodules", oid), (b"120000", b"link", oid), (b"160000", b"sub", oid), (b"40000", b"zz", oid))
    return {  # The first byte: the type, less one, modulo four.
        "commit": b"\0" + commit, "commit_parent": b"\0" + parent, "commit_signed": b"\0" + commit.replace(b"\n\n", b"\ngpgsig a\n b\n\n", 1),
        "commit_bad_zone": b"\0" + commit.replace(b"+0100", b"+01"), "commit_cut": b"\0" + commit[:60], "tree": b"\1" + folder,
        "tree_kinds": b"\1" + odd, "tree_dotgit": b"\1" + tree((b"40000", b".GiT", oid)), "tree_cut": b"\1" + folder[:-1],
        "tree_file_and_folder": b"\1" + tree((b"100644", b"a", oid), (b"100644", b"a.b", oid), (b"40000", b"a", oid)),
        "gitmodules": b"\2" + objects.MODULES[0], "gitmodules_path": b"\2" + objects.MODULES[2],
        "gitmodules_url": b"\2" + objects.MODULES[7], "gitmodules_cut": b"\2" + objects.MODULES[9], "tag": b"\3" + tag,
        "tag_no_tagger": b"\3" + tag.replace(b"tagger " + PERSON + b"\n", b""), "tag_type": b"\3" + tag.replace(b"commit", b"x", 1)}


def pack_index():
    def index(count, first=b"", offsets=None, large=b""):
        oids = sorted(hashlib.sha1(b"%d" % i).digest() for i in range(count))
        fan = b"".join(sum(oid[0] <= i for oid in oids).to_bytes(4, "big") for i in range(256))
        places = b"".join(at.to_bytes(4, "big") for at in offsets or range(12, 12 + 10 * count, 10))
        out = (first or b"\xfftOc\0\0\0\2") + fan + b"".join(oids) + bytes(4 * count) + places + large + hashlib.sha1(b"pack").digest()
        return out + hashlib.sha1(out).digest()
    good = index(3)
    return {"three": good, "none": index(0), "large_offset": index(1, offsets=[1 << 31], large=(1 << 33).to_bytes(8, "big")),
            "large_missing": index(1, offsets=[(1 << 31) + 7]), "version_1": good[8:], "fan_down": good[:8] + b"\xff" * 4 + good[12:],
            "cut": good[:-30]}


def body_decoder():
    return {"two": b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "trailer": b"1\r\na\r\n0\r\nX: y\r\n\r\n", "extension": b"1;a=b\r\na\r\n0\r\n\r\n",
            "bare_lf": b"1\na\n0\n\n", "huge": b"ffffffffffffffffff\r\na", "negative": b"-1\r\na\r\n0\r\n\r\n", "cut": b"5\r\nhel",
            "wrong_end": b"1\r\nab\r\n0\r\n\r\n", "spaces": b"1 \r\na\r\n0\r\n\r\n", "trailer_length": b"0\r\nContent-Length: 9\r\n\r\n"}


def http_head():
    def head(line, *headers):
        return b"\r\n".join([line, b"Host: example.com", *headers]) + b"\r\n\r\n"
    get = b"GET /a.git/info/refs?service=git-upload-pack HTTP/1.1"
    post = b"POST /api/projects HTTP/1.1"
    return {"get": head(get), "git_protocol": head(get, b"Git-Protocol: version=2"), "length": head(post, b"Content-Length: 3"),
            "chunked": head(post, b"Transfer-Encoding: chunked"), "two_hosts": head(get, b"Host: other"),
            "both_lengths": head(post, b"Content-Length: 3", b"Transfer-Encoding: chunked"), "plus_length": head(post, b"Content-Length: +3"),
            "two_lengths": head(post, b"Content-Length: 3", b"Content-Length: 4"), "folded": head(get, b"A: b", b" c"),
            "absolute": head(b"GET http://example.com/a HTTP/1.1"), "space_before_colon": head(get, b"A : b"), "no_host": get + b"\r\n\r\n",
            "old": b"GET / HTTP/1.0\r\n\r\n", "nul": head(get, b"A: \0"), "bare_lf": head(get).replace(b"\r", b""), "expect": head(post, b"Expect: 100-continue")}


def ref_name():
    names = {"branch": b"refs/heads/main", "deep": b"refs/heads/a/b/c", "tag": b"refs/tags/v1.0", "head": b"HEAD", "option": b"refs/heads/-x",
             "dots": b"refs/heads/a..b", "lock": b"refs/heads/a.lock", "lock_inside": b"refs/heads/a.lock/b", "at_brace": b"refs/heads/a@{1}",
             "utf8": "refs/heads/größe".encode(), "not_utf8": b"refs/heads/\xff", "rtl": "refs/heads/a\u202eb".encode(),
             "zero_width": "refs/heads/a\u200bb".encode(), "slash": b"refs/heads/a/", "two": b"refs/heads//a", "star": b"refs/heads/*",
             "nul": b"refs/heads/a\0b", "longest": b"refs/heads/" + b"x" * 233, "too_long": b"refs/heads/" + b"x" * 234, "short": b"refs/x"}
    return names


def outbound_url():
    return {"https": b"https://example.com/hook?a=b", "port": b"http://example.com:8080/", "user": b"https://me:secret@example.com/",
            "v6": b"http://[2001:db8::1]:80/", "mapped": b"http://[::ffff:127.0.0.1]/", "file": b"file:///etc/passwd", "gopher": b"gopher://h/",
            "no_host": b"https:///x", "backslash": b"http://a\\@b/", "fragment": b"http://a/#b", "octal": b"http://0177.0.0.1/",
            "number": b"http://2130706433/", "one_slash": b"http:/a/b", "upper": b"HTTPS://EXAMPLE.com", "space": b"http://a b/",
            "at_in_path": b"http://a/@b", "port_0": b"http://a:0/", "address": b"192.0.2.1", "block": b"10.0.0.0/8", "block_6": b"fd00::/8"}


def remote_url():
    return {"https": b"https://example.com/a/b.git", "ssh": b"ssh://git@example.com:22/a.git", "scp": b"git@example.com:a/b.git",
            "option_host": b"ssh://-oProxyCommand=x/a", "option_scp": b"-oProxyCommand=x:a", "ext": b"ext::sh -c x", "file": b"file:///a",
            "password": b"https://me:secret@example.com/a.git", "v6": b"https://[::1]/a", "git": b"git://h/a", "folder": b"../a",
            "upper": b"HTTPS://h/a", "port": b"https://h:99999/a", "dots": b"https://h/../../a", "two_ats": b"https://a@b@c/d", "empty_path": b"https://h"}


def config():
    whole = (b'[http]\nlisten = "[::1]:8080"\npublic_url = "https://h"\ntrusted_proxies = ["10.0.0.0/8", "fd00::/8"]\n'
             b'[outbound]\nallow = ["127.0.0.1"]\n[workers]\nthreads = 4\n[log]\nlevel = "debug"\nformat = "json"\n')
    return {"whole": whole, "unknown": b"[http]\nlistn = 1\n", "threads": b"[workers]\nthreads = 9999999999999999999\n", "dotted": b'http.listen = "0.0.0.0:0"\n',
            "twice": b"a = 1\na = 2\n", "open": b"[http\n", "deep": b"a = " + b"[" * 300 + b"]" * 300, "date": b"[http]\nlisten = 1979-05-27T07:32:00Z\n",
            "half_tls": b'[http]\ntls_key = "k"\n', "not_utf8": b'[http]\npublic_url = "\xff"\n', "listen": b"127.0.0.1:65536", "empty": b"\n",
            "tables": b"[[http]]\nlisten = 1\n", "inline": b'http = {listen = "1.2.3.4:5"}\n', "string": b'log.level = """\ninfo"""\n',
            "registry": b'[build]\nregistry = "https://registry.example/npm"\n', "registry_up": b'[build]\nregistry = "https://h/../%2e"\n'}


def blueprint():
    folder = TESTS / "blueprint"
    seeds = {path.stem.split("-", 1)[1].replace("-", "_"): path.read_bytes()[:1500]
             for path in sorted([*(folder / "prds").glob("*.md"), *(folder / "styles").glob("*.md")])}
    seeds["markup"] = b"# <script>alert(1)</script>\n\nStore notes with a title and a <b>text</b>.\n"
    seeds["not_utf8"] = b"Notes with \xff and \xc3\x28\n"
    return seeds


CORPORA = {"encode_fuzz": encode, "delta_fuzz": delta_seeds, "intake_fuzz": intake, "objects_fuzz": objects_seeds,
           "pack_index_fuzz": pack_index, "body_decoder_fuzz": body_decoder, "http_head_fuzz": http_head, "ref_name_fuzz": ref_name,
           "outbound_url_fuzz": outbound_url, "remote_url_fuzz": remote_url, "config_fuzz": config, "blueprint_fuzz": blueprint}


def main():
    for target, seeds in CORPORA.items():
        folder = TESTS / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds().items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
