# SPDX-License-Identifier: Apache-2.0
"""Goal: what goes wrong at a Cloudflare Worker and passes is waited out; nothing is made twice, and nothing false is called live.

Method: deployments.py puts in each fault of the table in tests/providers/faults.py.
"""
import door_table
from deploy_workers_story import Workers
from deployments import Faults


class WorkersFaults(Faults, Workers):
    pass


if __name__ == "__main__":
    door_table.main()
