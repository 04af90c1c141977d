// SPDX-License-Identifier: Apache-2.0
#include "deploy/command.h"

#include <algorithm>

#include "base/utf8.h"
#include "deploy/box_files.h"
#include "deploy/build_log.h"

namespace origin::deploy {
namespace {

constexpr std::string_view kProgram = "program";
constexpr std::string_view kUrlWord = "url: ";
constexpr std::size_t kSettingBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kLogLinesMax = 1'000;
constexpr std::size_t kLogLineBytesMax = 300;
constexpr int kTryAgain = 75;  // sysexits(3) EX_TEMPFAIL.

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_setting_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax && is_letter(name.front()) &&
           std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_plain_text(std::string_view text) {
    return is_utf8(text) && printable(text) == text;
}

bool is_url(std::string_view text) {
    const bool web = text.starts_with("https://") || text.starts_with("http://");
    return web && text.size() <= kUrlBytesMax && is_plain_text(text) && !text.contains(' ') &&
           !text.contains('"') && !text.contains('<');
}

std::vector<std::string> environment_of(Task& task,
                                        const std::map<std::string, std::string>& settings) {
    const store::DeploymentRow& row = task.row();
    const auto truth = [](bool is) {
        return is ? "1" : "0";
    };
    std::vector<std::string> all = {
        "ORIGIN_DEPLOYMENT=" + task.id().str(),
        "ORIGIN_PROJECT=" + task.project().str(),
        "ORIGIN_TARGET=" + row.target,
        "ORIGIN_COMMIT=" + row.commit.hex(),
        "ORIGIN_REF=" + row.ref,
        std::string("ORIGIN_PREVIEW=") + truth(row.preview),
        std::string("ORIGIN_ROLLBACK=") + truth(row.rollback_of.has_value()),
    };
    for (const auto& [name, value] : settings) {
        if (name != kProgram) {
            all.push_back(variable_of_setting(name) + "=" + value);
        }
    }
    return all;
}

}  // namespace

std::string variable_of_setting(std::string_view name) {
    std::string variable = "ORIGIN_SETTING_";
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool is_upper = c >= 'A' && c <= 'Z';
        if (is_upper && i > 0 && !(name[i - 1] >= 'A' && name[i - 1] <= 'Z')) {
            variable += '_';
        }
        variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return variable;
}

Status Command::check(const TargetSettings& settings) const {
    const std::string program(settings.get(kProgram));
    if (program.empty()) {
        return refuse("missing_setting",
                      "the connector 'command' needs the setting 'program': the name of one of "
                      "this server's deploy programs");
    }
    if (!programs_.programs.contains(program)) {
        return refuse("bad_setting",
                      "this server has no deploy program '" +
                          printable(std::string_view(program).substr(0, kNameBytesMax)) + "'");
    }
    for (const auto& [name, value] : settings.settings) {
        if (!is_setting_name(name)) {
            return refuse("unknown_setting",
                          "a setting of a deploy program has a name of letters and digits");
        }
        if (value.size() > kSettingBytesMax || !is_plain_text(value)) {
            return refuse("bad_setting",
                          "the setting '" + name + "' is one line of at most 4096 bytes");
        }
    }
    return {};
}

Result<UploadPlan> Command::plan(Task& /*task*/) {
    return UploadPlan{};  // The program has all files, and knows what to send.
}

Status Command::upload(Task& /*task*/, const std::vector<std::size_t>& /*part*/) {
    return {};
}

Status Command::publish(Task& task) {
    const auto program = programs_.programs.find(std::string(task.setting(kProgram)));
    if (program == programs_.programs.end()) {
        return refuse("bad_setting", "this server has no such deploy program any more");
    }
    if (const Status usable = programs_.usable(); !usable) {
        return refuse("no_sandbox",
                      "this server cannot run deploy programs: " + usable.error().told_to_peer());
    }
    ORIGIN_TRY(site, pack_site(task, programs_.folder, programs_.site_bytes_max));
    ORIGIN_TRY(secret, sandbox::file_of(task.secret().reveal() + "\n"));
    BuildLog log(task, clock_, {.lines_max = kLogLinesMax, .line_bytes_max = kLogLineBytesMax});
    std::string url;
    ORIGIN_TRY(
        end,
        log.run(*programs_.box,
                {.command = {"/program"},
                 .environment = environment_of(task, task.settings()),
                 .lent = {{program->second, "/program"}},
                 .input_file = secret.get(),
                 .archive_in = site.get(),
                 .network = sandbox::BoxNetwork::Machine,
                 .user = sandbox::BoxUser::Server,
                 .limits = {.time_max = programs_.time_max,
                            .work_bytes_max = 2 * programs_.site_bytes_max},
                 .line = [&](std::string_view line) {
                     if (line.starts_with(kUrlWord) && is_url(line.substr(kUrlWord.size()))) {
                         url = line.substr(kUrlWord.size());
                     }
                 }}));
    if (end.why == sandbox::BoxEnd::Why::Exited && end.status == kTryAgain) {
        return std::unexpected(
            Error(Code::Unavailable, "the deploy program asks for another try" + log.ending()));
    }
    if (!end.ok()) {
        const std::string how = end.why == sandbox::BoxEnd::Why::Exited
                                    ? "failed (exit code " + std::to_string(end.status) + ")"
                                    : "was ended: " + printable(end.text);
        return refuse("program_failed", "the deploy program " + how + log.ending());
    }
    task.row().remote.id = task.id().str();  // It is elsewhere: its URL is not one of ours.
    if (!url.empty()) {
        task.row().url = url;
    }
    return {};
}

Result<Poll> Command::poll(Task& /*task*/) {
    return Poll{.state = Poll::State::Live};
}

/// The program has no memory of ours: what was live before is sent again.
Status Command::roll_back(Task& /*task*/, const store::RemoteDeployment& /*earlier*/) {
    return std::unexpected(Error(Code::NotFound, "a deploy program has no way back of its own"));
}

void Command::cancel(Task& /*task*/) {}

/// What a program has made for a branch stays where it is.
Status Command::remove(Task& /*task*/) {
    return {};
}

}  // namespace origin::deploy
