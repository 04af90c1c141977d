// SPDX-License-Identifier: Apache-2.0
#include "git/serve/tar.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "git/odb/objects.h"

namespace origin::git {
namespace {

constexpr std::size_t kRecordBytes = 20 * kTarBlockBytes;  // A tar file is a whole number of them.
constexpr std::uint32_t kUmask = 0002;

/// Where each field of a header is, and how long. POSIX.1-1988, 10.1.1.
struct Field {
    std::size_t at;
    std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kSum{148, 8};
constexpr Field kType{156, 1};
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kUserName{265, 32};
constexpr Field kGroupName{297, 32};
constexpr Field kMajor{329, 8};
constexpr Field kMinor{337, 8};
constexpr Field kPrefix{345, 155};

class Header {
public:
    explicit Header(char type) {
        block_[kType.at] = type;
        put(kMagic, std::string_view("ustar\00000", 8));
        put(kUserName, "root");
        put(kGroupName, "root");
        for (const Field& field : {kUid, kGid, kMajor, kMinor}) {
            put_octal(field, 0);
        }
    }

    void put(const Field& field, std::string_view text) {
        std::ranges::copy(text.substr(0, field.size), block_.data() + field.at);
    }
    /// Zeros in front, NUL behind.
    void put_octal(const Field& field, std::uint64_t number) {
        for (std::size_t i = field.size - 1; i-- > 0; number >>= 3) {
            block_[field.at + i] = static_cast<char>('0' + (number & 7));
        }
    }
    std::string_view bytes() {
        std::memset(block_.data() + kSum.at, ' ', kSum.size);
        std::uint64_t sum = 0;
        for (const char byte : block_) {
            sum += static_cast<unsigned char>(byte);
        }
        put_octal(kSum, sum);
        block_[kSum.at + kSum.size - 1] = '\0';
        return {block_.data(), block_.size()};
    }

private:
    std::array<char, kTarBlockBytes> block_{};
};

/// "27 path=...\n": its own length comes first. POSIX.1-2001, pax extended header.
std::string pax_line(std::string_view name, std::string_view value) {
    const std::size_t rest = name.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) {
        length = std::to_string(length).size() + rest;
    }
    return std::to_string(length) + " " + std::string(name) + "=" + std::string(value) + "\n";
}

struct Pax {
    char type;  // 'g': of the whole file; 'x': of the next entry.
    std::string name;
    std::string lines;
};

void append_pax(std::string& out, const Pax& pax, std::int64_t seconds) {
    Header header(pax.type);
    header.put(kName, pax.name);
    header.put_octal(kMode, 0666);
    header.put_octal(kSize, pax.lines.size());
    header.put_octal(kTime, static_cast<std::uint64_t>(seconds));
    out += header.bytes();
    out += pax.lines;
    append_tar_padding(out, pax.lines.size());
}

/// How much of a long path goes to the prefix field: up to a slash, so that the rest fits.
std::size_t prefix_of(std::string_view path) {
    std::size_t at = path.size() > 1 && path.back() == '/' ? path.size() - 1 : path.size();
    at = std::min(at, kPrefix.size);
    while (at > 0 && path[--at] != '/') {
    }
    return at;
}

bool is_folder(std::uint32_t mode) {
    const TreeEntry entry{.mode = mode, .name = {}, .oid = {}};
    return entry.is_tree() || entry.is_gitlink();
}

bool is_link(std::uint32_t mode) {
    return TreeEntry{.mode = mode, .name = {}, .oid = {}}.is_symlink();
}

std::uint32_t tar_mode(std::uint32_t mode) {
    if (is_link(mode)) {
        return 0777;
    }
    const bool runs = is_folder(mode) || (mode & 0100) != 0;
    return (runs ? 0777U : 0666U) & ~kUmask;
}

}  // namespace

void append_tar_header(std::string& out, const TarEntry& entry) {
    Header header(is_folder(entry.mode) ? '5' : is_link(entry.mode) ? '2' : '0');
    Pax pax{.type = 'x', .name = entry.oid.hex() + ".paxheader", .lines = {}};
    const std::size_t split = entry.path.size() > kName.size ? prefix_of(entry.path) : 0;
    if (entry.path.size() <= kName.size) {
        header.put(kName, entry.path);
    } else if (split > 0 && entry.path.size() - split - 1 <= kName.size) {
        header.put(kPrefix, entry.path.substr(0, split));
        header.put(kName, entry.path.substr(split + 1));
    } else {
        header.put(kName, entry.oid.hex() + ".data");
        pax.lines += pax_line("path", entry.path);
    }
    if (entry.link.size() <= kLink.size) {
        header.put(kLink, entry.link);
    } else {
        header.put(kLink, "see " + pax.name);
        pax.lines += pax_line("linkpath", entry.link);
    }
    header.put_octal(kMode, tar_mode(entry.mode));
    header.put_octal(kSize, entry.size);
    header.put_octal(kTime, static_cast<std::uint64_t>(entry.seconds));
    if (!pax.lines.empty()) {
        append_pax(out, pax, entry.seconds);
    }
    out += header.bytes();
}

void append_tar_global(std::string& out, const std::optional<Oid>& commit, std::int64_t seconds) {
    Pax pax{.type = 'g', .name = "pax_global_header", .lines = {}};
    if (commit) {
        pax.lines += pax_line("comment", commit->hex());
    }
    if (seconds > kTarSecondsMax) {
        pax.lines += pax_line("mtime", std::to_string(seconds));
    }
    if (!pax.lines.empty()) {
        append_pax(out, pax, std::min(seconds, kTarSecondsMax));
    }
}

void append_tar_padding(std::string& out, std::uint64_t size) {
    out.append((kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes, '\0');
}

void append_tar_file(std::string& out,
                     std::string_view path,
                     const Oid& oid,
                     std::string_view content) {
    append_tar_header(
        out, {.path = path, .mode = kModeFile, .oid = oid, .link = {}, .size = content.size()});
    out += content;
    append_tar_padding(out, content.size());
}

void append_tar_end(std::string& out, std::uint64_t size) {
    const std::uint64_t room = kRecordBytes - size % kRecordBytes;
    out.append(room < 2 * kTarBlockBytes ? room + kRecordBytes : room, '\0');
}

}  // namespace origin::git
