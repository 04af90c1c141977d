// SPDX-License-Identifier: Apache-2.0
// /api/projects/{project}/{diff,compare}: two commits side by side; or what one branch has that
// another has not, counted from where they parted.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/commit_view.h"
#include "api/diff_view.h"
#include "api/endpoints.h"
#include "api/views.h"
#include "git/odb/history.h"

namespace origin::api {
namespace {

namespace json = boost::json;

struct Sides {
    ProjectView view;
    Oid base;
    Oid head;
    bool with_patch = false;
};

Result<Sides> read_sides(const Call& call) {
    ORIGIN_TRY(permit, call.permit(auth::Action::Read));
    ORIGIN_TRY(with_patch, call.asked_flag("patch"));
    ORIGIN_TRY(view, open_view(call, permit));
    ORIGIN_TRY(base, shown_commit(view, call.asked("base")));
    ORIGIN_TRY(head, shown_commit(view, call.asked("head")));
    return Sides{std::move(view), base, head, with_patch};
}

Result<Oid> tree_of(const git::ObjectStore& objects, const Oid& commit) {
    ORIGIN_TRY(links, objects.commit_links(commit));
    return links.tree;
}

/// How many commits `from` reaches and `without` does not.
Result<std::size_t> count_ahead(const git::ObjectStoreRef& objects,
                                const Oid& from,
                                const Oid& without) {
    git::HistoryWalk walk(objects, {});
    ORIGIN_CHECK(walk.add_want(from));
    ORIGIN_CHECK(walk.add_have(without));
    constexpr std::size_t kStep = 1000;
    while (true) {
        ORIGIN_TRY(over, walk.step(kStep));
        if (over) {
            return walk.take_commits().size();
        }
    }
}

}  // namespace

Answer get_diff(const Call& call) {
    ORIGIN_TRY(sides, read_sides(call));
    const git::ObjectStoreRef& objects = sides.view.fetch.objects;
    ORIGIN_TRY(old_tree, tree_of(*objects, sides.base));
    ORIGIN_TRY(new_tree, tree_of(*objects, sides.head));
    json::object body{{"base", sides.base.hex()}, {"head", sides.head.hex()}};
    ORIGIN_CHECK(add_diff(
        body, objects, {old_tree, new_tree, std::string(call.asked("path")), sides.with_patch}));
    return json_answer(200, body);
}

Answer get_compare(const Call& call) {
    ORIGIN_TRY(sides, read_sides(call));
    const git::ObjectStoreRef& objects = sides.view.fetch.objects;
    ORIGIN_TRY(
        bases,
        git::merge_bases(
            [&](const Oid& oid) { return objects->commit_links(oid); }, sides.base, sides.head));
    std::optional<Oid> old_tree;
    json::object body{{"base", sides.base.hex()}, {"head", sides.head.hex()}};
    body["mergeBase"] = nullptr;
    if (!bases.empty()) {
        ORIGIN_TRY(tree, tree_of(*objects, bases.front()));
        old_tree = tree;
        body["mergeBase"] = bases.front().hex();
    }
    ORIGIN_TRY(ahead, count_ahead(objects, sides.head, sides.base));
    ORIGIN_TRY(behind, count_ahead(objects, sides.base, sides.head));
    body["ahead"] = ahead;
    body["behind"] = behind;
    ORIGIN_TRY(new_tree, tree_of(*objects, sides.head));
    ORIGIN_CHECK(add_diff(
        body, objects, {old_tree, new_tree, std::string(call.asked("path")), sides.with_patch}));
    return json_answer(200, body);
}

}  // namespace origin::api
