// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include <sys/stat.h>
#include <unistd.h>

#include "crypto/master_key.h"
#include "origind/data_folder.h"
#include "origind/doctor.h"
#include "origind/master_key.h"

namespace origin {
namespace {

std::string octal(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode) & 07777U);
    return text;
}

struct Wanted {
    const char* what;
    std::filesystem::path path;
    mode_t type;
    mode_t mode;
    bool may_miss;
};

Finding check_one(const Wanted& wanted) {
    struct stat status{};
    const std::string name = wanted.path.string();
    if (::lstat(wanted.path.c_str(), &status) != 0) {
        return {wanted.may_miss ? Verdict::Ok : Verdict::Problem,
                wanted.what,
                name + (wanted.may_miss ? " is not there; it is made when it is needed"
                                        : " is missing")};
    }
    if ((status.st_mode & S_IFMT) != wanted.type) {
        return {Verdict::Problem, wanted.what, name + " is of the wrong kind"};
    }
    const mode_t mode = status.st_mode & 07777U;
    if ((mode & ~wanted.mode) != 0) {
        return {Verdict::Problem,
                wanted.what,
                name + " has mode " + octal(mode) + "; make it " + octal(wanted.mode)};
    }
    if (status.st_uid != ::geteuid()) {
        return {Verdict::Note,
                wanted.what,
                name + " belongs to user " + std::to_string(status.st_uid) + ", we are " +
                    std::to_string(::geteuid())};
    }
    return {Verdict::Ok, wanted.what, name + " has mode " + octal(mode)};
}

constexpr mode_t kOurs = S_IRUSR | S_IWUSR;

/// Whether it is the right one, a start says.
Findings check_master_key(const std::filesystem::path& data) {
    Findings findings;
    const std::filesystem::path file = data / crypto::kMasterKeyFile;
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) {
        findings.push_back(check_one({"master key", file, S_IFREG, kOurs, false}));
    } else {
        const auto keys = crypto::find_master_keys(master_key_sources(data));
        const bool is_here = keys && *keys;
        findings.push_back(
            {is_here ? Verdict::Ok : Verdict::Note,
             "master key",
             !keys     ? keys.error().told_to_peer()
             : is_here ? "comes from outside the folder"
                       : "is not in the folder; the server must be given it as the credential " +
                             std::string(crypto::kMasterKeyFile) + " or as $" +
                             crypto::kMasterKeyVariable});
        if (!keys) {
            findings.back().verdict = Verdict::Problem;
        }
    }
    const std::filesystem::path previous = data / crypto::kPreviousKeyFile;
    if (std::filesystem::exists(std::filesystem::symlink_status(previous, ignored))) {
        findings.push_back(check_one({"master key", previous, S_IFREG, kOurs, false}));
        findings.push_back({Verdict::Note,
                            "master key",
                            "was replaced; the next start seals anew and removes the old one"});
    }
    return findings;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::Ok:
            return "ok";
        case Verdict::Note:
            return "note";
        case Verdict::Problem:
            return "problem";
    }
    return "problem";
}

Findings check_folder(const std::filesystem::path& data) {
    Findings findings;
    for (const Wanted& wanted : {Wanted{"data folder", data, S_IFDIR, S_IRWXU, false},
                                 Wanted{"socket", data / kSocketName, S_IFSOCK, kOurs, true}}) {
        findings.push_back(check_one(wanted));
    }
    std::ranges::move(check_master_key(data), std::back_inserter(findings));
    return findings;
}

}  // namespace origin
