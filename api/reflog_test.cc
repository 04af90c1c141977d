// SPDX-License-Identifier: Apache-2.0
// Goal: nothing that a ref pointed to is lost within the history that is kept: moves are listed,
// refs are read as of a time, a move is taken back, and an old tree comes back as a new commit.
// Method: a whole API over a store in memory; forced moves go through the push service itself.
#include "git/serve/reflog.h"

#include "api/answers.h"
#include "api/test_server.h"
#include "store/rows/keys.h"

namespace origin::api {
namespace {

namespace json = boost::json;

class Reflog : public TestServer {
protected:
    Reflog() {
        id_ = ask("POST", "/api/projects", R"({"name":"p"})").str("projectId");
        project_ = "/api/projects/" + id_;
        first_ = commit("main", "one\n", R"("create")");
        second_ = commit("main", "two\n");
    }

    std::string commit(const std::string& branch,
                       const std::string& text,
                       const std::string& action = R"("update")") {
        const Said said =
            ask("POST",
                project_ + "/commits",
                R"({"branch":")" + branch + R"(","message":"m","files":[{"action":)" + action +
                    R"(,"path":"d/a.txt","content":")" +
                    (text.ends_with('\n') ? text.substr(0, text.size() - 1) : text) + R"("}]})");
        EXPECT_EQ(said.status, 201) << said.text;
        return said.str("commit");
    }

    auth::Permit permit() {
        const auto identity = gatekeeper_.identify(key_, "192.0.2.1");
        const auto permit =
            gatekeeper_.permit(*identity, *ProjectId::parse(id_), auth::Action::Write);
        EXPECT_TRUE(permit);
        return *permit;
    }

    /// A push by Git of a ref to what is there already; "" is no object.
    std::uint64_t push(const std::string& ref,
                       const std::string& before,
                       const std::string& after,
                       bool hidden = false) {
        git::ObjectStoreRef objects;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            objects = *storage_.open(reader, *ProjectId::parse(id_));
            return {};
        }));
        git::ProposedPush proposal{.via = "http",
                                   .refs = {{ref,
                                             Oid::from_hex(before).value_or(Oid{}),
                                             Oid::from_hex(after).value_or(Oid{})}}};
        proposal.objects = git::NewObjects::none(objects);
        proposal.may_write_hidden = hidden;
        const auto outcome = pushes_.push(permit(), std::move(proposal));
        EXPECT_TRUE(outcome && outcome->all_ok());
        return outcome ? outcome->sequence : 0;
    }

    std::string tip(const std::string& branch) {
        for (const json::value& row :
             ask("GET", project_ + "/branches").body.at("branches").as_array()) {
            if (row.at("name").as_string() == branch) {
                return std::string(row.at("commit").as_string());
            }
        }
        return "";
    }

    Said undo(const std::string& ref, std::uint64_t push, const std::string& more = {}) {
        return ask("POST",
                   project_ + "/reflog/undo",
                   R"({"ref":")" + ref + R"(","push":)" + std::to_string(push) + more + "}");
    }

    Said restore(const std::string& commit, const std::string& more = {}) {
        return ask("POST",
                   project_ + "/restore",
                   R"({"branch":"main","commit":")" + commit + "\"" + more + "}");
    }

    /// Drops the history of pushes up to `push`, as if it were not kept any longer.
    void forget(std::uint64_t push, bool pushes_too = false) {
        const ProjectId project = *ProjectId::parse(id_);
        EXPECT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            for (const store::Table table : {store::Table::RefHistory, store::Table::Pushes}) {
                if (table == store::Table::Pushes && !pushes_too) {
                    continue;
                }
                std::vector<std::string> keys;
                ORIGIN_CHECK(
                    writer.scan(table,
                                {std::string(project.view()), store::push_key(project, push + 1)},
                                [&](std::string_view key, std::string_view) {
                                    keys.emplace_back(key);
                                    return true;
                                }));
                for (const std::string& key : keys) {
                    ORIGIN_CHECK(writer.erase(table, key));
                }
            }
            return {};
        }));
    }

    std::string now() { return rfc3339(clock_.now()); }

    const std::string zero_ = std::string(40, '0');
    std::string id_;
    std::string project_;
    std::string first_;
    std::string second_;
};

TEST_F(Reflog, ListsMovesNewestFirst) {
    push("refs/heads/main", second_, first_);
    push("refs/heads/side", "", second_);
    const Said all = ask("GET", project_ + "/reflog");
    ASSERT_EQ(all.status, 200) << all.text;
    const json::array& moves = all.body.at("moves").as_array();
    ASSERT_EQ(moves.size(), 4U) << all.text;
    EXPECT_EQ(moves[0].at("ref").as_string(), "refs/heads/side");
    EXPECT_TRUE(moves[0].at("created").as_bool());
    EXPECT_EQ(moves[0].at("before").as_string(), zero_);
    EXPECT_EQ(moves[1].at("push").as_int64(), 3);
    EXPECT_TRUE(moves[1].at("forced").as_bool());
    EXPECT_EQ(moves[1].at("before").as_string(), second_);
    EXPECT_EQ(moves[1].at("after").as_string(), first_);
    EXPECT_EQ(moves[1].at("via").as_string(), "http");
    EXPECT_EQ(moves[1].at("pusher").as_string(), client_.str());
    EXPECT_TRUE(moves[1].at("undoes").is_null());
    EXPECT_EQ(moves[2].at("via").as_string(), "api");

    EXPECT_EQ(ask("GET", project_ + "/reflog?ref=main").body.at("moves").as_array().size(), 3U);
    EXPECT_EQ(
        ask("GET", project_ + "/reflog?ref=refs/heads/side").body.at("moves").as_array().size(),
        1U);
    EXPECT_TRUE(ask("GET", project_ + "/reflog?ref=none").body.at("moves").as_array().empty());
}

TEST_F(Reflog, ComesInPagesWithoutHiddenRefs) {
    push("refs/origind/pristine", "", first_, true);
    push("refs/heads/side", "", first_);
    std::string seen;
    std::string cursor;
    do {
        const Said page = ask("GET", project_ + "/reflog?limit=1" + cursor);
        ASSERT_EQ(page.status, 200) << page.text;
        for (const json::value& move : page.body.at("moves").as_array()) {
            seen += std::to_string(move.at("push").as_int64());
        }
        const std::string next = page.str("nextCursor");
        EXPECT_FALSE(not_opaque(next.empty() ? "AA" : next)->contains("pristine"));
        cursor = next.empty() ? "" : "&cursor=" + next;
    } while (!cursor.empty());
    EXPECT_EQ(seen, "421");
    EXPECT_EQ(ask("GET", project_ + "/reflog?ref=refs/origind/pristine").status, 404);
    EXPECT_EQ(ask("GET", project_ + "/reflog?ref=refs/origind/none").status, 404);
    EXPECT_EQ(undo("refs/origind/pristine", 3).code(), "ref_not_found");
    EXPECT_EQ(ask("GET", project_ + "/reflog?ref=a..b").code(), "bad_ref_name");
    EXPECT_EQ(ask("GET", project_ + "/reflog?cursor=AA").code(), "bad_cursor");
    EXPECT_EQ(ask("GET", project_ + "/reflog?limit=0").code(), "bad_limit");
}

TEST_F(Reflog, AForcedMoveIsTakenBackOnce) {
    const std::uint64_t forced = push("refs/heads/main", second_, first_);
    const std::vector<net::Header> once = {{"Idempotency-Key", "u"}};
    const std::string body = R"({"ref":"main","push":)" + std::to_string(forced) +
                             R"(,"expectedHead":")" + first_ + "\"}";
    const Said said = ask("POST", project_ + "/reflog/undo", body, once);
    ASSERT_EQ(said.status, 200) << said.text;
    EXPECT_EQ(said.str("ref"), "refs/heads/main");
    EXPECT_EQ(said.str("before"), first_);
    EXPECT_EQ(said.str("after"), second_);
    EXPECT_EQ(said.body.at("push").as_int64(), static_cast<std::int64_t>(forced) + 1);
    EXPECT_EQ(said.body.at("undoes").as_int64(), static_cast<std::int64_t>(forced));
    EXPECT_EQ(tip("main"), second_);
    EXPECT_EQ(ask("POST", project_ + "/reflog/undo", body, once).text, said.text);

    EXPECT_EQ(undo("main", forced).code(), "already_undone");
    const Said log = ask("GET", project_ + "/reflog?limit=1");
    EXPECT_EQ(log.body.at("moves").at(0).at("undoes").as_int64(),
              static_cast<std::int64_t>(forced));
    const Said events = ask("GET", project_ + "/events");
    const json::value& event = events.body.at("events").as_array().back();
    EXPECT_EQ(event.at("type").as_string(), "push");
    EXPECT_EQ(event.at("data").at("undoes").as_int64(), static_cast<std::int64_t>(forced));

    // An undo is a move as any other: it can be taken back as well.
    const Said redone = undo("main", forced + 1);
    EXPECT_EQ(redone.status, 200) << redone.text;
    EXPECT_EQ(tip("main"), first_);
}

TEST_F(Reflog, ADeletedBranchAndATagComeBack) {
    push("refs/heads/side", "", second_);
    push("refs/tags/v1", "", first_);
    const std::uint64_t gone = push("refs/heads/side", second_, "");
    const std::uint64_t tag_gone = push("refs/tags/v1", first_, "");
    EXPECT_EQ(tip("side"), "");
    EXPECT_EQ(undo("side", gone, R"(,"expectedHead":")" + zero_ + "\"").status, 200);
    EXPECT_EQ(tip("side"), second_);
    EXPECT_EQ(undo("refs/tags/v1", tag_gone).status, 200);
    EXPECT_EQ(ask("GET", project_ + "/tags").body.at("tags").as_array().size(), 1U);
    EXPECT_EQ(undo("side", gone).code(), "already_undone");
}

TEST_F(Reflog, ACreatedBranchGoesAgain) {
    const std::uint64_t made = push("refs/heads/side", "", second_);
    EXPECT_EQ(undo("side", made).str("after"), zero_);
    EXPECT_EQ(tip("side"), "");
    EXPECT_EQ(undo("side", made).code(), "already_undone");
    EXPECT_EQ(undo("main", 1).code(), "head_moved") << "main has moved since";
}

TEST_F(Reflog, AnUndoDeploysAsAnyPush) {
    const std::string app = made_app().str("projectId");
    id_ = app;
    project_ = "/api/projects/" + app;
    const std::string made = tip("main");
    const Said next = ask("POST",
                          project_ + "/commits",
                          R"({"branch":"main","message":"m",
                              "files":[{"action":"create","path":"b","content":""}]})");
    const std::uint64_t push = static_cast<std::uint64_t>(
        ask("GET", project_ + "/reflog?limit=1").body.at("moves").at(0).at("push").as_int64());
    work_off_all();
    const Said undone = undo("main", push);
    ASSERT_EQ(undone.status, 200) << undone.text;
    EXPECT_EQ(undone.body.at("deployments").as_array().size(), 1U);
    work_off_all();
    const std::string id(undone.body.at("deployments").at(0).as_string());
    const Said live = ask("GET", project_ + "/deployments/" + id);
    EXPECT_EQ(live.str("state"), "live") << live.text;
    EXPECT_EQ(live.str("commit"), made);
}

TEST_F(Reflog, AnUndoIsRefusedWhenTheRefMovedOrMayNot) {
    const std::uint64_t forced = push("refs/heads/main", second_, first_);
    EXPECT_EQ(undo("main", forced, R"(,"expectedHead":")" + second_ + "\"").code(), "head_moved");
    EXPECT_EQ(undo("main", forced, R"(,"expectedHead":"")").code(), "head_moved");
    EXPECT_EQ(undo("main", forced, R"(,"expectedHead":"main")").code(), "wrong_type");
    EXPECT_EQ(undo("main", 99).code(), "move_not_found");
    EXPECT_EQ(undo("main", 0).code(), "move_not_found");
    EXPECT_EQ(undo("side", forced).code(), "move_not_found");
    EXPECT_EQ(undo("main", forced, R"(,"force":true)").code(), "unknown_field");
    EXPECT_EQ(undo("a..b", forced).code(), "bad_ref_name");
    for (const char* push : {"-1", "1.5", "\"3\"", "[]", "true", "1e400"}) {
        const Said said = ask("POST",
                              project_ + "/reflog/undo",
                              R"({"ref":"main","push":)" + std::string(push) + "}");
        EXPECT_EQ(said.status, 400) << push << said.text;
    }
    EXPECT_EQ(ask("POST", project_ + "/reflog/undo", R"({"ref":"main"})").code(), "missing_field");

    ASSERT_EQ(ask("PATCH", project_, R"({"protectedBranches":["main"]})").status, 200);
    commit("main", "three\n");
    EXPECT_EQ(undo("main", forced).code(), "head_moved");
    const Said taken = undo("main", forced + 1);
    EXPECT_EQ(taken.code(), "push_refused") << "it would be a force-push to a protected branch";
    EXPECT_TRUE(taken.str("detail").contains("protected"));
    ASSERT_EQ(ask("PATCH", project_, R"({"protectedBranches":[]})").status, 200);
    EXPECT_EQ(undo("main", forced + 1).status, 200);

    const std::uint64_t gone =
        (push("refs/heads/side", "", first_), push("refs/heads/side", first_, ""));
    push("refs/heads/side/below", "", first_);
    EXPECT_EQ(undo("side", gone).code(), "push_refused") << "a ref stands in the way";
}

TEST_F(Reflog, AnUndoAfterTheHistoryWasDroppedSaysSo) {
    const std::uint64_t forced = push("refs/heads/main", second_, first_);
    forget(forced);
    const Said said = undo("main", forced);
    EXPECT_EQ(said.status, 410) << said.text;
    EXPECT_EQ(said.code(), "history_expired");
    EXPECT_EQ(undo("side", forced).code(), "move_not_found");
    push("refs/heads/side", "", first_);
    forget(forced, true);
    EXPECT_EQ(undo("main", forced).code(), "history_expired");
    EXPECT_EQ(ask("GET", project_ + "/reflog").body.at("moves").as_array().size(), 1U);
}

TEST_F(Reflog, RefsAreShownAsOfATime) {
    const std::string before_all = rfc3339(1'600'000'000'000);
    const std::string after_second = now();
    push("refs/heads/side", "", first_);
    push("refs/origind/pristine", "", first_, true);
    push("refs/tags/v1", "", first_);
    const std::string with_side = now();
    push("refs/heads/main", second_, first_);
    push("refs/heads/side", first_, "");
    const auto names = [&](const std::string& list, const std::string& at) {
        const Said said = ask("GET", project_ + "/" + list + "?at=" + at);
        EXPECT_EQ(said.status, 200) << said.text;
        std::string out;
        for (const json::value& row : said.body.at(list).as_array()) {
            const std::string commit(row.at("commit").as_string());
            out += std::string(row.at("name").as_string()) + (commit == first_    ? "=1 "
                                                              : commit == second_ ? "=2 "
                                                                                  : "=? ");
        }
        return out;
    };
    EXPECT_EQ(names("branches", before_all), "");
    EXPECT_EQ(names("branches", after_second), "main=2 ");
    EXPECT_EQ(names("branches", with_side), "main=2 side=1 ");
    EXPECT_EQ(names("refs", with_side), "refs/heads/main=2 refs/heads/side=1 refs/tags/v1=1 ");
    EXPECT_EQ(names("tags", with_side), "v1=1 ");
    EXPECT_EQ(names("branches", now()), "main=1 ");

    for (const char* bad :
         {"yesterday", "2026-11-22", "2026-02-30T00:00:00Z", "", "9999-01-01T00:00:00Z"}) {
        EXPECT_EQ(ask("GET", project_ + "/refs?at=" + bad).code(), "bad_time") << bad;
    }
    forget(3);
    EXPECT_EQ(names("branches", with_side), "main=2 side=1 ");
    const Said gone = ask("GET", project_ + "/refs?at=" + after_second);
    EXPECT_EQ(gone.status, 410) << gone.text;
    EXPECT_EQ(gone.code(), "history_expired");
    EXPECT_EQ(ask("GET", project_ + "/refs?at=" + before_all).code(), "history_expired");
}

TEST_F(Reflog, AnOldTreeComesBackAsANewCommit) {
    const Said said = restore(first_, R"(,"expectedHead":")" + second_ + "\"");
    ASSERT_EQ(said.status, 201) << said.text;
    EXPECT_EQ(ask("GET", project_ + "/file?path=d/a.txt").text, "one");
    const Said shown = ask("GET", project_ + "/commits/" + said.str("commit"));
    EXPECT_EQ(shown.body.at("parents").at(0).as_string(), second_);
    EXPECT_TRUE(shown.str("message").starts_with("Restore \"m\"\n")) << shown.text;
    EXPECT_TRUE(shown.str("message").contains(first_));
    EXPECT_EQ(restore(first_).code(), "nothing_to_commit");
    EXPECT_EQ(restore("main").code(), "nothing_to_commit");
}

TEST_F(Reflog, OnePathComesBack) {
    ask("POST",
        project_ + "/commits",
        R"({"branch":"main","message":"m","files":[{"action":"delete","path":"d"},
            {"action":"create","path":"keep","content":"k"}]})");
    const Said folder = restore(first_, R"(,"path":"d","message":"d again")");
    ASSERT_EQ(folder.status, 201) << folder.text;
    EXPECT_EQ(ask("GET", project_ + "/file?path=d/a.txt").text, "one");
    EXPECT_EQ(ask("GET", project_ + "/file?path=keep").text, "k");
    ASSERT_EQ(restore(second_, R"(,"path":"d/a.txt")").status, 201);
    EXPECT_EQ(ask("GET", project_ + "/file?path=d/a.txt").text, "two");
    EXPECT_EQ(restore(second_, R"(,"path":"d/a.txt")").code(), "nothing_to_commit");
    EXPECT_EQ(restore(first_, R"(,"path":"keep")").code(), "path_not_found");
    for (const char* path : {"", "/d", "d/", "d//a.txt", "../d", ".git", "d\\u0000"}) {
        EXPECT_EQ(restore(first_, R"(,"path":")" + std::string(path) + "\"").code(), "bad_path")
            << path;
    }
    ask("POST",
        project_ + "/commits",
        R"({"branch":"flat","message":"m","files":[{"action":"delete","path":"d"},
            {"action":"create","path":"e","content":""}]})");
    ask("POST",
        project_ + "/commits",
        R"({"branch":"flat","message":"m","files":[{"action":"create","path":"d","content":""}]})");
    EXPECT_EQ(
        ask("POST", project_ + "/restore", R"({"branch":"flat","commit":"main","path":"d/a.txt"})")
            .code(),
        "path_conflict");
}

TEST_F(Reflog, OnlyWhatIsShownIsRestored) {
    push("refs/heads/main", second_, first_);
    EXPECT_EQ(restore(second_).code(), "ref_not_found") << "no ref reaches it";
    push("refs/origind/pristine", "", second_, true);
    EXPECT_EQ(restore(second_).code(), "ref_not_found") << "only a hidden ref reaches it";
    EXPECT_EQ(restore("refs/origind/pristine").code(), "ref_not_found");
    const std::string other = ask("POST", "/api/projects", R"({"name":"q"})").str("projectId");
    const Said foreign = ask("POST",
                             "/api/projects/" + other + "/commits",
                             R"({"branch":"main","message":"m",
                                 "files":[{"action":"create","path":"b","content":"x"}]})");
    EXPECT_EQ(restore(foreign.str("commit")).status, 404);
    EXPECT_EQ(restore("none").code(), "ref_not_found");
    EXPECT_EQ(restore("").code(), "nothing_to_commit") << "HEAD";
    EXPECT_EQ(restore(first_, R"(,"expectedHead":")" + second_ + "\"").code(), "head_moved");
    EXPECT_EQ(restore(first_, R"(,"message":" ")").code(), "empty_message");
    EXPECT_EQ(restore(first_, R"(,"tree":"x")").code(), "unknown_field");
    EXPECT_EQ(restore(first_, R"(,"path":1)").code(), "wrong_type");
    EXPECT_EQ(ask("POST", project_ + "/restore", R"({"branch":"new","commit":"main"})").code(),
              "ref_not_found");
    EXPECT_EQ(ask("POST", project_ + "/restore", R"({"branch":"main"})").code(), "missing_field");
}

TEST_F(Reflog, ReadsNeedGitReadAndWritesGitWrite) {
    const std::string reader = add_key(client_, *auth::Scopes::parse({"git:read"}));
    const std::string deployer = add_key(client_, *auth::Scopes::parse({"deploy"}));
    const std::string stranger = add_key(add_client("other", false), auth::Scopes::all());
    const std::string undo_body = R"({"ref":"main","push":2})";
    const std::string restore_body = R"({"branch":"main","commit":")" + first_ + "\"}";
    EXPECT_EQ(ask_as(reader, "GET", project_ + "/reflog").status, 200);
    EXPECT_EQ(ask_as(reader, "GET", project_ + "/refs?at=" + now()).status, 200);
    EXPECT_EQ(ask_as(reader, "POST", project_ + "/reflog/undo", undo_body).status, 403);
    EXPECT_EQ(ask_as(reader, "POST", project_ + "/restore", restore_body).status, 403);
    EXPECT_EQ(ask_as(deployer, "GET", project_ + "/reflog").status, 404);
    EXPECT_EQ(ask_as(stranger, "GET", project_ + "/reflog").status, 404);
    EXPECT_EQ(ask_as(stranger, "POST", project_ + "/reflog/undo", undo_body).status, 404);
    EXPECT_EQ(ask_as(stranger, "POST", project_ + "/restore", restore_body).status, 404);
    EXPECT_EQ(ask_as("", "GET", project_ + "/reflog").status, 401);
    EXPECT_EQ(tip("main"), second_);
}

}  // namespace
}  // namespace origin::api
