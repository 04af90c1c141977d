# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, driven by the same little client as the blueprint checks."""
import sys

from origin_server import ROOT

sys.path.insert(0, str(ROOT / "tests" / "blueprint"))

from behaviours import browse  # noqa: E402,F401
