// SPDX-License-Identifier: Apache-2.0
#include "git/serve/untar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "git/odb/tree_edit.h"
#include "git/serve/tar.h"

namespace origin::git {
namespace {

constexpr std::uint64_t kHeaderTextMax = 256ULL * 1024;  // Of a pax header.

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::unexpected<Error> bad_archive() {
    return refuse("bad_archive", "the files that came out cannot be read");
}

struct Header {
    std::string path;
    std::string link;
    std::uint64_t size = 0;
    std::uint32_t mode = 0;
    char type = '0';
};

/// What a pax header says of the entry after it.
struct Extra {
    std::optional<std::string> path;
    std::optional<std::string> link;
    std::optional<std::uint64_t> size;
};

std::string_view field(std::string_view block, std::size_t at, std::size_t size) {
    const std::string_view whole = block.substr(at, size);
    return whole.substr(0, whole.find('\0'));
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

bool sum_is_right(std::string_view block) {
    constexpr std::size_t kSumAt = 148;
    constexpr std::size_t kSumBytes = 8;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool in_sum = i >= kSumAt && i < kSumAt + kSumBytes;
        sum += in_sum ? std::uint64_t{' '} : static_cast<unsigned char>(block[i]);
    }
    return number(field(block, kSumAt, kSumBytes), 8) == sum;
}

Result<Header> read_header(std::string_view block, const Extra& extra) {
    constexpr int kOctal = 8;
    if (!sum_is_right(block)) {
        return bad_archive();
    }
    const auto mode = number(field(block, 100, 8), kOctal);
    const auto size = extra.size ? extra.size : number(field(block, 124, 12), kOctal);
    if (!mode || !size) {
        return bad_archive();
    }
    Header header{.path = std::string(field(block, 0, 100)),
                  .link = std::string(field(block, 157, 100)),
                  .size = *size,
                  .mode = static_cast<std::uint32_t>(*mode),
                  .type = block[156]};
    if (const std::string_view prefix = field(block, 345, 155); !prefix.empty()) {
        header.path = std::string(prefix) + "/" + header.path;
    }
    header.path = extra.path.value_or(header.path);
    header.link = extra.link.value_or(header.link);
    return header;
}

/// "LENGTH KEY=VALUE\n", again and again.
Result<Extra> read_extra(std::string_view text) {
    Extra extra;
    while (!text.empty()) {
        const std::size_t space = text.find(' ');
        const auto length = number(text.substr(0, std::min(space, text.size())), 10);
        if (space == std::string_view::npos || !length || *length <= space + 1 ||
            *length > text.size() || text[*length - 1] != '\n') {
            return bad_archive();
        }
        const std::string_view record = text.substr(space + 1, *length - space - 2);
        const std::size_t equals = record.find('=');
        if (equals == std::string_view::npos) {
            return bad_archive();
        }
        const std::string_view key = record.substr(0, equals);
        const std::string_view value = record.substr(equals + 1);
        if (key == "path") {
            extra.path = value;
        } else if (key == "linkpath") {
            extra.link = value;
        } else if (key == "size") {
            extra.size = number(value, 10);
            if (!extra.size) {
                return bad_archive();
            }
        }
        text.remove_prefix(*length);
    }
    return extra;
}

std::string_view kind_of(char type) {
    switch (type) {
        case '1':
            return "a hard link";
        case '3':
        case '4':
            return "a device";
        case '6':
            return "a FIFO";
        default:
            return "neither a file nor a folder";
    }
}

/// From the archive's folder: no "./" before it, no slash after it.
std::string clean(std::string path) {
    while (path.starts_with("./")) {
        path.erase(0, 2);
    }
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return path == "." ? std::string() : path;
}

class Untar {
public:
    Untar(const ReadMore& more, PackBuilder& builder, const UntarLimits& limits)
        : more_(more), builder_(builder), limits_(limits) {}

    Result<std::optional<Oid>> run() {
        Extra extra;
        while (true) {
            ORIGIN_TRY(block, read(kTarBlockBytes));
            if (block.find_first_not_of('\0') == std::string::npos) {
                break;
            }
            ORIGIN_TRY(header, read_header(block, extra));
            if (header.type == 'x' || header.type == 'g') {
                ORIGIN_TRY(text, read_content(header.size, kHeaderTextMax));
                if (header.type == 'x') {
                    ORIGIN_TRY(read, read_extra(text));
                    extra = read;
                }
                continue;
            }
            extra = {};
            ORIGIN_CHECK(take(header));
        }
        if (edits_.empty()) {
            return std::nullopt;
        }
        return edit_tree(builder_, std::nullopt, edits_);
    }

private:
    Result<std::string> read(std::size_t size) {
        std::string bytes(size, '\0');
        ORIGIN_TRY(got, more_(bytes.data(), size));
        return got == size ? Result<std::string>(std::move(bytes)) : bad_archive();
    }

    Result<std::string> read_content(std::uint64_t size, std::uint64_t most) {
        if (size > most) {
            return std::unexpected(Error(Code::LimitExceeded,
                                         "the files that came out are more than " +
                                             std::to_string(limits_.bytes_max >> 20U) + " MiB")
                                       .because("too_many_bytes"));
        }
        ORIGIN_TRY(content, read(static_cast<std::size_t>(size)));
        const std::uint64_t over = size % kTarBlockBytes;
        ORIGIN_CHECK(read(over == 0 ? 0 : static_cast<std::size_t>(kTarBlockBytes - over)));
        return content;
    }

    Status take(const Header& header) {
        constexpr std::uint32_t kAnyExecute = 0111;
        const std::string path = clean(header.path);
        const bool is_file = header.type == '0' || header.type == '\0' || header.type == '7';
        if (header.type == '5') {
            return {};
        }
        if (!is_file && header.type != '2') {
            return refuse("not_a_file",
                          "'" + printable(path) + "' is " + std::string(kind_of(header.type)));
        }
        if (!is_utf8(path)) {
            return refuse("bad_file_name", "'" + printable(path) + "' is not UTF-8");
        }
        if (edits_.size() >= limits_.files_max) {
            return std::unexpected(
                Error(Code::LimitExceeded,
                      "more than " + std::to_string(limits_.files_max) + " files came out")
                    .because("too_many_files"));
        }
        std::string content = header.link;
        if (is_file) {
            ORIGIN_TRY(bytes, read_content(header.size, limits_.bytes_max - bytes_));
            bytes_ += bytes.size();
            content = std::move(bytes);
        }
        const bool runs = (header.mode & kAnyExecute) != 0;
        const std::uint32_t mode = !is_file ? kModeSymlink : runs ? kModeExecutable : kModeFile;
        ORIGIN_TRY(blob, builder_.add(ObjectType::Blob, std::move(content)));
        edits_[path] = FileEdit{mode, blob};
        return {};
    }

    const ReadMore& more_;
    PackBuilder& builder_;
    const UntarLimits limits_;
    TreeEdits edits_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

Result<std::optional<Oid>> untar(const ReadMore& more,
                                 PackBuilder& builder,
                                 const UntarLimits& limits) {
    return Untar(more, builder, limits).run();
}

}  // namespace origin::git
