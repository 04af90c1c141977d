// SPDX-License-Identifier: Apache-2.0
#include "deploy/sftp_client.h"

#include <algorithm>

#include "base/utf8.h"

namespace origin::deploy {
namespace {

constexpr std::size_t kPacketBytesMax = 512 * 1024;  // OpenSSH's are at most 256 KiB.
constexpr std::size_t kInFlightMax = 64;
constexpr std::size_t kWriteBytes = 32 * 1024;  // What every server takes.
constexpr std::uint32_t kReadBytes = 128 * 1024;
constexpr std::size_t kFilesAtOnce = 32;  // Open over there.
constexpr std::size_t kListedMax = 200'000;
constexpr std::size_t kMessageBytesMax = 200;

constexpr std::uint32_t kOpenRead = 0x01;
constexpr std::uint32_t kOpenWrite = 0x02;
constexpr std::uint32_t kOpenCreate = 0x08;
constexpr std::uint32_t kOpenExclusive = 0x20;

constexpr std::uint32_t kHasSize = 0x01;
constexpr std::uint32_t kHasOwner = 0x02;
constexpr std::uint32_t kHasMode = 0x04;
constexpr std::uint32_t kHasTimes = 0x08;
constexpr std::uint32_t kHasMore = 0x80000000;

constexpr std::uint32_t kModeKind = 0170000;
constexpr std::uint32_t kModeFolder = 0040000;
constexpr std::uint32_t kModeLink = 0120000;

std::unexpected<Error> broken(std::string_view what) {
    return std::unexpected(
        Error(Code::Unavailable, "the server's SFTP answer is broken: " + std::string(what))
            .because("broken_answer"));
}

std::string number64(std::uint64_t number) {
    return sftp_number(static_cast<std::uint32_t>(number >> 32)) +
           sftp_number(static_cast<std::uint32_t>(number));
}

/// Takes what an answer holds off its front; once something is missing, all that follows is empty.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number(std::size_t bytes) {
        if (rest_.size() < bytes) {
            ok_ = false;
            rest_ = {};
            return 0;
        }
        std::uint64_t value = 0;
        for (const char c : rest_.substr(0, bytes)) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        rest_.remove_prefix(bytes);
        return value;
    }
    std::uint32_t number32() { return static_cast<std::uint32_t>(number(4)); }
    std::string_view string() {
        const std::size_t size = number32();
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const std::string_view text = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return text;
    }
    SftpFile file() {
        const std::uint32_t has = number32();
        SftpFile file;
        file.size = (has & kHasSize) != 0 ? number(8) : 0;
        if ((has & kHasOwner) != 0) {
            number(8);
        }
        const std::uint32_t mode = (has & kHasMode) != 0 ? number32() : 0;
        file.is_folder = (mode & kModeKind) == kModeFolder;
        file.is_link = (mode & kModeKind) == kModeLink;
        if ((has & kHasTimes) != 0) {
            number(8);
        }
        const std::uint32_t more = (has & kHasMore) != 0 ? number32() : 0;
        for (std::uint32_t i = 0; i < more && ok_; ++i) {
            string();
            string();
        }
        return file;
    }
    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
    bool ok_ = true;
};

SftpRequest open_request(std::string_view path, std::uint32_t how, std::uint32_t mode) {
    return {SftpType::Open,
            sftp_string(path) + sftp_number(how) + sftp_number(kHasMode) + sftp_number(mode)};
}

SftpRequest close_request(const std::string& handle) {
    return {SftpType::Close, sftp_string(handle)};
}

}  // namespace

std::string sftp_number(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(number >> shift & 0xff);
    }
    return bytes;
}

std::string sftp_string(std::string_view text) {
    return sftp_number(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

SftpRequest sftp_path_request(SftpType type, std::string_view path) {
    return {type, sftp_string(path)};
}

SftpRequest sftp_make_folder(std::string_view path) {
    return {SftpType::MakeDir, sftp_string(path) + sftp_number(0)};
}

SftpRequest sftp_extended(std::string_view name, std::string_view from, std::string_view to) {
    return {SftpType::Extended, sftp_string(name) + sftp_string(from) + sftp_string(to)};
}

Status SftpClient::send(SftpType type, std::string_view body, std::optional<std::uint32_t> id) {
    std::string packet;
    packet += static_cast<char>(type);
    packet += id ? sftp_number(*id) : std::string();
    packet += body;
    return channel_->write(sftp_string(packet));
}

Status SftpClient::fill(std::string& bytes, std::size_t size) {
    bytes.resize(size);
    std::size_t have = 0;
    while (have < size) {
        ORIGIN_TRY(got, channel_->read(std::span(bytes).subspan(have)));
        if (got == 0) {
            return std::unexpected(
                Error(Code::Unavailable, "the server's SFTP has ended").because("connection_lost"));
        }
        have += got;
    }
    return {};
}

Result<std::string> SftpClient::receive() {
    std::string bytes;
    ORIGIN_CHECK(fill(bytes, 4));
    const std::uint32_t size = Reader(bytes).number32();
    if (size == 0 || size > kPacketBytesMax) {
        return broken("a packet of " + std::to_string(size) + " bytes");
    }
    ORIGIN_CHECK(fill(bytes, size));
    return bytes;
}

Result<SftpClient> SftpClient::begin(std::unique_ptr<SshChannel> channel) {
    constexpr std::uint32_t kOurVersion = 3;
    SftpClient client(std::move(channel));
    ORIGIN_CHECK(client.send(SftpType::Init, sftp_number(kOurVersion), std::nullopt));
    ORIGIN_TRY(packet, client.receive());
    Reader reader(packet);
    const auto type = static_cast<SftpType>(reader.number(1));
    const std::uint32_t version = reader.number32();
    if (type != SftpType::Version || version < kOurVersion) {
        return broken("it speaks no SFTP version 3");
    }
    while (reader.ok() && !reader.at_end()) {
        const std::string_view name = reader.string();
        client.extensions_.emplace(std::string(name), std::string(reader.string()));
    }
    return client;
}

Status SftpClient::take_answer(std::vector<SftpAnswer>& answers,
                               std::uint32_t first,
                               std::size_t sent) {
    ORIGIN_TRY(packet, receive());
    Reader reader(packet);
    const auto type = static_cast<SftpType>(reader.number(1));
    const std::uint32_t place = reader.number32() - first;
    if (!reader.ok() || place >= sent) {
        return broken("it answers what was not asked");
    }
    SftpAnswer& answer = answers[place];
    answer.type = type;
    if (type == SftpType::Status) {
        answer.status = static_cast<SftpStatus>(reader.number32());
        answer.body = reader.at_end() ? std::string_view() : reader.string();
    } else {
        answer.body = reader.rest();
    }
    return {};
}

Result<std::vector<SftpAnswer>> SftpClient::ask(const std::vector<SftpRequest>& requests) {
    std::vector<SftpAnswer> answers(requests.size());
    const std::uint32_t first = next_id_;
    std::size_t answered = 0;
    for (std::size_t sent = 0; sent < requests.size(); ++sent) {
        if (sent - answered >= kInFlightMax) {
            ORIGIN_CHECK(take_answer(answers, first, sent));
            ++answered;
        }
        ORIGIN_CHECK(send(requests[sent].type, requests[sent].body, next_id_++));
    }
    for (; answered < requests.size(); ++answered) {
        ORIGIN_CHECK(take_answer(answers, first, requests.size()));
    }
    return answers;
}

Result<SftpAnswer> SftpClient::ask(const SftpRequest& request) {
    ORIGIN_TRY(answers, ask(std::vector{request}));
    return std::move(answers.front());
}

Result<std::optional<SftpFile>> SftpClient::look_at(std::string_view path, bool follows_links) {
    ORIGIN_TRY(answer,
               ask(sftp_path_request(follows_links ? SftpType::Stat : SftpType::LStat, path)));
    if (answer.is(SftpStatus::NoSuchFile)) {
        return std::nullopt;
    }
    if (answer.type != SftpType::Attributes) {
        return std::unexpected(refusal(answer, "look at", path));
    }
    Reader reader(answer.body);
    const SftpFile file = reader.file();
    if (!reader.ok()) {
        return broken("attributes");
    }
    return file;
}

Result<std::optional<std::string>> SftpClient::read_link(std::string_view path) {
    ORIGIN_TRY(answer, ask(sftp_path_request(SftpType::ReadLink, path)));
    if (answer.is(SftpStatus::NoSuchFile)) {
        return std::nullopt;
    }
    if (answer.type != SftpType::Name) {
        return std::unexpected(refusal(answer, "read the link", path));
    }
    Reader reader(answer.body);
    reader.number32();
    const std::string_view target = reader.string();
    return reader.ok() ? Result<std::optional<std::string>>(std::string(target)) : broken("a link");
}

Result<std::optional<std::string>> SftpClient::read_file(std::string_view path,
                                                         std::size_t bytes_max) {
    ORIGIN_TRY(opened, ask(open_request(path, kOpenRead, 0)));
    if (opened.is(SftpStatus::NoSuchFile)) {
        return std::nullopt;
    }
    if (opened.type != SftpType::Handle) {
        return std::unexpected(refusal(opened, "read", path));
    }
    const std::string handle(Reader(opened.body).string());
    std::string data;
    while (true) {
        ORIGIN_TRY(answer,
                   ask({SftpType::Read,
                        sftp_string(handle) + number64(data.size()) + sftp_number(kReadBytes)}));
        if (answer.is(SftpStatus::Eof)) {
            break;
        }
        if (answer.type != SftpType::Data) {
            return std::unexpected(refusal(answer, "read", path));
        }
        const std::string_view piece = Reader(answer.body).string();
        data += piece;
        if (piece.empty() || data.size() > bytes_max) {
            return broken("a file of this size was not asked for");
        }
    }
    ORIGIN_CHECK(ask(close_request(handle)));
    return data;
}

Result<std::vector<SftpEntry>> SftpClient::list(std::string_view path) {
    ORIGIN_TRY(opened, ask(sftp_path_request(SftpType::OpenDir, path)));
    if (opened.type != SftpType::Handle) {
        return std::unexpected(refusal(opened, "list", path));
    }
    const std::string handle(Reader(opened.body).string());
    std::vector<SftpEntry> entries;
    while (true) {
        ORIGIN_TRY(answer, ask({SftpType::ReadDir, sftp_string(handle)}));
        if (answer.is(SftpStatus::Eof)) {
            break;
        }
        if (answer.type != SftpType::Name || entries.size() > kListedMax) {
            return std::unexpected(refusal(answer, "list", path));
        }
        Reader reader(answer.body);
        const std::uint32_t count = reader.number32();
        for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
            std::string name(reader.string());
            reader.string();  // As `ls -l` prints it.
            const bool is_folder = reader.file().is_folder;
            if (name != "." && name != ".." && !name.contains('/')) {
                entries.push_back({std::move(name), is_folder});
            }
        }
    }
    ORIGIN_CHECK(ask(close_request(handle)));
    return entries;
}

Status SftpClient::write_files(const std::vector<File>& files) {
    for (std::size_t begin = 0; begin < files.size(); begin += kFilesAtOnce) {
        const std::size_t end = std::min(files.size(), begin + kFilesAtOnce);
        ORIGIN_CHECK(write_group({files.begin() + static_cast<std::ptrdiff_t>(begin),
                                  files.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
    return {};
}

Status SftpClient::write_group(const std::vector<File>& files) {
    std::vector<SftpRequest> removes;
    std::vector<SftpRequest> opens;
    for (const File& file : files) {
        removes.push_back(sftp_path_request(SftpType::Remove, file.path));
        opens.push_back(
            open_request(file.path, kOpenWrite | kOpenCreate | kOpenExclusive, file.mode));
    }
    ORIGIN_CHECK(ask(removes));
    ORIGIN_TRY(opened, ask(opens));
    std::vector<SftpRequest> closes;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (opened[i].type != SftpType::Handle) {
            return std::unexpected(refusal(opened[i], "write", files[i].path));
        }
        closes.push_back(close_request(std::string(Reader(opened[i].body).string())));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        std::vector<SftpRequest> writes;  // Of one file: a large one is in memory twice.
        for (std::size_t at = 0; at < files[i].data.size(); at += kWriteBytes) {
            writes.push_back({SftpType::Write,
                              closes[i].body + number64(at) +
                                  sftp_string(files[i].data.substr(at, kWriteBytes))});
        }
        ORIGIN_TRY(written, ask(writes));
        const auto refused =
            std::ranges::find_if(written, [](const SftpAnswer& one) { return !one.ok(); });
        if (refused != written.end()) {
            return std::unexpected(refusal(*refused, "write", files[i].path));
        }
    }
    ORIGIN_TRY(closed, ask(closes));
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!closed[i].ok()) {  // A quota may be told as late as this.
            return std::unexpected(refusal(closed[i], "write", files[i].path));
        }
    }
    return {};
}

Status SftpClient::write_at(const std::string& path, std::uint64_t offset, std::string_view data) {
    ORIGIN_TRY(opened, ask(open_request(path, kOpenWrite | kOpenCreate, 0644)));
    if (opened.type != SftpType::Handle) {
        return std::unexpected(refusal(opened, "write", path));
    }
    const std::string handle(Reader(opened.body).string());
    std::vector<SftpRequest> writes;
    for (std::size_t at = 0; at < data.size(); at += kWriteBytes) {
        writes.push_back({SftpType::Write,
                          sftp_string(handle) + number64(offset + at) +
                              sftp_string(data.substr(at, kWriteBytes))});
    }
    writes.push_back(close_request(handle));
    ORIGIN_TRY(answers, ask(writes));
    for (const SftpAnswer& answer : answers) {
        if (!answer.ok()) {
            return std::unexpected(refusal(answer, "write", path));
        }
    }
    return {};
}

Status SftpClient::rename(std::string_view from, std::string_view to) {
    ORIGIN_TRY(answer, ask(sftp_extended(kPosixRename, from, to)));
    return answer.ok() ? Status() : Status(std::unexpected(refusal(answer, "rename to", to)));
}

/// SFTP version 3 has one word, "Failure", for a full disk and all else.
bool SftpClient::is_disk_full(std::string_view path) {
    if (asking_for_room_ || !has(kStatVfs)) {
        return false;
    }
    asking_for_room_ = true;
    const std::string folder(path.substr(0, path.rfind('/')));
    const auto answer = ask({SftpType::Extended, sftp_string(kStatVfs) + sftp_string(folder)});
    asking_for_room_ = false;
    if (!answer || answer->type != SftpType::ExtendedReply) {
        return false;
    }
    Reader reader(answer->body);
    reader.number(8);                                  // Block size.
    const std::uint64_t unit = reader.number(8);       // Fragment size.
    reader.number(8);                                  // Blocks.
    reader.number(8);                                  // Free ones.
    const std::uint64_t available = reader.number(8);  // For others than root.
    reader.number(8);                                  // Files.
    const std::uint64_t files_free = reader.number(8);
    return reader.ok() && (available * unit < kWriteBytes || files_free == 0);
}

Error SftpClient::refusal(const SftpAnswer& answer,
                          const std::string& doing,
                          std::string_view path) {
    const std::string what = "the server could not " + doing + " '" + printable(path) + "'";
    if (answer.type != SftpType::Status) {
        return Error(Code::Unavailable, what + ": its answer makes no sense")
            .because("broken_answer");
    }
    const std::string said = printable(answer.body.substr(0, kMessageBytesMax));
    switch (answer.status) {
        case SftpStatus::NoSuchFile:
            return Error(Code::NotFound, what + ": " + said).because("remote_not_found");
        case SftpStatus::PermissionDenied:
            return Error(Code::Forbidden, what + ": " + said).because("remote_permission");
        case SftpStatus::Failure:
            if (is_disk_full(path)) {
                return Error(Code::LimitExceeded, what + ": its disk is full")
                    .because("remote_disk_full");
            }
            return Error(Code::InvalidInput,
                         what + ": " + said + " (a quota, perhaps: SFTP tells no more)")
                .because("remote_refused");
        default:
            return Error(Code::InvalidInput,
                         what + ": " + said + " (SFTP status " +
                             std::to_string(static_cast<std::uint32_t>(answer.status)) + ")")
                .because("remote_refused");
    }
}

}  // namespace origin::deploy
