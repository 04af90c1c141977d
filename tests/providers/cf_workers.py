# SPDX-License-Identifier: Apache-2.0
"""Cloudflare Workers with static assets: upload sessions, versions, deployments, subdomain."""


class Workers:
    def start_workers(self):
        self.scripts = {}

    def workers_labels(self):
        return []

    def workers_site(self, label):
        return None

    def script_json(self, script):
        return {}
