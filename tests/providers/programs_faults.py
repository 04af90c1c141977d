# SPDX-License-Identifier: Apache-2.0
"""The providers' programs against faults: that the stand-ins fail in the shapes the programs know, and say so."""
import cloudflare
import netlify
import tree
import vercel

PAGES_CREATE = "/accounts/*/pages/projects/*/deployments"
# (what happens, to which request, what else; whether the program ends well; what it then says)
NETLIFY = [
    ("429_ratelimit_reset", "POST", "/sites/*/deploys", {}, True, ""),
    ("502_html", "PUT", "/deploys/*/files/*", {}, True, ""),
    ("reset", "PUT", "/deploys/*/files/*", {}, True, ""),
    ("diff_slow", "POST", "/sites/*/deploys", {"polls": 3}, True, ""),
    ("error_state", "POST", "/sites/*/deploys", {"message": "no luck today"}, False, "no luck today"),
]
PAGES = [
    ("8000000", "POST", PAGES_CREATE, {"times": 2}, True, ""),
    ("jwt_expired", "GET", "/accounts/*/upload-token", {"nth": 2}, True, ""),
    ("502_html", "POST", "/pages/assets/upload", {}, True, ""),
    ("429_retry_after", "POST", "/pages/assets/check-missing", {}, True, ""),
    ("error_state", "POST", PAGES_CREATE, {"message": "no luck today"}, False, "no luck today"),
]
WORKERS = [
    ("502_html", "POST", "/accounts/*/workers/assets/upload*", {}, True, ""),
    ("429_retry_after", "POST", "/accounts/*/workers/assets/upload*", {}, True, ""),
    ("expired_jwt", "POST", "/accounts/*/workers/assets/upload*", {"times": 0}, False, ""),
]
VERCEL = [
    ("missing_again", "POST", "/v13/deployments", {}, None, ""),
    ("502_html", "GET", "/v13/deployments/*", {}, True, ""),
    ("flat_error", "POST", "/v13/deployments", {}, True, ""),
    ("no_alias", "POST", "/v13/deployments", {"polls": 3}, True, ""),
    ("error_state", "POST", "/v13/deployments", {"message": "no luck today"}, False, "vercel inspect"),
]


def _each(run, name, rows, standin, words, environment, label):
    """One deployment of a new tree for each row."""
    for number, (kind, method, path, more, ends_well, says) in enumerate(rows):
        standin.plan.clear()
        fault = standin.plan.add(kind, method=method, path=path, **more)
        files = {**tree.contents(100), "new.txt": f"{name} {number}\n".encode()}
        if name == "netlify":
            del files["sub/_headers"]  # The program leaves it out.
        site = run.tree(f"{name}-fault-{number}", files)
        done = run.program([*words, *(["site"] if name == "pages" else [])], site, environment, ends_well is not True)
        well = done.returncode == 0
        told = says in done.stdout + done.stderr
        what = f"{name}: {words[0]} meets {kind}"
        if ends_well is None:
            run.step(f"{what}: it {'goes on' if well else 'gives up'}", fault.fired)
            continue
        run.step(f"{what} and {'goes on' if ends_well else 'says so'}", fault.fired and told and well == ends_well,
                 f"exit {done.returncode}, {fault.fired} times")
        if ends_well:
            run.served(what, standin.site_url(label), files)


def run_faults(run):
    with netlify.Netlify() as standin:
        standin.add_site("shop")
        words = ["netlify", "deploy", "--no-build", "--dir", "site", "--site", "shop", "--prod", "--json"]
        without = {"NETLIFY_API_URL": standin.api, "NETLIFY_AUTH_TOKEN": standin.TOKEN,
                   "NETLIFY_TEST_TRACK_URL": standin.sites.door.url + "/_stray"}
        _each(run, "netlify", NETLIFY, standin, words, without, "shop")
    with cloudflare.Cloudflare(polls=1) as standin:
        standin.add_site("shop")
        environment = {"CLOUDFLARE_API_BASE_URL": standin.api, "CLOUDFLARE_API_TOKEN": standin.TOKEN,
                       "CLOUDFLARE_ACCOUNT_ID": standin.ACCOUNT, "WRANGLER_SEND_METRICS": "false"}
        words = ["wrangler", "pages", "deploy", "--project-name", "shop", "--branch", "main"]
        _each(run, "pages", PAGES, standin, words, environment, "shop")
        words = ["wrangler", "deploy", "--name", "shop", "--assets", "site", "--compatibility-date", "2026-01-01"]
        _each(run, "workers", WORKERS, standin, words, environment, "shop.standin")
    with vercel.Vercel() as standin:
        project = standin.add_site("shop", standin.TEAM)
        environment = {"VERCEL_TOKEN": standin.TOKEN, "VERCEL_ORG_ID": standin.TEAM, "VERCEL_PROJECT_ID": project["id"],
                       "VERCEL_TELEMETRY_DISABLED": "1"}
        words = ["vercel", "deploy", "site", "--api", standin.api, "--yes", "--prod"]
        _each(run, "vercel", VERCEL, standin, words, environment, "shop")
