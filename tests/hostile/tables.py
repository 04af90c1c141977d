# SPDX-License-Identifier: Apache-2.0
"""All tables, and the check that no row of them is passed over in silence."""
import re

import api_rows
import fetch_rows
import git_rows
import http_live_rows
import http_rows
import object_rows
import pack_rows
import ssh_begin_rows
import ssh_flow_rows
import ssh_host_key_rows
import ssh_rows
import ssh_shell_rows
import store_rows

TABLES = (http_rows, http_live_rows, git_rows, fetch_rows, pack_rows, object_rows, api_rows, store_rows, ssh_begin_rows,
          ssh_rows, ssh_flow_rows, ssh_host_key_rows, ssh_shell_rows)
ROWS = [f"{letter}{number}" for letter, last in (("H", 28), ("G", 35), ("A", 14), ("L", 15), ("S", 24)) for number in range(1, last + 1)]


def place(row):
    letter, number = re.fullmatch(r"([A-Z])(\d+)", row).groups()
    return "HGALS".index(letter), int(number)


def wanted(row, only):
    return not only or any(row == word or re.fullmatch(word + r"\d+", row) for word in only)


def chosen(only=()):
    cases = [case for table in TABLES for case in table.CASES if wanted(case.row, only)]
    return sorted(cases, key=lambda case: place(case.row))


def elsewhere(only=()):
    items = [item for table in TABLES for item in table.ELSEWHERE if wanted(item.row, only)]
    return sorted(items, key=lambda item: place(item.row))


def missing():
    known = {case.row for case in chosen()} | {item.row for item in elsewhere()}
    return [row for row in ROWS if row not in known]
