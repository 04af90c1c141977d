// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "origind/caller.h"
#include "origind/commands.h"
#include "origind/data_folder.h"
#include "origind/doctor.h"
#include "sandbox/bubblewrap.h"
#include "store/lmdb_store.h"

namespace origin {
namespace {

void append(Findings& findings, Findings more) {
    std::ranges::move(more, std::back_inserter(findings));
}

/// With the folder to ourselves: everything.
void check_offline(const std::filesystem::path& data,
                   store::Store& store,
                   UnixMillis now,
                   Findings& findings) {
    const std::filesystem::path projects = data / "projects";
    git::Storage storage(projects);
    append(findings, check_rows(store));
    append(findings, check_keys(store, now));
    append(findings, check_projects(store, storage, projects));
}

/// Beside a running server: what it says of itself. Errors: it does not answer.
Status check_online(const std::filesystem::path& data, Findings& findings) {
    ORIGIN_TRY(ready, call_api(data, "GET", "/readyz", {}));
    constexpr int kOk = 200;
    findings.push_back({ready.status == kOk ? Verdict::Ok : Verdict::Problem,
                        "server",
                        ready.status == kOk ? "a server runs, and is ready"
                                            : "a server runs, but is not ready: " + ready.body});
    findings.push_back({Verdict::Note,
                        "store",
                        "the rows, packs and refs were not looked at, since the server holds them; "
                        "stop it and run this again"});
    return {};
}

/// Builds and programs of the operator's need it; everything else works without.
Findings check_sandbox() {
    const SystemClock clock;
    const Status usable = sandbox::Bubblewrap(clock).self_test();
    return {{usable ? Verdict::Ok : Verdict::Note,
             "sandbox",
             usable ? "programs can run in a sandbox: builds, deploy programs"
                    : "builds and deploy programs are refused: " + usable.error().told_to_peer()}};
}

/// Errors: those after which there is nothing to report but themselves.
Status check_data(const std::filesystem::path& data, Findings& findings) {
    ORIGIN_CHECK(check_data_folder(data));
    append(findings, check_folder(data));
    append(findings, check_host_keys(data));
    append(findings, check_sandbox());
    SystemClock clock;
    Log log(2, LogFormat::Text, Level::Error, clock);
    const auto store = store::open_lmdb({.data_folder = data.string(), .fatal = {}}, log, clock);
    if (store) {
        check_offline(data, **store, clock.now(), findings);
        return {};
    }
    if (store.error().reason() == "data_folder_in_use") {
        return check_online(data, findings);
    }
    const std::string& detail = store.error().kept_in_log();
    findings.push_back(
        {Verdict::Problem,
         "store",
         store.error().told_to_peer() + (detail.empty() ? "" : " (" + detail + ")")});
    return {};
}

void print_json(const Findings& findings, const std::vector<Library>& libraries, bool ok) {
    boost::json::array checks;
    for (const Finding& each : findings) {
        checks.push_back(
            {{"verdict", name_of(each.verdict)}, {"check", each.check}, {"text", each.text}});
    }
    boost::json::array rows;
    for (const Library& each : libraries) {
        rows.push_back({{"name", each.name},
                        {"package", each.package},
                        {"loaded", each.loaded},
                        {"floor", each.floor},
                        {"verdict", name_of(each.verdict)},
                        {"text", each.text}});
    }
    const boost::json::object out{
        {"ok", ok}, {"checks", std::move(checks)}, {"libraries", std::move(rows)}};
    std::printf("%s\n", boost::json::serialize(out).c_str());
}

void print_text(const Findings& findings, const std::vector<Library>& libraries, bool ok) {
    for (const Finding& each : findings) {
        std::printf("%-8s %-12s %s\n",
                    std::string(name_of(each.verdict)).c_str(),
                    each.check.c_str(),
                    each.text.c_str());
    }
    std::printf("\n%-8s %-12s %-22s %-10s %s\n", "", "library", "package", "loaded", "at least");
    for (const Library& each : libraries) {
        const auto or_dash = [](const std::string& text) {
            return text.empty() ? std::string("-") : text;
        };
        std::printf("%-8s %-12s %-22s %-10s %s  %s\n",
                    std::string(name_of(each.verdict)).c_str(),
                    each.name.c_str(),
                    or_dash(each.package).c_str(),
                    or_dash(each.loaded).c_str(),
                    each.floor.c_str(),
                    each.text.c_str());
    }
    std::printf("\n%s\n", ok ? "No problems." : "There are problems.");
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
    Findings findings;
    if (const Status looked = check_data(options.data, findings); !looked) {
        report(looked.error());
        return kExitConfig;
    }
    const std::vector<Library> libraries = check_libraries(library_sources());
    const bool ok =
        std::ranges::none_of(
            findings, [](const Finding& each) { return each.verdict == Verdict::Problem; }) &&
        std::ranges::none_of(libraries,
                             [](const Library& each) { return each.verdict == Verdict::Problem; });
    options.json ? print_json(findings, libraries, ok) : print_text(findings, libraries, ok);
    return ok ? 0 : kExitFailed;
}

}  // namespace origin
