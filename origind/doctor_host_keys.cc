// SPDX-License-Identifier: Apache-2.0
#include "gitssh/host_keys.h"
#include "origind/doctor.h"

namespace origin {
namespace {

Finding judge(const gitssh::FoundHostKey& found) {
    const std::string name = found.file.string();
    const bool is_missing = !found.key && found.key.error().code() == Code::NotFound;
    if (is_missing && found.seen.empty()) {
        return {Verdict::Ok, "host key", name + " is not there; it is made when it is needed"};
    }
    if (is_missing) {
        return {Verdict::Problem,
                "host key",
                name + " is missing; clients know " + found.seen +
                    ". Put it back, or the next start makes another that they will not believe"};
    }
    if (!found.key) {
        return {Verdict::Problem, "host key", name + ": " + found.key.error().told_to_peer()};
    }
    if (!found.key->replaced.empty()) {
        return {Verdict::Note,
                "host key",
                name + " is " + found.key->listed + ", not the one clients know (" +
                    found.key->replaced + "): they will warn or refuse"};
    }
    return {Verdict::Ok, "host key", name + " is " + found.key->listed};
}

}  // namespace

Findings check_host_keys(const std::filesystem::path& data) {
    Findings findings;
    for (const gitssh::FoundHostKey& found : gitssh::find_host_keys(data)) {
        findings.push_back(judge(found));
    }
    return findings;
}

}  // namespace origin
