// SPDX-License-Identifier: Apache-2.0
// deploy/sftp_client: SFTP version 3 over a channel, with many requests on their way at once.
// libssh2 1.10's own SFTP has neither of the two extensions that a release needs: a rename that
// replaces (posix-rename@openssh.com) and hard links (hardlink@openssh.com).
// Source: draft-ietf-secsh-filexfer-02; OpenSSH's PROTOCOL, section 4. Blocks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deploy/ssh_connection.h"

namespace origin::deploy {

inline constexpr std::string_view kPosixRename = "posix-rename@openssh.com";
inline constexpr std::string_view kHardLink = "hardlink@openssh.com";
inline constexpr std::string_view kStatVfs = "statvfs@openssh.com";

enum class SftpType : std::uint8_t {
    None = 0,  // None of the protocol.
    Init = 1,
    Version = 2,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    LStat = 7,
    OpenDir = 11,
    ReadDir = 12,
    Remove = 13,
    MakeDir = 14,
    RemoveDir = 15,
    Stat = 17,
    ReadLink = 19,
    SymLink = 20,
    Status = 101,
    Handle = 102,
    Data = 103,
    Name = 104,
    Attributes = 105,
    Extended = 200,
    ExtendedReply = 201,
};

enum class SftpStatus : std::uint32_t {
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    Unsupported = 8,
};

struct SftpRequest {
    SftpType type = SftpType::Stat;
    std::string body;  // What follows the request's id.
};

struct SftpAnswer {
    SftpType type = SftpType::Status;
    SftpStatus status = SftpStatus::Ok;  // Of a Status.
    std::string body;                    // What follows the id; of a Status, its message.

    bool ok() const { return type != SftpType::Status || status == SftpStatus::Ok; }
    bool is(SftpStatus wanted) const { return type == SftpType::Status && status == wanted; }
};

struct SftpEntry {
    std::string name;
    bool is_folder = false;
};

struct SftpFile {
    std::uint64_t size = 0;
    bool is_folder = false;
    bool is_link = false;
};

/// The pieces of requests.
std::string sftp_number(std::uint32_t number);
std::string sftp_string(std::string_view text);
SftpRequest sftp_path_request(SftpType type, std::string_view path);
SftpRequest sftp_make_folder(std::string_view path);
SftpRequest sftp_extended(std::string_view name, std::string_view from, std::string_view to);

class SftpClient {
public:
    /// Errors, all of these: Unavailable `connection_lost`, `broken_answer`.
    static Result<SftpClient> begin(std::unique_ptr<SshChannel> channel);

    bool has(std::string_view extension) const { return extensions_.contains(extension); }

    /// Sends all, and returns the answers in their order, refusals too.
    Result<std::vector<SftpAnswer>> ask(const std::vector<SftpRequest>& requests);
    Result<SftpAnswer> ask(const SftpRequest& request);

    /// nullopt: there is none. Errors of these: also those of refusal().
    Result<std::optional<SftpFile>> look_at(std::string_view path, bool follows_links);
    Result<std::optional<std::string>> read_link(std::string_view path);
    Result<std::optional<std::string>> read_file(std::string_view path, std::size_t bytes_max);
    Result<std::vector<SftpEntry>> list(std::string_view path);

    struct File {
        std::string path;
        std::string_view data;
        std::uint32_t mode = 0644;
    };
    /// Makes each anew; what is there under its name, perhaps a link to other data, is removed.
    Status write_files(const std::vector<File>& files);
    /// Writes into a file that is there, or not, from `offset` on.
    Status write_at(const std::string& path, std::uint64_t offset, std::string_view data);
    /// `to` is replaced in one step.
    Status rename(std::string_view from, std::string_view to);

    /// What a refusal means. Forbidden `remote_permission`; NotFound `remote_not_found`;
    /// LimitExceeded `remote_disk_full`; InvalidInput `remote_refused`.
    Error refusal(const SftpAnswer& answer, const std::string& doing, std::string_view path);

private:
    explicit SftpClient(std::unique_ptr<SshChannel> channel) : channel_(std::move(channel)) {}
    Status send(SftpType type, std::string_view body, std::optional<std::uint32_t> id);
    Result<std::string> receive();
    Status fill(std::string& bytes, std::size_t size);
    Status take_answer(std::vector<SftpAnswer>& answers, std::uint32_t first, std::size_t sent);
    Status write_group(const std::vector<File>& files);
    bool is_disk_full(std::string_view path);

    std::unique_ptr<SshChannel> channel_;
    std::map<std::string, std::string, std::less<>> extensions_;
    std::uint32_t next_id_ = 1;
    bool asking_for_room_ = false;
};

}  // namespace origin::deploy
