// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/reflog: how the refs moved, and a move taken back.
#include "git/serve/reflog.h"

#include <boost/json.hpp>

#include "api/answers.h"
#include "api/checks.h"
#include "api/endpoints.h"
#include "api/pushed.h"
#include "api/views.h"
#include "base/utf8.h"

namespace origin::api {
namespace {

namespace json = boost::json;

/// A shown ref by its full name, or a branch by its short one. Errors: InvalidInput `bad_ref_name`;
/// NotFound `ref_not_found`: it is not one of those that are shown.
Result<std::string> shown_ref(const std::string& text) {
    ORIGIN_TRY(name, text.starts_with("refs/") ? RefName::parse(text) : branch_named(text));
    if (!git::is_shown(name.str())) {
        return std::unexpected(Error(Code::NotFound, "there is no ref '" + printable(text) + "'")
                                   .because("ref_not_found"));
    }
    return name.str();
}

json::object entry_json(const git::ReflogEntry& entry) {
    json::object row{{"push", entry.push},
                     {"ref", entry.ref},
                     {"before", entry.move.old_id.hex()},
                     {"after", entry.move.new_id.hex()},
                     {"created", entry.move.old_id.is_zero()},
                     {"deleted", entry.move.new_id.is_zero()},
                     {"forced", entry.move.forced},
                     {"time", time_json(entry.move.moved_at)},
                     {"via", nullptr},
                     {"pusher", nullptr},
                     {"undoes", nullptr}};
    if (entry.pushed) {
        row["via"] = entry.pushed->actor.via;
        row["pusher"] = entry.pushed->actor.client.str();
        if (entry.pushed->undoes != 0) {
            row["undoes"] = entry.pushed->undoes;
        }
        if (entry.pushed->run) {
            row["run"] = entry.pushed->run->str();
        }
    }
    return row;
}

struct UndoBody {
    std::string ref;
    std::uint64_t push = 0;
    std::optional<std::string> expected_head;

    static UndoBody read(Fields& in) {
        UndoBody body;
        body.ref = in.text("ref");
        body.push = in.number("push");
        body.expected_head = in.maybe_text("expectedHead");
        return body;
    }
};

/// What is told of an undo, and kept for a replay: its words, in this order.
struct UndoReport {
    std::string ref;
    std::string before;
    std::string after;
    std::uint64_t push = 0;
    std::uint64_t undoes = 0;
    std::vector<DeploymentId> deployments;

    Ids ids() const {
        Ids ids = {ref, before, after, std::to_string(push), std::to_string(undoes)};
        for (const DeploymentId& id : deployments) {
            ids.push_back(id.str());
        }
        return ids;
    }
    static UndoReport from(const Ids& ids) {
        UndoReport report{.ref = ids.at(0),
                          .before = ids.at(1),
                          .after = ids.at(2),
                          .push = std::stoull(ids.at(3)),
                          .undoes = std::stoull(ids.at(4)),
                          .deployments = {}};
        for (std::size_t i = 5; i < ids.size(); ++i) {
            if (const auto id = DeploymentId::parse(ids[i])) {
                report.deployments.push_back(*id);
            }
        }
        return report;
    }
    net::Response answer() const {
        return json_answer(200,
                           {{"ref", ref},
                            {"before", before},
                            {"after", after},
                            {"push", push},
                            {"undoes", undoes},
                            {"deployments", ids_json(deployments)}});
    }
};

}  // namespace

BodyShape undo_shape() {
    return shape_of<UndoBody>();
}

Answer get_reflog(const Call& call) {
    git::ReflogWish wish;
    if (!call.asked("ref").empty()) {
        ORIGIN_TRY(ref, shown_ref(std::string(call.asked("ref"))));
        wish.ref = ref;
    }
    ORIGIN_TRY(page, page_wish(call));
    wish.limit = page.limit;
    wish.after = page.after;
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(found, read_store(call.around.store, [&](store::Reader& reader) {
                   return git::read_reflog(reader, permit.project(), wish);
               }));
    json::array rows;
    for (const git::ReflogEntry& entry : found.entries) {
        rows.push_back(entry_json(entry));
    }
    return page_answer("moves", std::move(rows), found.next.empty() ? "" : opaque(found.next));
}

Answer undo_move(const Call& call) {
    ORIGIN_TRY(body, read_body<UndoBody>(call.body));
    ORIGIN_TRY(permit, call.permit(auth::Action::Write));
    ORIGIN_TRY(ref, shown_ref(body.ref));
    ORIGIN_TRY(expected, read_expected_head(body.expected_head));
    const auto act = [&](const auth::Once& once) -> Answer {
        UndoReport report;
        const auto also = [&](store::Writer& writer, const git::Undone& undone) {
            report = {.ref = ref,
                      .before = undone.before.hex(),
                      .after = undone.after.hex(),
                      .push = undone.push.sequence,
                      .undoes = body.push,
                      .deployments = undone.push.deployments};
            return once.record(writer, report.ids());
        };
        ORIGIN_CHECK(git::undo(call.around.pushes, permit, {ref, body.push, expected}, also));
        return report.answer();
    };
    return once_only(
        call, act, [](const Ids& ids) -> Answer { return UndoReport::from(ids).answer(); });
}

}  // namespace origin::api
