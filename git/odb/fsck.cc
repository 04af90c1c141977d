// SPDX-License-Identifier: Apache-2.0
#include "git/odb/fsck.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "git/odb/dot_names.h"

namespace origin::git {
namespace {

constexpr std::size_t kTreeNameBytesMax = 4096;  // git's fsck.largePathname.

// What Import forgives: these hurt nobody who checks the history out.
constexpr std::array<std::string_view, 12> kForgivenAtImport{"zero_padded_filemode",
                                                             "zero_padded_date",
                                                             "bad_date",
                                                             "bad_date_overflow",
                                                             "bad_timezone",
                                                             "bad_name",
                                                             "bad_email",
                                                             "missing_email",
                                                             "missing_name_before_email",
                                                             "missing_space_before_email",
                                                             "missing_space_before_date",
                                                             "nul_in_commit"};

/// git writes its message ids in camelCase.
std::string camel_case(std::string_view snake) {
    std::string camel;
    bool is_upper = false;
    for (const char c : snake) {
        if (c == '_') {
            is_upper = true;
            continue;
        }
        camel += is_upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        is_upper = false;
    }
    return camel;
}

/// One check of one object: knows which rules count.
struct Judge {
    FsckLevel level;

    Status refuse(std::string_view id, std::string_view what) const {
        if (level == FsckLevel::Import &&
            std::ranges::find(kForgivenAtImport, id) != kForgivenAtImport.end()) {
            return {};
        }
        return std::unexpected(Error(Code::InvalidInput, camel_case(id) + ": " + std::string(what))
                                   .because(std::string(id)));
    }

    Status check(bool is_good, std::string_view id, std::string_view what) const {
        return is_good ? Status{} : refuse(id, what);
    }
};

/// The header ends at the first empty line or, without one, with the object, which then must end
/// in a newline; no NUL before that.
Status check_header_shape(const Judge& judge, std::string_view data) {
    const std::size_t blank = data.find("\n\n");
    const std::string_view header = data.substr(0, blank);
    ORIGIN_CHECK(judge.check(
        header.find('\0') == std::string_view::npos, "nul_in_header", "NUL byte in the header"));
    return judge.check(blank != std::string_view::npos || data.ends_with('\n'),
                       "unterminated_header",
                       "the header has no end");
}

/// Takes `keyword SP 40 hex digits LF`. nullopt: another keyword is there.
std::optional<Status> take_oid_line(const Judge& judge,
                                    std::string_view& rest,
                                    std::string_view keyword,
                                    std::string_view bad_id) {
    if (!rest.starts_with(keyword) || !rest.substr(keyword.size()).starts_with(' ')) {
        return std::nullopt;
    }
    const std::string_view value = rest.substr(keyword.size() + 1);
    const bool is_good = value.size() > kOidHexDigits && value[kOidHexDigits] == '\n' &&
                         Oid::from_hex(value.substr(0, kOidHexDigits)).has_value();
    if (!is_good) {
        return judge.refuse(bad_id, "the line of an object id is malformed");
    }
    rest = value.substr(kOidHexDigits + 1);
    return Status{};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// `SECONDS SP ZONE` after a person, the space before it already taken.
Status check_date(const Judge& judge, std::string_view when) {
    when.remove_prefix(std::min(when.find_first_not_of(" \t"), when.size()));
    const bool has_digit = !when.empty() && is_digit(when.front());
    ORIGIN_CHECK(judge.check(has_digit, "bad_date", "the date is not a number"));
    ORIGIN_CHECK(judge.check(!when.starts_with('0') || when.substr(1).starts_with(' '),
                             "zero_padded_date",
                             "the date begins with a zero"));
    std::int64_t seconds = 0;
    const char* const end = when.data() + when.size();
    const auto [after, error] = std::from_chars(when.data(), when.data() + when.size(), seconds);
    ORIGIN_CHECK(
        judge.check(error == std::errc{}, "bad_date_overflow", "the date is out of range"));
    const std::string_view zone(after, end);
    ORIGIN_CHECK(judge.check(zone.starts_with(' '), "bad_date", "the date is not a number"));
    const bool is_zone = zone.size() == 6 && (zone[1] == '+' || zone[1] == '-') &&
                         std::all_of(zone.begin() + 2, zone.end(), is_digit);
    return judge.check(is_zone, "bad_timezone", "the time zone is malformed");
}

/// `NAME SP <EMAIL> SP DATE`, without its keyword and newline.
Status check_ident(const Judge& judge, std::string_view line) {
    ORIGIN_CHECK(judge.check(
        !line.starts_with('<'), "missing_name_before_email", "no space before the email"));
    const std::size_t open = line.find_first_of("<>");
    ORIGIN_CHECK(judge.check(open != std::string_view::npos, "missing_email", "no email"));
    if (open == std::string_view::npos) {
        return {};  // Forgiven: there is nothing more to look at.
    }
    ORIGIN_CHECK(judge.check(line[open] == '<', "bad_name", "'>' in a name"));
    ORIGIN_CHECK(judge.check(open > 0 && line[open - 1] == ' ',
                             "missing_space_before_email",
                             "no space before the email"));
    const std::size_t close = line.find_first_of("<>", open + 1);
    const bool has_email = close != std::string_view::npos && line[close] == '>';
    ORIGIN_CHECK(judge.check(has_email, "bad_email", "the email has no end"));
    if (!has_email) {
        return {};
    }
    const std::string_view when = line.substr(close + 1);
    ORIGIN_CHECK(judge.check(
        when.starts_with(' '), "missing_space_before_date", "no space before the date"));
    return check_date(judge, when.substr(std::min<std::size_t>(when.size(), 1)));
}

/// Takes `keyword SP person LF`. nullopt: another keyword is there.
std::optional<Status> take_ident_line(const Judge& judge,
                                      std::string_view& rest,
                                      std::string_view keyword) {
    if (!rest.starts_with(keyword) || !rest.substr(keyword.size()).starts_with(' ')) {
        return std::nullopt;
    }
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return judge.refuse("unterminated_header", "the header has no end");
    }
    const std::string_view line = rest.substr(keyword.size() + 1, end - keyword.size() - 1);
    rest.remove_prefix(end + 1);
    return check_ident(judge, line);
}

Status check_commit(const Judge& judge, std::string_view data) {
    ORIGIN_CHECK(check_header_shape(judge, data));
    std::string_view rest = data;
    const auto tree = take_oid_line(judge, rest, "tree", "bad_tree_sha1");
    ORIGIN_CHECK(judge.check(tree.has_value(), "missing_tree", "no 'tree' line"));
    ORIGIN_CHECK(*tree);
    while (auto parent = take_oid_line(judge, rest, "parent", "bad_parent_sha1")) {
        ORIGIN_CHECK(*parent);
    }
    const auto author = take_ident_line(judge, rest, "author");
    ORIGIN_CHECK(judge.check(author.has_value(), "missing_author", "no 'author' line"));
    ORIGIN_CHECK(*author);
    ORIGIN_CHECK(judge.check(
        !rest.starts_with("author "), "multiple_authors", "more than one 'author' line"));
    const auto committer = take_ident_line(judge, rest, "committer");
    ORIGIN_CHECK(judge.check(committer.has_value(), "missing_committer", "no 'committer' line"));
    ORIGIN_CHECK(*committer);
    return judge.check(
        data.find('\0') == std::string_view::npos, "nul_in_commit", "NUL byte in the message");
}

/// A signature kept in a header of its own: its continuation lines begin with a space.
Status skip_tag_signature(const Judge& judge, std::string_view& rest) {
    if (!rest.starts_with("gpgsig ") && !rest.starts_with("gpgsig-sha256 ")) {
        return {};
    }
    std::string_view id = "bad_gpgsig";
    do {
        const std::size_t end = rest.find('\n');
        ORIGIN_CHECK(judge.check(end != std::string_view::npos, id, "a signature without end"));
        rest.remove_prefix(end + 1);
        id = "bad_header_continuation";
    } while (rest.starts_with(' '));
    return {};
}

Status check_tag(const Judge& judge, std::string_view data) {
    ORIGIN_CHECK(check_header_shape(judge, data));
    std::string_view rest = data;
    const auto object = take_oid_line(judge, rest, "object", "bad_object_sha1");
    ORIGIN_CHECK(judge.check(object.has_value(), "missing_object", "no 'object' line"));
    ORIGIN_CHECK(*object);
    ORIGIN_CHECK(judge.check(rest.starts_with("type "), "missing_type_entry", "no 'type' line"));
    std::size_t end = rest.find('\n');
    ORIGIN_CHECK(judge.check(end != std::string_view::npos, "missing_type", "no type"));
    ORIGIN_CHECK(judge.check(
        object_type_of(rest.substr(5, end - 5)).has_value(), "bad_type", "no such type"));
    rest.remove_prefix(end + 1);
    ORIGIN_CHECK(judge.check(rest.starts_with("tag "), "missing_tag_entry", "no 'tag' line"));
    end = rest.find('\n');
    ORIGIN_CHECK(judge.check(end != std::string_view::npos, "missing_tag", "no tag name"));
    rest.remove_prefix(end + 1);
    // Tags of git's first year have no tagger, and git accepts any name here.
    if (auto tagger = take_ident_line(judge, rest, "tagger")) {
        ORIGIN_CHECK(*tagger);
    }
    return skip_tag_signature(judge, rest);
}

Status check_mode(const Judge& judge, const TreeEntry& entry) {
    constexpr std::uint32_t kModeMax = 0177777;
    constexpr std::uint32_t kTypeBits = 0170000;
    constexpr std::uint32_t kRegular = 0100000;
    const bool is_known = entry.is_tree() || entry.is_symlink() || entry.is_gitlink() ||
                          (entry.mode & kTypeBits) == kRegular;
    return judge.check(
        is_known && entry.mode <= kModeMax, "bad_filemode", "an entry with a mode git has not");
}

Status check_name(const Judge& judge, const TreeEntry& entry, SpecialBlobs* special) {
    const std::string_view name = entry.name;
    ORIGIN_CHECK(judge.check(!name.empty(), "empty_name", "an entry without a name"));
    ORIGIN_CHECK(judge.check(
        name.find('/') == std::string_view::npos, "full_pathname", "a slash in a name"));
    ORIGIN_CHECK(judge.check(name != ".", "has_dot", "an entry named '.'"));
    ORIGIN_CHECK(judge.check(name != "..", "has_dotdot", "an entry named '..'"));
    ORIGIN_CHECK(judge.check(!is_dotgit(name), "has_dotgit", "an entry like '.git'"));
    ORIGIN_CHECK(
        judge.check(name.size() <= kTreeNameBytesMax, "large_pathname", "a very long name"));
    if (is_dot_name(name, DotName::Gitmodules)) {
        ORIGIN_CHECK(judge.check(
            !entry.is_symlink(), "gitmodules_symlink", ".gitmodules is a symbolic link"));
        if (special != nullptr) {
            special->gitmodules.push_back(entry.oid);
        }
    }
    if (special != nullptr && !entry.is_symlink() && is_dot_name(name, DotName::Gitattributes)) {
        special->gitattributes.push_back(entry.oid);
    }
    return {};
}

/// Sees entries in order. Remembers files that a folder of the same name may still follow, which
/// need not be their neighbour: "foo", "foo.c", "foo/".
class OrderCheck {
public:
    Status add(const Judge& judge, const TreeEntry& entry) {
        if (has_last_) {
            const int order =
                compare_tree_names(last_.name, last_.is_tree(), entry.name, entry.is_tree());
            ORIGIN_CHECK(judge.check(order != 0, "duplicate_entries", "a name twice"));
            ORIGIN_CHECK(judge.check(order < 0, "tree_not_sorted", "entries are not sorted"));
        }
        while (!files_.empty() && !entry.name.starts_with(files_.back())) {
            files_.pop_back();
        }
        ORIGIN_CHECK(judge.check(files_.empty() || files_.back() != entry.name,
                                 "duplicate_entries",
                                 "a file and a folder of one name"));
        if (!entry.is_tree()) {
            files_.push_back(entry.name);
        }
        last_ = entry;
        has_last_ = true;
        return {};
    }

private:
    TreeEntry last_;
    bool has_last_ = false;
    std::vector<std::string_view> files_;  // Each a prefix of the next.
};

Status check_tree(const Judge& judge, std::string_view data, SpecialBlobs* special) {
    TreeReader reader(data);
    OrderCheck order;
    std::size_t at = 0;
    while (true) {
        const auto entry = reader.next();
        if (!entry || !*entry) {
            return entry ? Status{} : judge.refuse("bad_tree", "cannot be parsed as a tree");
        }
        ORIGIN_CHECK(
            judge.check(data[at] != '0', "zero_padded_filemode", "a mode begins with a zero"));
        at = static_cast<std::size_t>((*entry)->name.end() - data.begin()) + 1 + kOidBytes;
        ORIGIN_CHECK(judge.check(!(*entry)->oid.is_zero(), "null_sha1", "an entry without an id"));
        ORIGIN_CHECK(check_mode(judge, **entry));
        ORIGIN_CHECK(check_name(judge, **entry, special));
        ORIGIN_CHECK(order.add(judge, **entry));
    }
}

}  // namespace

Status check_object(ObjectType type,
                    std::string_view data,
                    FsckLevel level,
                    SpecialBlobs* special) {
    const Judge judge{level};
    switch (type) {
        case ObjectType::Commit:
            return check_commit(judge, data);
        case ObjectType::Tree:
            return check_tree(judge, data, special);
        case ObjectType::Tag:
            return check_tag(judge, data);
        case ObjectType::Blob:
            return {};
    }
    return judge.refuse("unknown_type", "no such type");
}

}  // namespace origin::git
