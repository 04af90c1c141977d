// SPDX-License-Identifier: Apache-2.0
// deploy/sftp_releases: releases on somebody's own server, as folders beside one another:
//
//   <path>/releases/<id>/...        the files of one release
//   <path>/releases/<id>.sent       while it is being made: what is there, a line a file
//   <path>/releases/<id>.manifest   the same once it is whole; without it, it never goes live
//   <path>/current -> releases/<id>
//
// Each call looks at what is there and does the rest, so one that broke off is made again.
// A line: "<octal mode> <path>\t<blob id>\n". One that was cut has no whole id and counts for
// nothing. Runs in the confined child. Blocks.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "deploy/sftp_client.h"

namespace origin::deploy {

struct RemoteFile {
    std::string path;  // Below the release's folder.
    Oid blob;
    std::uint32_t mode = 0644;

    friend bool operator==(const RemoteFile&, const RemoteFile&) = default;
};

std::string manifest_of(const std::vector<RemoteFile>& files);
/// What its whole lines say; later ones win. Sorted by path.
std::vector<RemoteFile> read_manifest(std::string_view text);

using SayLine = std::function<void(std::string_view line)>;

class SftpReleases {
public:
    struct Place {
        std::string path;  // The target's folder; no slash at its end.
        std::string id;    // Of the release that this is about.
    };
    SftpReleases(SftpClient& sftp, Place place, SayLine say)
        : sftp_(sftp), place_(std::move(place)), say_(std::move(say)) {}

    /// Makes the folders, and links what the release that is live has already.
    /// Returns: which of `wanted` have to be sent.
    /// Errors of all: those of SftpClient; here also InvalidInput `no_folder`, `no_posix_rename`.
    Result<std::vector<std::size_t>> plan(const std::vector<RemoteFile>& wanted);

    struct Sent {
        RemoteFile file;
        std::string_view data;
    };
    Status send(const std::vector<Sent>& files);

    /// Has `current` be this release, if all of `wanted` is there; then drops old ones but `keep`.
    /// Errors: also Unavailable `not_whole`; InvalidInput `current_in_the_way`.
    Status publish(const std::vector<RemoteFile>& wanted, std::size_t keep);
    /// Has `current` be this release, which is there already. Errors: also NotFound.
    Status put_back();
    /// Removes what there is of this release, unless it is live.
    Status drop();

private:
    std::string releases() const { return place_.path + "/releases"; }
    std::string folder(std::string_view id) const { return releases() + "/" + std::string(id); }
    std::string manifest(std::string_view id) const { return folder(id) + ".manifest"; }
    std::string sent() const { return folder(place_.id) + ".sent"; }

    Status check_place();
    Status make_folders(const std::vector<RemoteFile>& wanted);
    Result<std::vector<RemoteFile>> whole(std::string_view id);
    Result<std::string> live();
    Result<std::vector<RemoteFile>> link(const std::vector<RemoteFile>& lacking);
    Status note_sent(const std::vector<RemoteFile>& files);
    Status switch_current();
    Status drop_old(std::size_t keep);
    Status drop_release(std::string_view id);
    Status remove_tree(const std::string& folder);

    SftpClient& sftp_;
    Place place_;
    SayLine say_;
};

}  // namespace origin::deploy
