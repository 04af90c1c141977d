#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: the stand-ins take what is right, refuse what a provider refuses, and fail in the ways they are told to.

Method: plain HTTP requests, one after the other, right and wrong; hashes against vectors that others made. That the
stand-ins are right about the providers is shown by programs.py.
"""
import unittest

from base_cases import *  # noqa: F401,F403 - unittest looks for the cases here.
from netlify_cases import *  # noqa: F401,F403
from pages_cases import *  # noqa: F401,F403
from vercel_cases import *  # noqa: F401,F403
from workers_cases import *  # noqa: F401,F403

if __name__ == "__main__":
    unittest.main()
