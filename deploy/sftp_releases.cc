// SPDX-License-Identifier: Apache-2.0
#include "deploy/sftp_releases.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/id.h"
#include "base/utf8.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kManifestBytesMax = 64ULL * 1024 * 1024;
constexpr std::size_t kOidDigits = 40;
constexpr std::size_t kLinksAtOnce = 1000;
constexpr std::string_view kManifestEnd = ".manifest";
constexpr std::string_view kSentEnd = ".sent";

std::unexpected<Error> refuse(Code code, std::string reason, const std::string& why) {
    return std::unexpected(Error(code, why).because(std::move(reason)));
}

std::optional<RemoteFile> read_line(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::size_t tab = line.rfind('\t');
    if (space == line.npos || tab == line.npos || tab < space ||
        line.size() - tab - 1 != kOidDigits) {
        return std::nullopt;
    }
    RemoteFile file{.path = std::string(line.substr(space + 1, tab - space - 1)), .blob = {}};
    const auto blob = Oid::from_hex(line.substr(tab + 1));
    const std::string_view mode = line.substr(0, space);
    const auto [end, error] = std::from_chars(mode.begin(), mode.end(), file.mode, 8);
    if (!blob || error != std::errc() || end != mode.end() || file.path.empty()) {
        return std::nullopt;
    }
    file.blob = *blob;
    return file;
}

std::map<std::string_view, const RemoteFile*> by_path(const std::vector<RemoteFile>& files) {
    std::map<std::string_view, const RemoteFile*> paths;
    for (const RemoteFile& file : files) {
        paths.emplace(file.path, &file);
    }
    return paths;
}

std::vector<std::size_t> missing(const std::vector<RemoteFile>& wanted,
                                 const std::vector<RemoteFile>& there) {
    const auto paths = by_path(there);
    std::vector<std::size_t> lacking;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto found = paths.find(wanted[i].path);
        if (found == paths.end() || !(*found->second == wanted[i])) {
            lacking.push_back(i);
        }
    }
    return lacking;
}

}  // namespace

std::string manifest_of(const std::vector<RemoteFile>& files) {
    constexpr std::uint32_t kExecutable = 0755;
    std::string text;
    for (const RemoteFile& file : files) {
        text += file.mode == kExecutable ? "755 " : "644 ";
        text += file.path + "\t" + file.blob.hex() + "\n";
    }
    return text;
}

std::vector<RemoteFile> read_manifest(std::string_view text) {
    std::map<std::string, RemoteFile> files;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        if (auto file = read_line(text.substr(0, end))) {
            files[file->path] = *file;
        }
        text.remove_prefix(end + 1);
    }
    std::vector<RemoteFile> list;
    list.reserve(files.size());
    for (auto& [path, file] : files) {
        list.push_back(std::move(file));
    }
    return list;
}

Status SftpReleases::check_place() {
    if (!sftp_.has(kPosixRename)) {
        return refuse(Code::InvalidInput,
                      "no_posix_rename",
                      "this server's SFTP has no posix-rename@openssh.com, without which 'current' "
                      "cannot be switched in one step: use OpenSSH's sftp-server or internal-sftp");
    }
    ORIGIN_TRY(there, sftp_.look_at(place_.path, true));
    if (!there || !there->is_folder) {
        return refuse(Code::InvalidInput,
                      "no_folder",
                      "the server has no folder '" + printable(place_.path) +
                          "': make it, and let the target's user write there");
    }
    return {};
}

/// The release that `current` leads to; empty: none, or nothing of ours.
Result<std::string> SftpReleases::live() {
    const std::string current = place_.path + "/current";
    ORIGIN_TRY(there, sftp_.look_at(current, false));
    if (!there) {
        return std::string();
    }
    if (!there->is_link) {
        return refuse(Code::InvalidInput,
                      "current_in_the_way",
                      "'" + printable(current) + "' is there and is no link: move it away");
    }
    ORIGIN_TRY(target, sftp_.read_link(current));
    constexpr std::string_view kStart = "releases/";
    const std::string name =
        target && target->starts_with(kStart) ? target->substr(kStart.size()) : std::string();
    return DeploymentId::parse(name) ? name : std::string();
}

/// The manifest of a release that is whole; empty: it is not.
Result<std::vector<RemoteFile>> SftpReleases::whole(std::string_view id) {
    ORIGIN_TRY(text, sftp_.read_file(manifest(id), kManifestBytesMax));
    return text ? read_manifest(*text) : std::vector<RemoteFile>();
}

Status SftpReleases::make_folders(const std::vector<RemoteFile>& wanted) {
    std::set<std::string> folders;  // Sorted: a folder comes before what is in it.
    for (const RemoteFile& file : wanted) {
        for (std::size_t slash = file.path.find('/'); slash != file.path.npos;
             slash = file.path.find('/', slash + 1)) {
            folders.insert(file.path.substr(0, slash));
        }
    }
    std::vector<std::string> paths{releases(), folder(place_.id)};
    std::vector<SftpRequest> requests;
    for (const std::string& path : folders) {
        paths.push_back(folder(place_.id) + "/" + path);
    }
    requests.reserve(paths.size());
    for (const std::string& path : paths) {
        requests.push_back(sftp_make_folder(path));
    }
    ORIGIN_TRY(made, sftp_.ask(requests));
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (made[i].ok()) {
            continue;
        }
        ORIGIN_TRY(there, sftp_.look_at(paths[i], true));  // What is there already is refused too.
        if (!there || !there->is_folder) {
            return std::unexpected(sftp_.refusal(made[i], "make the folder", paths[i]));
        }
    }
    return {};
}

/// Hard links to what the live release has. Returns: those that were linked.
Result<std::vector<RemoteFile>> SftpReleases::link(const std::vector<RemoteFile>& lacking) {
    std::vector<RemoteFile> linked;
    ORIGIN_TRY(from, live());
    if (from.empty() || from == place_.id || lacking.empty()) {
        return linked;
    }
    ORIGIN_TRY(before, whole(from));
    if (!sftp_.has(kHardLink)) {
        say_("this server's SFTP has no hardlink@openssh.com: unchanged files are sent again");
        return linked;
    }
    std::map<std::pair<Oid, std::uint32_t>, const RemoteFile*> sources;
    for (const RemoteFile& file : before) {
        sources.emplace(std::pair(file.blob, file.mode), &file);
    }
    std::vector<SftpRequest> requests;
    std::vector<const RemoteFile*> tried;
    const auto flush = [&]() -> Status {
        ORIGIN_TRY(answers, sftp_.ask(requests));
        for (std::size_t i = 0; i < tried.size(); ++i) {
            if (answers[2 * i + 1].ok()) {  // Another answer: it is sent instead.
                linked.push_back(*tried[i]);
            }
        }
        requests.clear();
        tried.clear();
        return {};
    };
    for (const RemoteFile& file : lacking) {
        const auto source = sources.find({file.blob, file.mode});
        if (source == sources.end()) {
            continue;
        }
        const std::string to = folder(place_.id) + "/" + file.path;
        requests.push_back(sftp_path_request(SftpType::Remove, to));  // Of a try that broke off.
        requests.push_back(sftp_extended(kHardLink, folder(from) + "/" + source->second->path, to));
        tried.push_back(&file);
        if (tried.size() == kLinksAtOnce) {
            ORIGIN_CHECK(flush());
        }
    }
    ORIGIN_CHECK(flush());
    return linked;
}

Status SftpReleases::note_sent(const std::vector<RemoteFile>& files) {
    if (files.empty()) {
        return {};
    }
    ORIGIN_TRY(there, sftp_.look_at(sent(), false));
    // A line that was cut ends here.
    return sftp_.write_at(sent(), there ? there->size : 0, "\n" + manifest_of(files));
}

Result<std::vector<std::size_t>> SftpReleases::plan(const std::vector<RemoteFile>& wanted) {
    ORIGIN_CHECK(check_place());
    ORIGIN_CHECK(live());  // What is in the way is told before anything is sent.
    ORIGIN_TRY(complete, whole(place_.id));
    if (!complete.empty() && missing(wanted, complete).empty()) {
        return std::vector<std::size_t>();
    }
    ORIGIN_CHECK(make_folders(wanted));
    ORIGIN_TRY(text, sftp_.read_file(sent(), kManifestBytesMax));
    std::vector<RemoteFile> there = text ? read_manifest(*text) : std::vector<RemoteFile>();
    std::vector<RemoteFile> lacking;
    for (const std::size_t i : missing(wanted, there)) {
        lacking.push_back(wanted[i]);
    }
    ORIGIN_TRY(linked, link(lacking));
    ORIGIN_CHECK(note_sent(linked));
    there.insert(there.end(), linked.begin(), linked.end());
    // What was linked under a path that was there with other bytes comes later, and counts.
    std::ranges::reverse(there);
    return missing(wanted, there);
}

Status SftpReleases::send(const std::vector<Sent>& files) {
    std::vector<SftpClient::File> writes;
    std::vector<RemoteFile> done;
    for (const Sent& one : files) {
        writes.push_back({folder(place_.id) + "/" + one.file.path, one.data, one.file.mode});
        done.push_back(one.file);
    }
    ORIGIN_CHECK(sftp_.write_files(writes));
    return note_sent(done);
}

Status SftpReleases::switch_current() {
    const std::string target = "releases/" + place_.id;
    const std::string current = place_.path + "/current";
    const std::string made = place_.path + "/.current-" + place_.id;
    ORIGIN_TRY(now, live());
    if (now == place_.id) {
        return {};
    }
    ORIGIN_CHECK(sftp_.ask(sftp_path_request(SftpType::Remove, made)));
    // OpenSSH takes the link's target first, and so do those who follow it.
    ORIGIN_TRY(linked, sftp_.ask({SftpType::SymLink, sftp_string(target) + sftp_string(made)}));
    if (!linked.ok()) {
        return std::unexpected(sftp_.refusal(linked, "make the link", made));
    }
    ORIGIN_TRY(reads, sftp_.read_link(made));
    if (reads != target) {
        return refuse(Code::InvalidInput,
                      "odd_links",
                      "this server makes symbolic links in a way of its own: '" + printable(made) +
                          "' does not lead to '" + target + "'");
    }
    return sftp_.rename(made, current);
}

Status SftpReleases::publish(const std::vector<RemoteFile>& wanted, std::size_t keep) {
    ORIGIN_TRY(complete, whole(place_.id));
    if (complete.empty() || !missing(wanted, complete).empty()) {
        ORIGIN_TRY(text, sftp_.read_file(sent(), kManifestBytesMax));
        const auto there = text ? read_manifest(*text) : std::vector<RemoteFile>();
        if (!missing(wanted, there).empty()) {
            return refuse(Code::Unavailable, "not_whole", "files of this release went missing");
        }
        const auto names = by_path(wanted);
        std::vector<SftpRequest> strays;  // The publish root was another one at the first try.
        for (const RemoteFile& file : there) {
            if (!names.contains(file.path)) {
                strays.push_back(
                    sftp_path_request(SftpType::Remove, folder(place_.id) + "/" + file.path));
            }
        }
        ORIGIN_CHECK(sftp_.ask(strays));
        const std::string text_of_all = manifest_of(wanted);
        const std::string draft = manifest(place_.id) + ".new";
        ORIGIN_CHECK(sftp_.write_files({{draft, text_of_all}}));
        ORIGIN_CHECK(sftp_.rename(draft, manifest(place_.id)));
    }
    ORIGIN_CHECK(sftp_.ask(sftp_path_request(SftpType::Remove, sent())));
    ORIGIN_CHECK(switch_current());
    if (const Status dropped = drop_old(keep); !dropped) {
        if (dropped.error().code() == Code::Unavailable) {
            return dropped;
        }
        say_("old releases could not be removed: " + dropped.error().told_to_peer());
    }
    return {};
}

Status SftpReleases::put_back() {
    ORIGIN_CHECK(check_place());
    ORIGIN_TRY(complete, whole(place_.id));
    ORIGIN_TRY(there, sftp_.look_at(folder(place_.id), false));
    if (complete.empty() || !there || !there->is_folder) {
        return refuse(
            Code::NotFound, "release_gone", "the server has the release " + place_.id + " no more");
    }
    return switch_current();
}

Status SftpReleases::drop() {
    ORIGIN_TRY(now, live());
    return now == place_.id ? Status() : drop_release(place_.id);
}

Status SftpReleases::drop_old(std::size_t keep) {
    ORIGIN_TRY(now, live());
    ORIGIN_TRY(entries, sftp_.list(releases()));
    std::set<std::string> ids;    // Only what we made is ever removed.
    std::set<std::string> whole;  // By id, which is by time.
    for (const SftpEntry& entry : entries) {
        const std::string id = entry.name.substr(0, entry.name.find('.'));
        if (DeploymentId::parse(id)) {
            ids.insert(id);
        }
        if (DeploymentId::parse(id) && entry.name == id + std::string(kManifestEnd)) {
            whole.insert(id);
        }
    }
    std::size_t kept = 0;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const bool counts = whole.contains(*id);
        const bool stays = *id == now || *id == place_.id || (counts && kept < keep) ||
                           (!counts && *id > place_.id);
        kept += counts && stays ? 1U : 0U;
        if (!stays) {
            ORIGIN_CHECK(drop_release(*id));
        }
    }
    return {};
}

Status SftpReleases::drop_release(std::string_view id) {
    std::vector<SftpRequest> files;
    for (const std::string& path :
         {manifest(id), manifest(id) + ".new", folder(id) + std::string(kSentEnd)}) {
        files.push_back(sftp_path_request(SftpType::Remove, path));
    }
    ORIGIN_CHECK(sftp_.ask(files));  // The manifest first: it is whole no more.
    ORIGIN_TRY(there, sftp_.look_at(folder(id), false));
    return there && there->is_folder ? remove_tree(folder(id)) : Status();
}

Status SftpReleases::remove_tree(const std::string& folder) {
    // Depth first, without recursion: a folder is removed after what was found in it.
    std::vector<std::string> folders{folder};
    for (std::size_t i = 0; i < folders.size(); ++i) {
        ORIGIN_TRY(entries, sftp_.list(folders[i]));
        std::vector<SftpRequest> files;
        for (const SftpEntry& entry : entries) {
            const std::string path = folders[i] + "/" + entry.name;
            if (entry.is_folder) {
                folders.push_back(path);
            } else {
                files.push_back(sftp_path_request(SftpType::Remove, path));
            }
        }
        ORIGIN_CHECK(sftp_.ask(files));
    }
    std::vector<SftpRequest> removes;
    for (auto path = folders.rbegin(); path != folders.rend(); ++path) {
        removes.push_back(sftp_path_request(SftpType::RemoveDir, *path));
    }
    ORIGIN_TRY(removed, sftp_.ask(removes));
    const SftpAnswer& last = removed.back();
    return last.ok() ? Status() : Status(std::unexpected(sftp_.refusal(last, "remove", folder)));
}

}  // namespace origin::deploy
