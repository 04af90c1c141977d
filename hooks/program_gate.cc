// SPDX-License-Identifier: Apache-2.0
#include "hooks/program_gate.h"

#include <cerrno>
#include <cstring>

#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"
#include "git/odb/staged_pack.h"
#include "git/serve/refs.h"

namespace origin::hooks {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLinesMax = 20;  // Shown to who pushes.
constexpr std::size_t kLineBytesMax = 200;
constexpr const char* kInBox = "/repository.git";

std::unexpected<Error> cannot(const std::string& what) {
    return std::unexpected(
        Error(Code::Internal, "the push cannot be shown to the server's gate", what));
}

/// Removes the folder when it is gone.
class Folder {
public:
    explicit Folder(fs::path path) : path_(std::move(path)) {}
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    const fs::path path_;
};

Status write_pack(const git::Pack& pack, const fs::path& folder) {
    ORIGIN_CHECK(git::write_file(folder / (pack.name() + ".pack"), text_of(pack.bytes())));
    return git::write_file(folder / (pack.name() + ".idx"), text_of(pack.index().bytes()));
}

/// The pack's two files in `folder` too: a second name of those there are, or copies of what is in
/// memory.
Status lend_pack(const git::Pack& pack, const std::vector<fs::path>& from, const fs::path& folder) {
    if (pack.is_in_memory()) {
        return write_pack(pack, folder);
    }
    for (const fs::path& each : from) {
        const std::string pack_file = pack.name() + ".pack";
        const std::string index_file = pack.name() + ".idx";
        if (::link((each / pack_file).c_str(), (folder / pack_file).c_str()) == 0 &&
            ::link((each / index_file).c_str(), (folder / index_file).c_str()) == 0) {
            return {};
        }
    }
    return write_pack(pack, folder);
}

std::string refs_text(const git::RefsSnapshot& refs) {
    std::string text = "# pack-refs with: sorted\n";
    for (const git::AdvertisedRef& ref : refs.refs) {
        text += ref.oid.hex() + " " + ref.name + "\n";
    }
    return text;
}

std::string input_of(const git::PushInQuestion& push) {
    std::string text;
    for (const git::RefMove& move : push.moves) {
        text += move.old_id.hex() + " " + move.new_id.hex() + " " + move.name.str() + "\n";
    }
    return text;
}

std::vector<std::string> environment_of(const git::PushInQuestion& push) {
    const std::vector<std::string>& options = push.proposal.options;
    std::vector<std::string> all = {
        std::string("GIT_DIR=") + kInBox,
        "ORIGIN_PROJECT=" + push.permit.project().str(),
        "ORIGIN_CLIENT=" + push.permit.identity().client.str(),
        "ORIGIN_CLIENT_SLUG=" + push.permit.identity().slug,
        "ORIGIN_VIA=" + push.proposal.via,
        "GIT_PUSH_OPTION_COUNT=" + std::to_string(options.size()),
    };
    for (std::size_t i = 0; i < options.size(); ++i) {
        all.push_back("GIT_PUSH_OPTION_" + std::to_string(i) + "=" + options[i]);
    }
    return all;
}

std::string shown(std::string_view line) {
    std::string text = printable(line.substr(0, kLineBytesMax));
    while (!is_utf8(text)) {
        text.pop_back();
    }
    return text;
}

Error refusal(std::string why) {
    return Error(Code::Forbidden, std::move(why)).because("gate_program");
}

}  // namespace

Result<fs::path> ProgramGate::make_repository(const git::PushInQuestion& push) const {
    const ProjectId& project = push.permit.project();
    ORIGIN_CHECK(around_.storage.expect_files(project));
    const fs::path quarantine = around_.storage.quarantine_dir(project);
    std::string name = (quarantine / (std::string(git::kGateFolderPrefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
        return cannot("mkdtemp: " + std::string(std::strerror(errno)));
    }
    fs::path folder = name;
    const fs::path packs = folder / "objects/pack";
    std::error_code error;
    fs::create_directories(packs, error);
    fs::create_directories(folder / "refs", error);
    if (error) {
        return cannot("mkdir: " + error.message());
    }
    git::RefsSnapshot refs;
    if (!push.permit.creates()) {
        ORIGIN_CHECK(around_.store.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read, git::read_refs(reader, project));
            refs = std::move(read);
            return {};
        }));
    }
    const std::string head = push.project.head.empty() ? "refs/heads/main" : push.project.head;
    ORIGIN_CHECK(git::write_file(folder / "HEAD", "ref: " + head + "\n"));
    ORIGIN_CHECK(git::write_file(folder / "config",
                                 "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"));
    ORIGIN_CHECK(git::write_file(folder / "packed-refs", refs_text(refs)));
    for (const auto& pack : push.proposal.objects.view->packs()) {
        ORIGIN_CHECK(lend_pack(*pack, {around_.storage.pack_dir(project), quarantine}, packs));
    }
    return folder;
}

Result<git::GateAnswer> ProgramGate::ask(const git::PushInQuestion& push) {
    git::GateAnswer answer;
    if (const Status usable = around_.usable(); !usable) {
        answer.refusal = refusal("this server's gate cannot run, so nothing is let through: " +
                                 usable.error().told_to_peer());
        return answer;
    }
    ORIGIN_TRY(made, make_repository(push));
    const Folder repository(made);
    ORIGIN_TRY(input, sandbox::file_of(input_of(push)));
    std::size_t lines = 0;
    ORIGIN_TRY(
        end,
        around_.box.run({.command = {"/program"},
                         .environment = environment_of(push),
                         .lent = {{around_.program, "/program"}, {repository.path(), kInBox}},
                         .input_file = input.get(),
                         .user = sandbox::BoxUser::Server,
                         .limits = {.time_max = around_.time_max},
                         .line = [&](std::string_view line) {
                             if (++lines <= kLinesMax) {
                                 answer.lines.push_back(shown(line));
                             }
                         }}));
    if (lines > kLinesMax) {
        answer.lines.push_back(std::to_string(lines - kLinesMax) + " more lines");
    }
    if (end.ok()) {
        return answer;
    }
    if (end.why != sandbox::BoxEnd::Why::Exited) {
        answer.refusal = refusal("this server's gate did not end well: " + printable(end.text));
        return answer;
    }
    const std::string said = answer.lines.empty() ? "exit code " + std::to_string(end.status)
                                                  : answer.lines[std::min(lines, kLinesMax) - 1];
    answer.refusal = refusal("this server's gate refuses it: " + said);
    return answer;
}

}  // namespace origin::hooks
