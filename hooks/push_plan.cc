// SPDX-License-Identifier: Apache-2.0
#include "hooks/push_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>

#include "base/glob.h"
#include "git/serve/history_walk.h"
#include "git/serve/refs.h"
#include "hooks/deploy_options.h"
#include "hooks/deployment_orders.h"
#include "hooks/deployments.h"
#include "hooks/origind_toml.h"
#include "store/event_log.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

using store::Table;

/// A ref that rules are asked about. Also one that was deleted: a mirror deletes it too.
bool is_ruled(const store::RefOutcome& ref) {
    return !ref.name.starts_with(git::kHiddenPrefix) &&
           !ref.name.starts_with(git::kDeploymentsPrefix);
}

bool deploys(const store::RefOutcome& ref) {
    return !ref.new_id.is_zero() && is_ruled(ref);
}

/// One push, inside its transaction.
class Planning {
public:
    Planning(store::Writer& writer, const git::AcceptedPush& push)
        : writer_(writer),
          push_(push),
          options_(read_deploy_options(push.push.options)),
          ids_(push.ids) {}

    /// Also keeps what the default branch's file says, if that branch was pushed.
    Status read_rules() {
        ORIGIN_TRY(rules,
                   store::scan_rows<store::RuleRow>(
                       writer_, Table::Rules, store::Range::prefix(push_.project.view())));
        for (const auto& [key, rule] : rules) {
            rules_.push_back({rule.pattern, rule.target, rule.preview});
        }
        ORIGIN_TRY(
            kept,
            store::get_row<store::TreeRulesRow>(writer_, Table::TreeRules, push_.project.view()));
        const auto fresh = push_.tree_rules.find(push_.row.head);
        const bool moved = std::ranges::any_of(push_.push.refs, [&](const store::RefOutcome& ref) {
            return ref.ok && ref.name == push_.row.head;
        });
        if (fresh != push_.tree_rules.end() && moved) {
            const bool says_something =
                !fresh->second.rules.empty() || !fresh->second.fault.empty();
            if (kept || says_something) {
                ORIGIN_CHECK(
                    store::put_row(writer_, Table::TreeRules, push_.project.view(), fresh->second));
            }
            kept = fresh->second;
        }
        if (kept && kept->ref == push_.row.head) {
            from_default_ = kept->rules;
        }
        return {};
    }

    Status plan(const store::RefOutcome& ref) {
        // Two rules may name one target: one deployment, no preview if one of them says so.
        std::map<std::string, bool> targets;
        take(ref, rules_, targets);
        ORIGIN_CHECK(take_known(ref, from_default_, targets));
        const auto own = push_.tree_rules.find(ref.name);
        if (own != push_.tree_rules.end()) {
            if (!own->second.fault.empty()) {
                ORIGIN_CHECK(complain(ref, own->second.fault + "; nothing is deployed by it"));
            }
            if (ref.name != push_.row.head) {
                ORIGIN_CHECK(take_known(ref, previews_of(ref, own->second.rules), targets));
            }
        }
        std::vector<NewDeployment> wanted;
        for (const auto& [target, preview] : targets) {
            const bool named =
                options_.targets.empty() ||
                std::ranges::find(options_.targets, target) != options_.targets.end();
            if (named && !options_.skip) {
                ORIGIN_CHECK(add(ref, target, preview, wanted));
            }
        }
        if (push_.row.promotes_together) {
            tie(wanted);
        }
        for (const NewDeployment& one : wanted) {
            planned_.deployments.push_back(one.id);
            ORIGIN_CHECK(queue_deployment(writer_, one));
        }
        return {};
    }

    git::PlannedPush take() { return std::move(planned_); }

private:
    using Rules = std::vector<store::TreeRule>;

    static void take(const store::RefOutcome& ref,
                     const Rules& rules,
                     std::map<std::string, bool>& targets) {
        for (const store::TreeRule& rule : rules) {
            if (glob_matches(rule.pattern, ref.name)) {
                const auto [there, fresh] = targets.emplace(rule.target, rule.preview);
                there->second = there->second && rule.preview;
            }
        }
    }

    /// Those of a file: it may name what there is not.
    Status take_known(const store::RefOutcome& ref,
                      const Rules& rules,
                      std::map<std::string, bool>& targets) {
        Rules known;
        for (const store::TreeRule& rule : rules) {
            if (!glob_matches(rule.pattern, ref.name)) {
                continue;
            }
            ORIGIN_TRY(target,
                       writer_.get(Table::Targets, store::target_key(push_.project, rule.target)));
            if (target) {
                known.push_back(rule);
            } else if (deploys(ref)) {
                ORIGIN_CHECK(complain(ref,
                                      std::string(kOrigindToml) + ": this project has no target '" +
                                          rule.target + "'; origind target set makes one"));
            }
        }
        take(ref, known, targets);
        return {};
    }

    /// What the file of a ref that is not the default branch may ask for. The default branch's file
    /// may say the same thing and more: then there is nothing to complain about.
    Rules previews_of(const store::RefOutcome& ref, const Rules& own) {
        Rules allowed;
        for (const store::TreeRule& rule : own) {
            if (rule.preview && rule.target != store::kProductionTarget) {
                allowed.push_back(rule);
            } else if (glob_matches(rule.pattern, ref.name) &&
                       std::ranges::find(from_default_, rule) == from_default_.end()) {
                planned_.lines.push_back(
                    " !     " + std::string(kOrigindToml) + " of " + ref.name + ": the rule for '" +
                    rule.target + "' counts once it is on the default branch" +
                    (rule.target == store::kProductionTarget ? "" : "; here only previews do"));
            }
        }
        return allowed;
    }

    /// Tells whoever pushed, and whoever reads events.
    Status complain(const store::RefOutcome& ref, const std::string& what) {
        const std::string line = " !     " + what;
        if (std::ranges::find(planned_.lines, line) != planned_.lines.end()) {
            return {};
        }
        planned_.lines.push_back(line);
        ORIGIN_CHECK(
            store::append_event(writer_,
                                store::Event{.time = push_.push.pushed_at,
                                             .type = "project.file_refused",
                                             .project = push_.project,
                                             .client = {},
                                             .data = boost::json::serialize(boost::json::object{
                                                 {"projectId", push_.project.str()},
                                                 {"path", kOrigindToml},
                                                 {"ref", ref.name},
                                                 {"commit", ref.new_id.hex()},
                                                 {"push", push_.sequence},
                                                 {"error", what}})}));
        return {};
    }

    /// Adds what the target gets of this ref, if it gets anything.
    Status add(const store::RefOutcome& ref,
               const std::string& target,
               bool preview,
               std::vector<NewDeployment>& wanted) {
        ORIGIN_TRY(row,
                   store::get_row<store::TargetRow>(
                       writer_, Table::Targets, store::target_key(push_.project, target)));
        if (row && row->connector == kMirror && !mirrors_.insert(target).second) {
            return {};  // The first one brings all refs.
        }
        if (ref.new_id.is_zero() && (!row || row->connector != kMirror)) {
            return {};  // What is deleted goes nowhere but to a mirror.
        }
        ORIGIN_TRY(commit, commit_of(ref));
        wanted.push_back({.id = ids_.next<DeploymentId>(),
                          .project = push_.project,
                          .target = target,
                          .commit = commit,
                          .ref = ref.name,
                          .push = push_.sequence,
                          .run = push_.push.run,
                          .preview = preview,
                          .now = push_.push.pushed_at});
        return {};
    }

    /// A preview replaces nothing, and a mirror has no release to go back to: they go alone.
    void tie(std::vector<NewDeployment>& wanted) const {
        const auto is_tied = [&](const NewDeployment& one) {
            return !one.preview && !mirrors_.contains(one.target);
        };
        for (NewDeployment& one : wanted) {
            for (const NewDeployment& other : wanted) {
                if (is_tied(one) && is_tied(other) && other.id != one.id) {
                    one.together.push_back(other.id);
                }
            }
        }
    }

    /// What the deployment is of. A ref that is gone is no more than a reason: its mirror is of
    /// the project as it is, so the default branch stands for it.
    Result<Oid> commit_of(const store::RefOutcome& ref) {
        const bool is_gone = ref.new_id.is_zero();
        ORIGIN_TRY(row, git::find_ref(writer_, push_.project, is_gone ? push_.row.head : ref.name));
        if (row) {
            return row->peeled.value_or(row->oid);
        }
        return is_gone ? ref.old_id : ref.new_id;
    }

    store::Writer& writer_;
    const git::AcceptedPush& push_;
    DeployOptions options_;
    IdSequence ids_;
    Rules rules_;         // The project's own.
    Rules from_default_;  // Of the default branch's file.
    git::PlannedPush planned_;
    std::set<std::string> mirrors_;  // That have their deployment.
};

}  // namespace

Result<std::string> PushPlan::roll_back(store::Writer& writer, const git::PushedRollback& wanted) {
    ORIGIN_TRY(target,
               store::get_row<store::TargetRow>(
                   writer, Table::Targets, store::target_key(wanted.project, wanted.target)));
    std::optional<store::ReleaseRow> earlier;
    Status decoded;
    const store::Range releases =
        store::Range::prefix(store::key(wanted.project, store::Label{wanted.target}));
    ORIGIN_CHECK(
        writer.scan_back(Table::Releases, releases, [&](std::string_view, std::string_view value) {
            const auto row = store::decode<store::ReleaseRow>(value);
            if (!row) {
                decoded = std::unexpected(row.error());
            } else if (row->commit == wanted.commit) {
                earlier = *row;
            }
            return row.has_value() && !earlier;
        }));
    ORIGIN_CHECK(decoded);
    if (!target || !earlier) {
        return std::string("that commit never was a release of '" + wanted.target + "'");
    }
    if (target->live) {
        ORIGIN_TRY(live, need_deployment(writer, wanted.project, *target->live));
        if (live.commit == wanted.commit) {
            return std::string("that commit is live already");
        }
    }
    ORIGIN_CHECK(queue_deployment(writer,
                                  {.id = wanted.id,
                                   .project = wanted.project,
                                   .target = wanted.target,
                                   .commit = wanted.commit,
                                   .ref = {},
                                   .push = wanted.sequence,
                                   .rollback_of = earlier->deployment,
                                   .now = wanted.now}));
    return std::string();
}

Result<git::TreeRules> PushPlan::read(const std::vector<store::RefOutcome>& refs,
                                      const git::ObjectStore& objects) {
    git::TreeRules found;
    for (const store::RefOutcome& ref : refs) {
        if (!ref.ok || !deploys(ref)) {
            continue;
        }
        const auto commit = git::commit_at(objects, ref.new_id);
        if (!commit) {
            continue;  // A tag of something else.
        }
        store::TreeRulesRow row{.ref = ref.name, .commit = *commit, .rules = {}, .fault = {}};
        const auto file = read_origind_toml(objects, *commit);
        if (!file && file.error().code() != Code::InvalidInput) {
            return std::unexpected(file.error());
        }
        if (!file) {
            row.fault = file.error().told_to_peer();
        } else if (*file) {
            row.rules = (*file)->rules;
        }
        found.emplace(ref.name, std::move(row));
    }
    return found;
}

Result<git::PlannedPush> PushPlan::plan(store::Writer& writer, const git::AcceptedPush& push) {
    for (const store::RefOutcome& ref : push.push.refs) {
        if (ref.ok && ref.new_id.is_zero()) {
            ORIGIN_CHECK(drop_previews(writer, push.project, ref.name, push.push.pushed_at));
        }
    }
    Planning planning(writer, push);
    ORIGIN_CHECK(planning.read_rules());
    for (const store::RefOutcome& ref : push.push.refs) {
        if (ref.ok && is_ruled(ref)) {
            ORIGIN_CHECK(planning.plan(ref));
        }
    }
    return planning.take();
}

}  // namespace origin::hooks
