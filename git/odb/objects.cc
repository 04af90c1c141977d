// SPDX-License-Identifier: Apache-2.0
#include "git/odb/objects.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace origin::git {
namespace {

constexpr std::array<std::pair<ObjectType, std::string_view>, 4> kTypeNames{{
    {ObjectType::Commit, "commit"},
    {ObjectType::Tree, "tree"},
    {ObjectType::Blob, "blob"},
    {ObjectType::Tag, "tag"},
}};

std::unexpected<Error> broken(std::string_view what, std::string_view reason) {
    return std::unexpected(
        Error(Code::InvalidInput, std::string(what)).because(std::string(reason)));
}

/// Takes a line off `rest`, without its newline. nullopt at the blank line and at the end.
std::optional<std::string_view> take_header_line(std::string_view& rest) {
    if (rest.empty() || rest.front() == '\n') {
        return std::nullopt;
    }
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

/// `keyword` SP rest-of-line.
std::optional<std::string_view> value_of(std::string_view line, std::string_view keyword) {
    if (!line.starts_with(keyword) || line.size() <= keyword.size() ||
        line[keyword.size()] != ' ') {
        return std::nullopt;
    }
    return line.substr(keyword.size() + 1);
}

/// Takes `keyword SP 40-hex LF` off `rest`; nullopt, and `rest` untouched, if something else is
/// there.
std::optional<Oid> take_oid_line(std::string_view& rest, std::string_view keyword) {
    std::string_view after = rest;
    const auto line = take_header_line(after);
    const auto value = line ? value_of(*line, keyword) : std::nullopt;
    const auto oid = value ? Oid::from_hex(*value) : std::nullopt;
    if (oid) {
        rest = after;
    }
    return oid;
}

/// git's way of reading a person leniently: the last '>' ends the mail, digits after it the date.
Ident parse_ident(std::string_view text) {
    Ident ident;
    const std::size_t open = text.find('<');
    const std::size_t close = text.rfind('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        ident.name = text;
        return ident;
    }
    std::string_view name = text.substr(0, open);
    while (name.ends_with(' ')) {
        name.remove_suffix(1);
    }
    ident.name = name;
    ident.email = text.substr(open + 1, close - open - 1);
    std::string_view when = text.substr(close + 1);
    while (when.starts_with(' ')) {
        when.remove_prefix(1);
    }
    const char* const end = when.data() + when.size();
    const auto [after, error] =
        std::from_chars(when.data(), when.data() + when.size(), ident.seconds);
    if (error != std::errc{} || end - after != 6 || after[0] != ' ') {
        return ident;
    }
    int zone = 0;
    if (std::from_chars(after + 2, end, zone).ptr == end && (after[1] == '+' || after[1] == '-')) {
        const int minutes = zone / 100 * 60 + zone % 100;
        ident.offset_minutes = after[1] == '-' ? -minutes : minutes;
    }
    return ident;
}

std::string cleaned(std::string_view text, std::string_view without) {
    std::string clean;
    for (const char c : text) {
        if (c != '\0' && without.find(c) == std::string_view::npos) {
            clean += c;
        }
    }
    const std::size_t first = clean.find_first_not_of(' ');
    const std::size_t last = clean.find_last_not_of(' ');
    return first == std::string::npos ? std::string() : clean.substr(first, last - first + 1);
}

void put_ident(std::string& out, std::string_view keyword, const Ident& ident) {
    constexpr int kOffsetMinutesMax = 99 * 60 + 59;
    const int minutes = std::min(std::abs(ident.offset_minutes), kOffsetMinutesMax);
    const int zone = minutes / 60 * 100 + minutes % 60;
    std::string digits = std::to_string(zone);
    digits.insert(0, 4 - digits.size(), '0');
    out += keyword;
    out += ' ' + cleaned(ident.name, "<>\n\r") + " <" + cleaned(ident.email, "<>\n\r") + "> ";
    out += std::to_string(std::max<std::int64_t>(ident.seconds, 0));
    out += ident.offset_minutes < 0 ? " -" : " +";
    out += digits + '\n';
}

void put_message(std::string& out, std::string_view message) {
    out += '\n';
    while (message.ends_with('\n')) {
        message.remove_suffix(1);
    }
    if (message.empty()) {
        return;
    }
    for (const char c : message) {
        if (c != '\0') {
            out += c;
        }
    }
    out += '\n';
}

}  // namespace

std::string_view name_of(ObjectType type) {
    for (const auto& [known, name] : kTypeNames) {
        if (known == type) {
            return name;
        }
    }
    return "unknown";
}

std::optional<ObjectType> object_type_of(std::string_view name) {
    for (const auto& [type, known] : kTypeNames) {
        if (known == name) {
            return type;
        }
    }
    return std::nullopt;
}

Result<std::optional<TreeEntry>> TreeReader::next() {
    constexpr std::size_t kModeDigitsMax = 7;
    if (rest_.empty()) {
        return std::nullopt;
    }
    TreeEntry entry;
    std::size_t at = 0;
    while (at < rest_.size() && at <= kModeDigitsMax && rest_[at] >= '0' && rest_[at] <= '7') {
        entry.mode = entry.mode * 8 + static_cast<std::uint32_t>(rest_[at] - '0');
        ++at;
    }
    const std::size_t end = rest_.find('\0', at);
    if (at == 0 || at > kModeDigitsMax || end == std::string_view::npos || rest_[at] != ' ' ||
        rest_.size() - end - 1 < kOidBytes) {
        return broken("a tree's bytes are damaged", "bad_tree");
    }
    entry.name = rest_.substr(at + 1, end - at - 1);
    entry.oid = *Oid::from_raw(rest_.substr(end + 1, kOidBytes));
    rest_.remove_prefix(end + 1 + kOidBytes);
    return entry;
}

Result<std::optional<TreeEntry>> find_entry(std::string_view tree_data, std::string_view name) {
    TreeReader reader(tree_data);
    while (true) {
        ORIGIN_TRY(entry, reader.next());
        if (!entry || entry->name == name) {
            return entry;
        }
    }
}

Result<CommitLinks> parse_commit_links(std::string_view data) {
    CommitLinks links;
    std::string_view rest = data;
    const auto tree = take_oid_line(rest, "tree");
    if (!tree) {
        return broken("a commit without a tree", "missing_tree");
    }
    links.tree = *tree;
    while (const auto parent = take_oid_line(rest, "parent")) {
        links.parents.push_back(*parent);
    }
    if (rest.starts_with("parent ")) {
        return broken("a commit with a broken parent line", "bad_parent_sha1");
    }
    while (const auto line = take_header_line(rest)) {
        if (const auto value = value_of(*line, "committer")) {
            links.committed_seconds = parse_ident(*value).seconds;
            break;
        }
    }
    return links;
}

Result<Commit> parse_commit(std::string_view data) {
    ORIGIN_TRY(links, parse_commit_links(data));
    Commit commit;
    commit.tree = links.tree;
    commit.parents = std::move(links.parents);
    std::string_view rest = data;
    while (const auto line = take_header_line(rest)) {
        if (const auto author = value_of(*line, "author")) {
            commit.author = parse_ident(*author);
        } else if (const auto committer = value_of(*line, "committer")) {
            commit.committer = parse_ident(*committer);
        } else if (const auto encoding = value_of(*line, "encoding")) {
            commit.encoding = *encoding;
        } else if (value_of(*line, "gpgsig") || value_of(*line, "gpgsig-sha256")) {
            commit.has_signature = true;
        }
    }
    commit.message = rest.substr(std::min<std::size_t>(rest.size(), 1));
    return commit;
}

Result<Tag> parse_tag(std::string_view data) {
    Tag tag;
    std::string_view rest = data;
    const auto target = take_oid_line(rest, "object");
    if (!target) {
        return broken("a tag without an object", "missing_object");
    }
    tag.target = *target;
    const auto type_line = take_header_line(rest);
    const auto type_name = type_line ? value_of(*type_line, "type") : std::nullopt;
    const auto type = type_name ? object_type_of(*type_name) : std::nullopt;
    if (!type) {
        return broken("a tag without a type", "bad_type");
    }
    tag.target_type = *type;
    const auto tag_line = take_header_line(rest);
    const auto name = tag_line ? value_of(*tag_line, "tag") : std::nullopt;
    if (!name) {
        return broken("a tag without a name", "missing_tag_entry");
    }
    tag.name = *name;
    while (const auto line = take_header_line(rest)) {
        if (const auto tagger = value_of(*line, "tagger")) {
            tag.tagger = parse_ident(*tagger);
        }
    }
    tag.message = rest.substr(std::min<std::size_t>(rest.size(), 1));
    return tag;
}

std::string serialize(const Commit& commit) {
    std::string out = "tree " + commit.tree.hex() + '\n';
    for (const Oid& parent : commit.parents) {
        out += "parent " + parent.hex() + '\n';
    }
    put_ident(out, "author", commit.author);
    put_ident(out, "committer", commit.committer);
    if (const std::string encoding = cleaned(commit.encoding, "\n\r"); !encoding.empty()) {
        out += "encoding " + encoding + '\n';
    }
    put_message(out, commit.message);
    return out;
}

std::string serialize(const Tag& tag) {
    std::string out = "object " + tag.target.hex() + '\n';
    out += "type " + std::string(name_of(tag.target_type)) + '\n';
    out += "tag " + cleaned(tag.name, "\n\r") + '\n';
    if (tag.tagger) {
        put_ident(out, "tagger", *tag.tagger);
    }
    put_message(out, tag.message);
    return out;
}

int compare_tree_names(std::string_view a, bool a_is_tree, std::string_view b, bool b_is_tree) {
    const std::size_t common = std::min(a.size(), b.size());
    if (const int order = a.substr(0, common).compare(b.substr(0, common)); order != 0) {
        return order;
    }
    const auto after = [common](std::string_view name, bool is_tree) -> int {
        if (name.size() > common) {
            return static_cast<unsigned char>(name[common]);
        }
        return is_tree ? '/' : '\0';
    };
    return after(a, a_is_tree) - after(b, b_is_tree);
}

std::string serialize_tree(std::vector<TreeItem> items) {
    const auto is_tree = [](const TreeItem& item) {
        return item.mode == kModeTree;
    };
    std::ranges::sort(items, [&](const TreeItem& a, const TreeItem& b) {
        return compare_tree_names(a.name, is_tree(a), b.name, is_tree(b)) < 0;
    });
    std::string out;
    for (const TreeItem& item : items) {
        std::array<char, 12> octal{};
        const auto [end, error] = std::to_chars(octal.begin(), octal.end(), item.mode, 8);
        out.append(octal.begin(), end);
        out += ' ';
        out += item.name;
        out += '\0';
        out += item.oid.view();
    }
    return out;
}

}  // namespace origin::git
