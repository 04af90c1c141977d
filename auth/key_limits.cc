// SPDX-License-Identifier: Apache-2.0
#include "auth/key_limits.h"

#include <limits>

#include <boost/json/array.hpp>

#include "base/limits.h"
#include "base/ref_name.h"
#include "base/utf8.h"

namespace origin::auth {
namespace {

namespace json = boost::json;
std::unexpected<Error> refuse(std::string reason, std::string why) {
    return std::unexpected(Error(Code::InvalidInput, std::move(why)).because(std::move(reason)));
}

/// A path as Git writes it in which `*` stands for any characters.
Status check_path_pattern(std::string_view pattern) {
    bool good = !pattern.empty() && pattern.size() <= kPathBytesMax && pattern.front() != '/';
    for (std::string_view rest = pattern; good && !rest.empty();) {
        const auto point = take_code_point(rest);
        good = point && !is_deceptive(*point);
    }
    return good ? Status()
                : refuse("bad_pattern",
                         "'" + printable(pattern.substr(0, kPathBytesMax)) +
                             "' is no pattern of paths, like 'docs/*' or '*.md'");
}

json::array texts(const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
}

/// An empty list, or null, would allow everything to whoever meant nothing: a pattern of nothing,
/// which checked() refuses, stands for it.
std::vector<std::string> read_patterns(Fields& in, std::string_view name) {
    auto patterns = in.maybe_texts(name).value_or(std::vector<std::string>());
    if (patterns.empty() && (in.is_null(name) || in.is_empty_list(name))) {
        patterns.emplace_back();
    }
    return patterns;
}

}  // namespace

store::KeyLimits read_key_limits(Fields& in) {
    store::KeyLimits limits;
    in.maybe_objects("refs", kLimitPatternsMax, [&](Fields& ref) {
        limits.refs.push_back({.pattern = ref.text("pattern"),
                               .push = ref.maybe_flag("push").value_or(true),
                               .force = ref.flag("force"),
                               .remove = ref.flag("delete")});
    });
    if (in.is_null("refs") || in.is_empty_list("refs")) {
        limits.refs.emplace_back();  // As with read_patterns.
    }
    in.object("paths", [&](Fields& paths) {
        limits.allow_paths = read_patterns(paths, "allow");
        limits.deny_paths = paths.maybe_texts("deny").value_or(std::vector<std::string>());
        if (paths.is_null("deny")) {
            limits.deny_paths.emplace_back();
        }
    });
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    limits.pushes = static_cast<std::uint32_t>(in.maybe_number("pushes", kMost).value_or(0));
    limits.pack_bytes = in.maybe_number("packBytes", kPackBytesMax).value_or(0);
    limits.files = static_cast<std::uint32_t>(in.maybe_number("files", kLimitFilesMax).value_or(0));
    return limits;
}

Status check_path_patterns(const std::vector<std::string>& patterns) {
    if (patterns.size() > kLimitPatternsMax) {
        return std::unexpected(
            Error(Code::LimitExceeded,
                  "more than " + std::to_string(kLimitPatternsMax) + " patterns of paths")
                .because("too_many_items"));
    }
    for (const std::string& pattern : patterns) {
        ORIGIN_CHECK(check_path_pattern(pattern));
    }
    return {};
}

Result<store::KeyLimits> checked(store::KeyLimits limits) {
    for (store::RefLimit& ref : limits.refs) {
        ORIGIN_TRY(pattern, parse_ref_pattern(ref.pattern));
        ref.pattern = pattern;
    }
    ORIGIN_CHECK(check_path_patterns(limits.allow_paths));
    ORIGIN_CHECK(check_path_patterns(limits.deny_paths));
    return limits;
}

json::object key_limits_json(const store::KeyLimits& limits) {
    json::object body;
    json::array refs;
    for (const store::RefLimit& ref : limits.refs) {
        refs.push_back({{"pattern", ref.pattern},
                        {"push", ref.push},
                        {"force", ref.force},
                        {"delete", ref.remove}});
    }
    if (!refs.empty()) {
        body["refs"] = std::move(refs);
    }
    if (!limits.allow_paths.empty() || !limits.deny_paths.empty()) {
        body["paths"] = {{"allow", texts(limits.allow_paths)}, {"deny", texts(limits.deny_paths)}};
    }
    if (limits.pushes != 0) {
        body["pushes"] = limits.pushes;
    }
    if (limits.pack_bytes != 0) {
        body["packBytes"] = limits.pack_bytes;
    }
    if (limits.files != 0) {
        body["files"] = limits.files;
    }
    return body;
}

}  // namespace origin::auth
