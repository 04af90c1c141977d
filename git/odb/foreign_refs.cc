// SPDX-License-Identifier: Apache-2.0
#include "git/odb/foreign_refs.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kTaken = {"refs/heads/", "refs/notes/", "refs/tags/"};
constexpr std::size_t kSha256HexDigits = 64;
constexpr int kSymbolicHopsMax = 5;  // As git.

std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

std::unexpected<Error> not_sha1() {
    return refuse("unsupported_repository", "its object ids are not SHA-1");
}

/// A plain file's bytes; nullopt if it is missing, a link, no file, or longer than `bytes_max`.
std::optional<std::string> read_plain_file(const fs::path& path, std::size_t bytes_max) {
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        return std::nullopt;
    }
    struct stat status{};
    std::optional<std::string> bytes;
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        static_cast<std::uint64_t>(status.st_size) <= bytes_max) {
        bytes.emplace(static_cast<std::size_t>(status.st_size), '\0');
        std::size_t at = 0;
        for (ssize_t got = 1; got > 0 && at < bytes->size();) {
            got = ::read(file, bytes->data() + at, bytes->size() - at);
            at += got > 0 ? static_cast<std::size_t>(got) : 0;
        }
        bytes->resize(at);
    }
    ::close(file);
    return bytes;
}

bool is_link(const fs::path& path) {
    std::error_code error;
    return fs::is_symlink(fs::symlink_status(path, error));
}

bool is_folder(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(fs::symlink_status(path, error));
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

bool has_link_inside(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (is_link(entry.path())) {
            return true;
        }
    }
    return is_link(folder);
}

Status check_shape(const fs::path& repository) {
    for (const char* part : {"HEAD", "refs", "packed-refs"}) {
        if (is_link(repository / part)) {
            return refuse("has_links", std::string("its ") + part + " is a symbolic link");
        }
    }
    const fs::path objects = repository / "objects";
    if (has_link_inside(objects) || has_link_inside(objects / "pack") ||
        has_link_inside(objects / "info")) {
        return refuse("has_links", "its objects are symbolic links");
    }
    if (is_there(objects / "info/alternates") || is_there(objects / "info/http-alternates")) {
        return refuse("has_alternates",
                      "it borrows objects from another repository (objects/info/alternates); run "
                      "'git repack -a -d' in it and remove that file first");
    }
    if (is_there(repository / "shallow")) {
        return refuse("shallow_repository",
                      "it is a shallow clone; run 'git fetch --unshallow' in it first");
    }
    if (is_there(repository / "reftable")) {
        return refuse("unsupported_repository", "it keeps its refs as a reftable");
    }
    return {};
}

/// A ref's value as its file or a line of packed-refs gives it.
struct Value {
    std::optional<Oid> oid;
    std::string symbolic;  // The ref it names instead.
};

class RefsReader {
public:
    explicit RefsReader(fs::path repository) : repository_(std::move(repository)) {}

    Result<ForeignRefs> read() {
        ORIGIN_CHECK(read_packed());
        ORIGIN_CHECK(read_loose());
        for (const auto& [name, value] : values_) {
            take(name);
        }
        for (const auto& [prefix, count] : others_) {
            leave(prefix, std::to_string(count) + " refs; only heads, tags and notes are taken");
        }
        const auto head = read_plain_file(repository_ / "HEAD", kForeignRefFileBytesMax);
        const auto value = head ? parse_value(*head) : Value{};
        if (value.symbolic.starts_with("refs/heads/") && RefName::parse(value.symbolic)) {
            found_.head = value.symbolic;
        }
        return std::move(found_);
    }

private:
    static Value parse_value(std::string_view text) {
        while (!text.empty() &&
               (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
            text.remove_suffix(1);
        }
        constexpr std::string_view kSymbolic = "ref:";
        if (!text.starts_with(kSymbolic)) {
            return {Oid::from_hex(text), {}};
        }
        text.remove_prefix(kSymbolic.size());
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        return {std::nullopt, std::string(text)};
    }

    void leave(std::string_view name, std::string reason) {
        if (found_.left_out.size() < kForeignLeftOutMax) {
            found_.left_out.push_back(
                {printable(name.substr(0, kRefNameBytesMax)), std::move(reason)});
        }
    }

    Status put(std::string name, Value value) {
        const bool is_taken = std::ranges::any_of(
            kTaken, [&](std::string_view prefix) { return name.starts_with(prefix); });
        if (!is_taken) {
            const std::size_t slash = name.find('/', std::string_view("refs/").size());
            others_[name.substr(0, slash == std::string::npos ? slash : slash + 1)] += 1;
            return {};
        }
        values_.insert_or_assign(std::move(name), std::move(value));
        if (values_.size() > kForeignRefsMax) {
            return std::unexpected(
                Error(Code::LimitExceeded, "it has too many refs").because("too_many_refs"));
        }
        return {};
    }

    Status read_packed() {
        const fs::path path = repository_ / "packed-refs";
        if (!is_there(path)) {
            return {};
        }
        const auto bytes = read_plain_file(path, kForeignPackedRefsBytesMax);
        if (!bytes) {
            return refuse("bad_packed_refs", "its packed-refs cannot be read, or is too large");
        }
        for (std::string_view rest = *bytes; !rest.empty();) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (line.empty() || line.front() == '#' || line.front() == '^') {
                continue;
            }
            const std::size_t space = line.find(' ');
            const auto oid = Oid::from_hex(line.substr(0, space));
            if (space == kSha256HexDigits) {
                return not_sha1();
            }
            if (!oid || space == std::string_view::npos || space + 1 == line.size()) {
                return refuse("bad_packed_refs", "its packed-refs has a line that is no ref");
            }
            ORIGIN_CHECK(put(std::string(line.substr(space + 1)), {oid, {}}));
        }
        return {};
    }

    Status read_loose() {
        std::vector<fs::path> folders = {"refs"};
        while (!folders.empty()) {
            const fs::path folder = folders.back();
            folders.pop_back();
            std::error_code error;
            for (const auto& entry : fs::directory_iterator(repository_ / folder, error)) {
                const fs::path name = folder / entry.path().filename();
                if (is_folder(entry.path()) && name.native().size() < kForeignRefPathBytesMax) {
                    folders.push_back(name);
                    continue;
                }
                ORIGIN_CHECK(read_loose_ref(name.native()));
            }
        }
        return {};
    }

    Status read_loose_ref(const std::string& name) {
        const auto bytes = read_plain_file(repository_ / name, kForeignRefFileBytesMax);
        if (!bytes) {
            leave(name, "it is a symbolic link, or no readable file");
            return {};
        }
        if (bytes->find_first_not_of("0123456789abcdef") == kSha256HexDigits) {
            return not_sha1();
        }
        Value value = parse_value(*bytes);
        if (!value.oid && value.symbolic.empty()) {
            leave(name, "its file holds no object id");
            return {};
        }
        return put(name, std::move(value));
    }

    void take(const std::string& name) {
        if (const auto checked = RefName::parse(name); !checked) {
            leave(name, checked.error().told_to_peer());
            return;
        }
        const Value* value = &values_.at(name);
        for (int hops = 0; value != nullptr && !value->oid && hops < kSymbolicHopsMax; ++hops) {
            const auto next = values_.find(value->symbolic);
            value = next == values_.end() ? nullptr : &next->second;
        }
        if (value == nullptr || !value->oid || value->oid->is_zero()) {
            leave(name, "it names a ref that leads nowhere");
            return;
        }
        found_.refs.push_back({name, *value->oid});
    }

    fs::path repository_;
    std::map<std::string, Value> values_;
    std::map<std::string, std::size_t> others_;  // "refs/pull/" -> how many.
    ForeignRefs found_;
};

std::string_view take_word(std::string_view& line, char end) {
    const std::size_t at = std::min(line.find(end), line.size());
    const std::string_view word = line.substr(0, at);
    line.remove_prefix(std::min(at + 1, line.size()));
    return word;
}

}  // namespace

Result<fs::path> find_repository(const fs::path& folder) {
    for (const fs::path& place : {folder, folder / ".git"}) {
        if (is_there(place / "HEAD") && is_folder(place / "objects") && is_folder(place / "refs") &&
            (place == folder || !is_link(place))) {
            ORIGIN_CHECK(check_shape(place));
            return place;
        }
    }
    std::error_code error;
    if (fs::is_regular_file(folder / ".git", error) || is_there(folder / "commondir")) {
        return refuse("unsupported_repository",
                      "it is a worktree or submodule of another repository; name that one");
    }
    if (is_there(folder / "HEAD") && is_link(folder / "objects")) {
        return refuse("has_links", "its objects are symbolic links");
    }
    return refuse("not_a_repository", "it is not a Git repository's folder");
}

Result<ForeignRefs> read_foreign_refs(const fs::path& repository) {
    return RefsReader(repository).read();
}

std::string serialize(const ForeignRefs& refs) {
    std::string text = refs.head.empty() ? std::string() : "head " + refs.head + "\n";
    for (const ForeignRef& ref : refs.refs) {
        text += "ref " + ref.oid.hex() + " " + ref.name + "\n";
    }
    for (const LeftOut& left : refs.left_out) {
        text += "left " + left.name + "\t" + left.reason + "\n";
    }
    return text + "end\n";
}

Result<ForeignRefs> parse_foreign_refs(std::string_view text) {
    ForeignRefs refs;
    while (!text.empty()) {
        std::string_view line = take_word(text, '\n');
        const std::string_view kind = take_word(line, ' ');
        if (kind == "end" && line.empty() && text.empty()) {
            return refs;
        }
        if (kind == "head" && RefName::parse(line)) {
            refs.head = line;
        } else if (kind == "left") {
            const std::string_view name = take_word(line, '\t');
            refs.left_out.push_back({printable(name), printable(line)});
        } else if (kind == "ref") {
            const auto oid = Oid::from_hex(take_word(line, ' '));
            if (!oid || oid->is_zero() || !RefName::parse(line) ||
                refs.refs.size() >= kForeignRefsMax) {
                return refuse("bad_refs_text", "a ref of the list is malformed");
            }
            refs.refs.push_back({std::string(line), *oid});
        } else {
            return refuse("bad_refs_text", "the list of refs is malformed");
        }
    }
    return refuse("bad_refs_text", "the list of refs has no end");
}

}  // namespace origin::git
