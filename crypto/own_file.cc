// SPDX-License-Identifier: Apache-2.0
#include "crypto/own_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace origin::crypto {
namespace {

namespace fs = std::filesystem;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }

private:
    int fd_;
};

std::unexpected<Error> wrong(const fs::path& file,
                             const std::string& why,
                             Code code = Code::Corrupt) {
    return std::unexpected(
        Error(code, "The file " + file.filename().string() + " " + why + ".", file));
}

std::unexpected<Error> not_written(const fs::path& file) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT;
    return std::unexpected(Error(full ? Code::StorageFull : Code::Internal,
                                 "The file " + file.filename().string() + " could not be written.",
                                 std::strerror(error)));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n <= 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return true;
}

Result<std::string> read_file(const fs::path& file, std::size_t bytes_max, bool must_be_ours) {
    // O_NONBLOCK: to open a pipe would wait for a writer.
    const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!in.ok() && errno == ENOENT) {
        return std::unexpected(Error(Code::NotFound, "no such file", file));
    }
    if (!in.ok()) {
        return wrong(file,
                     errno == ELOOP ? "is a link; put the file itself there" : "cannot be opened");
    }
    struct stat about{};
    if (::fstat(in.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
        return wrong(file, "is no plain file");
    }
    if (must_be_ours && ((about.st_mode & 077U) != 0 || about.st_uid != ::geteuid())) {
        return wrong(file,
                     "must belong to the server's user and be readable by nobody else (chown, "
                     "chmod 600)",
                     Code::Forbidden);
    }
    std::string text(bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t n = ::read(in.get(), text.data() + size, text.size() - size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return wrong(file, "cannot be read");
        }
        if (n == 0) {
            break;
        }
        size += static_cast<std::size_t>(n);
    }
    if (size > bytes_max) {
        return wrong(file, "is above " + std::to_string(bytes_max) + " bytes");
    }
    text.resize(size);
    return text;
}

enum class Sync : std::uint8_t { Yes, No };

Status write_file(const fs::path& file, std::string_view text, Sync sync) {
    const fs::path beside = file.string() + ".new";
    ::unlink(beside.c_str());  // Left by a kill.
    const Descriptor out(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out.ok()) {
        return not_written(file);
    }
    if (!write_all(out.get(), text) || (sync == Sync::Yes && ::fsync(out.get()) != 0) ||
        ::rename(beside.c_str(), file.c_str()) != 0) {
        const auto error = not_written(file);
        ::unlink(beside.c_str());
        return error;
    }
    return sync == Sync::Yes ? sync_folder(file.parent_path()) : Status();
}

}  // namespace

Result<std::string> read_plain_file(const fs::path& file, std::size_t bytes_max) {
    return read_file(file, bytes_max, false);
}

Result<std::string> read_own_file(const fs::path& file, std::size_t bytes_max) {
    return read_file(file, bytes_max, true);
}

Status write_own_file(const fs::path& file, std::string_view text) {
    return write_file(file, text, Sync::Yes);
}

Status write_own_file_unsynced(const fs::path& file, std::string_view text) {
    return write_file(file, text, Sync::No);
}

Status sync_folder(const fs::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.ok() && ::fsync(opened.get()) == 0 ? Status() : Status(not_written(folder));
}

}  // namespace origin::crypto
