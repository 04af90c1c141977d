// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/report.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "generator/blueprint/manifest.h"
#include "generator/blueprint/text.h"

namespace origin::generator {

namespace {

constexpr std::size_t kTestsShownMax = 4;  // Per row; the rest is in the file named.

void add_tests(TraceLine& line, const TestIndex& tests) {
    std::vector<std::string> found;
    bool proved = !line.evidence.empty();
    for (const std::string& claim : line.evidence) {
        const auto entry = tests.find(claim);
        if (entry == tests.end()) {
            proved = false;
            continue;
        }
        for (const std::string& test : entry->second) {
            if (found.size() < kTestsShownMax) {
                add_once(found, "test:" + test);
            }
        }
    }
    if (line.status == LineStatus::Implemented && !proved) {
        line.status = LineStatus::Partial;
        line.reason = "generated, but no test proves it";
    }
    for (auto& test : found) {
        line.evidence.push_back(std::move(test));
    }
}

bool alike(const Statement& left, const Statement& right) {
    return left.status == right.status && left.reason == right.reason;
}

TraceLine row(const Statement& statement, std::string id) {
    TraceLine line;
    line.id = std::move(id);
    line.text = statement.text;
    line.status = statement.status;
    line.reason = statement.reason;
    for (const std::string& item : statement.evidence) {
        add_once(line.evidence, item);
    }
    return line;
}

void report_group(const std::vector<Statement>& all,
                  std::size_t first,
                  std::size_t last,
                  std::vector<TraceLine>& out) {
    const bool one = all[first].merge && !all[first].whole.empty() &&
                     std::all_of(all.begin() + static_cast<std::ptrdiff_t>(first),
                                 all.begin() + static_cast<std::ptrdiff_t>(last),
                                 [&](const Statement& each) { return alike(each, all[first]); });
    if (one) {
        TraceLine line = row(all[first], "L" + std::to_string(all[first].line));
        line.text = all[first].whole;
        for (std::size_t at = first; at < last; ++at) {
            for (const std::string& item : all[at].evidence) {
                add_once(line.evidence, item);
            }
        }
        out.push_back(std::move(line));
        return;
    }
    for (std::size_t at = first; at < last; ++at) {
        out.push_back(row(all[at], "L" + std::to_string(all[at].line)));
    }
}

/// Rows of one line get "L12.1", "L12.2" ...
void number_clauses(std::vector<TraceLine>& lines) {
    for (std::size_t at = 0; at < lines.size();) {
        std::size_t end = at + 1;
        while (end < lines.size() && lines[end].id == lines[at].id) {
            ++end;
        }
        const std::string id = lines[at].id;
        for (std::size_t i = at; end - at > 1 && i < end; ++i) {
            lines[i].id = id + "." + std::to_string(i - at + 1);
        }
        at = end;
    }
}

bool every_claim_proved(const std::vector<TraceLine>& lines) {
    return std::ranges::all_of(lines, [](const TraceLine& line) {
        return line.status != LineStatus::Implemented ||
               std::ranges::any_of(line.evidence,
                                   [](const auto& item) { return item.starts_with("test:"); });
    });
}

/// The first local target of an attribute that is no file of the tree.
std::optional<std::string> missing_target(const Files& files,
                                          const std::string& page,
                                          std::string_view mark) {
    for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1)) {
        const auto start = at + mark.size();
        std::string target = page.substr(start, page.find('"', start) - start);
        const bool is_local = !target.starts_with('#') && !target.contains(':');
        if (is_local && !files.contains(target)) {
            return target;
        }
    }
    return std::nullopt;
}

/// Every local href and src of every page is a file of the tree. Returns: the first that is not.
std::string broken_link(const Files& files) {
    for (const auto& [path, content] : files) {
        if (!path.ends_with(".html")) {
            continue;
        }
        for (const std::string_view mark : {"href=\"", "src=\""}) {
            if (const auto missing = missing_target(files, content, mark)) {
                return std::string(path).append(" -> ").append(*missing);
            }
        }
    }
    return {};
}

}  // namespace

std::vector<TraceLine> report(const std::vector<Statement>& statements, const TestIndex& tests) {
    std::vector<TraceLine> lines;
    for (std::size_t at = 0; at < statements.size();) {
        std::size_t end = at + 1;
        while (end < statements.size() && statements[end].group == statements[at].group) {
            ++end;
        }
        report_group(statements, at, end, lines);
        at = end;
    }
    number_clauses(lines);
    for (TraceLine& line : lines) {
        add_tests(line, tests);
    }
    return lines;
}

std::vector<Check> check_tree(const Files& files, const std::vector<TraceLine>& lines) {
    std::vector<Check> checks;
    checks.push_back({"every implemented line names a test", every_claim_proved(lines), {}});
    const std::string broken = broken_link(files);
    checks.push_back({"every link leads to a file", broken.empty(), broken});
    const auto again = read_manifest(files.at("blueprint.json"));
    checks.push_back({"blueprint.json reads back unchanged",
                      again && write_manifest(*again) == files.at("blueprint.json"),
                      {}});
    return checks;
}

}  // namespace origin::generator
