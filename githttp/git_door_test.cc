// SPDX-License-Identifier: Apache-2.0
// Goal: smart HTTP answers as Git's clients expect: who may do what, in which words, byte for byte
// where Git's own tests compare bytes; a push arrives, and may make its project.
// Method: a server without sockets; requests as a client would send them.
#include "githttp/git_door.h"

#include <gtest/gtest.h>

#include "crypto/encode.h"
#include "git/wire/pkt_line.h"
#include "githttp/door_world.h"

namespace origin::githttp {
namespace {

using test::Answered;
using test::Ask;
using test::basic;
using test::bearer;
using test::DoorWorld;

constexpr std::string_view kFetchRefs = "/info/refs?service=git-upload-pack";
constexpr std::string_view kPushRefs = "/info/refs?service=git-receive-pack";

net::Header type(std::string_view service) {
    return {"Content-Type", "application/x-" + std::string(service) + "-request"};
}

net::Header version2() {
    return {"Git-Protocol", "version=2"};
}

std::string ls_refs() {
    std::string body;
    git::append_pkt(body, "command=ls-refs\n");
    git::append_delim(body);
    git::append_pkt(body, "peel\n");
    git::append_flush(body);
    return body;
}

/// A gzip member with one stored block. Source: RFC 1951, 3.2.4; RFC 1952.
std::string gzipped(std::string_view text) {
    const auto little = [](std::uint32_t number, int bytes) {
        std::string out;
        for (int i = 0; i < bytes; ++i) {
            out += static_cast<char>(number >> (8 * i) & 0xff);
        }
        return out;
    };
    const auto size = static_cast<std::uint32_t>(text.size());
    return std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11) + little(size, 2) +
           little(~size, 2) + std::string(text) + little(crypto::crc32(text), 4) + little(size, 4);
}

class GitDoorTest : public testing::Test {
protected:
    void SetUp() override {
        alice_ = world_.add_client("alice");
        app_ = world_.add_project(alice_, "app");
        tip_ = world_.commit(app_, "refs/heads/main", {{"index.html", {"<p>Hello"}}});
        reader_ = world_.add_key(alice_, {"git:read"});
        writer_ = world_.add_key(alice_, {"git:write"});
        maker_ = world_.add_key(alice_, {"git:write", "projects:create"});
    }

    Answered refs(std::string_view target, std::vector<net::Header> headers = {}) {
        peer_ += "1";  // One peer's failures do not count against the next request.
        return world_.ask(
            {.target = std::string(target), .headers = std::move(headers), .peer = peer_});
    }

    Answered post(const std::string& project,
                  const std::string& service,
                  std::string body,
                  std::vector<net::Header> headers) {
        headers.push_back(type(service));
        return world_.ask({.method = "POST",
                           .target = project + "/" + service,
                           .headers = headers,
                           .body = std::move(body),
                           .piece = 100});
    }

    std::string push_body(const DoorWorld::Packed& packed, const std::string& ref) {
        std::string body;
        git::append_pkt(body,
                        Oid{}.hex() + " " + packed.commit.hex() + " " + ref +
                            std::string("\0 report-status side-band-64k", 29) + "\n");
        git::append_flush(body);
        return body + packed.pack;
    }

    DoorWorld world_;
    ClientId alice_;
    ProjectId app_;
    Oid tip_;
    std::string reader_;
    std::string writer_;
    std::string maker_;
    std::string peer_ = "192.0.2.";
};

TEST_F(GitDoorTest, GivesEachCredentialTheRightStatus) {
    const ClientId mallory = world_.add_client("mallory");
    const ProjectId gone = world_.add_project(alice_, "gone");
    world_.delete_project(gone);
    const std::string stranger = world_.add_key(mallory, {"git:write", "projects:create"});
    const std::string deployer = world_.add_key(alice_, {"deploy"});
    const std::string expired = world_.add_key(alice_, {"git:write"}, world_.clock.now() - 1);
    const std::string creator = world_.add_key(alice_, {"projects:create"});
    const std::string app = "/alice/app.git";
    struct Row {
        std::string who;
        std::vector<net::Header> headers;
        int fetch, push;                  // Of the project that is there.
        int fetch_missing, push_missing;  // Of one that is not.
    };
    for (const Row& row : {Row{"nobody", {}, 401, 401, 401, 401},
                           Row{"garbage", {basic("git", "xyz")}, 401, 401, 401, 401},
                           Row{"bad base64", {{"Authorization", "Basic ?"}}, 401, 401, 401, 401},
                           Row{"a digest", {{"Authorization", "Digest x"}}, 401, 401, 401, 401},
                           Row{"expired", {basic("git", expired)}, 401, 401, 401, 401},
                           Row{"stranger", {basic("git", stranger)}, 404, 404, 404, 404},
                           Row{"deployer", {basic("git", deployer)}, 404, 404, 404, 404},
                           Row{"creator", {basic("git", creator)}, 404, 404, 404, 404},
                           Row{"reader", {basic("git", reader_)}, 200, 403, 404, 404},
                           Row{"writer", {basic("git", writer_)}, 200, 200, 404, 404},
                           Row{"maker", {basic("git", maker_)}, 200, 200, 404, 200},
                           Row{"key as user", {basic(reader_, "")}, 200, 403, 404, 404},
                           Row{"bearer", {bearer(maker_)}, 200, 200, 404, 200}}) {
        EXPECT_EQ(refs(app + std::string(kFetchRefs), row.headers).status, row.fetch) << row.who;
        EXPECT_EQ(refs(app + std::string(kPushRefs), row.headers).status, row.push) << row.who;
        for (const std::string missing : {"/alice/abc.git", "/alice/gone"}) {
            EXPECT_EQ(refs(missing + std::string(kFetchRefs), row.headers).status,
                      row.fetch_missing)
                << row.who;
            EXPECT_EQ(refs(missing + std::string(kPushRefs), row.headers).status, row.push_missing)
                << row.who;
        }
    }
    EXPECT_EQ(refs("/" + app_.str() + ".git" + std::string(kFetchRefs), {bearer(reader_)}).status,
              200);
    EXPECT_EQ(refs("/alice/abc" + std::string(kFetchRefs), {bearer(reader_)}).body, "");
    EXPECT_EQ(refs("/mallory/new" + std::string(kPushRefs), {bearer(maker_)}).status, 404);
    EXPECT_EQ(refs("/alice/UPPER" + std::string(kPushRefs), {bearer(maker_)}).status, 404);
    EXPECT_EQ(refs("/alice/api" + std::string(kPushRefs), {bearer(maker_)}).status, 404);
}

TEST_F(GitDoorTest, PostsAreAuthorizedLikeGets) {
    struct Row {
        std::vector<net::Header> headers;
        int fetch, push;
    };
    for (const Row& row :
         {Row{{}, 401, 401}, Row{{bearer(reader_)}, 200, 403}, Row{{bearer(writer_)}, 200, 200}}) {
        EXPECT_EQ(post("/alice/app.git", "git-upload-pack", "0000", row.headers).status, row.fetch);
        EXPECT_EQ(post("/alice/app.git", "git-receive-pack", "0000", row.headers).status, row.push);
    }
}

TEST_F(GitDoorTest, PrivateAndUnknownNamesLookAlikeToStrangers) {
    const Answered there = refs("/alice/app.git" + std::string(kFetchRefs));
    const Answered missing = refs("/alice/abc.git" + std::string(kFetchRefs));
    EXPECT_EQ(there.header("WWW-Authenticate"), "Basic realm=\"origind\"");
    EXPECT_EQ(there.headers, missing.headers);
    EXPECT_EQ(there.body, missing.body);
}

TEST_F(GitDoorTest, SendsHeadersInTheOrderThatGitComparesThem) {
    const std::vector<std::string> expected = {
        "Expires", "Pragma", "Cache-Control", "Content-Type"};
    const Answered listing =
        refs("/alice/app.git" + std::string(kFetchRefs), {bearer(reader_), version2()});
    EXPECT_EQ(listing.header_names(), expected);
    EXPECT_EQ(listing.header("Expires"), "Fri, 01 Jan 1980 00:00:00 GMT");
    EXPECT_EQ(listing.header("Cache-Control"), "no-cache, max-age=0, must-revalidate");
    EXPECT_EQ(listing.header("Content-Type"), "application/x-git-upload-pack-advertisement");
    const Answered answer =
        post("/alice/app.git", "git-upload-pack", ls_refs(), {bearer(reader_), version2()});
    EXPECT_EQ(answer.header_names(), expected);
    EXPECT_EQ(answer.header("Content-Type"), "application/x-git-upload-pack-result");
}

TEST_F(GitDoorTest, ListsRefsInEachVersion) {
    const std::string target = "/alice/app.git" + std::string(kFetchRefs);
    const Answered v0 = refs(target, {bearer(reader_)});
    EXPECT_TRUE(v0.body.starts_with("001e# service=git-upload-pack\n0000")) << v0.body;
    EXPECT_TRUE(v0.body.contains(tip_.hex() + " refs/heads/main\n"));
    const Answered v1 = refs(target, {bearer(reader_), {"Git-Protocol", "version=1"}});
    EXPECT_TRUE(v1.body.contains("version 1"));
    const Answered v2 = refs(target, {bearer(reader_), version2()});
    EXPECT_TRUE(v2.body.contains("version 2"));
    EXPECT_FALSE(v2.body.contains("refs/heads/main"));
    const Answered push =
        refs("/alice/app.git" + std::string(kPushRefs), {bearer(writer_), version2()});
    EXPECT_TRUE(push.body.contains("report-status"));
    EXPECT_FALSE(push.body.contains("version 2"));
}

TEST_F(GitDoorTest, TakesPlainAndGzippedBodies) {
    const std::vector<net::Header> plain = {bearer(reader_), version2()};
    const Answered answer = post("/alice/app.git", "git-upload-pack", ls_refs(), plain);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.contains(tip_.hex() + " refs/heads/main"));
    for (const std::string coding : {"gzip", "x-gzip"}) {
        auto headers = plain;
        headers.push_back({"Content-Encoding", coding});
        const Answered packed =
            post("/alice/app.git", "git-upload-pack", gzipped(ls_refs()), headers);
        EXPECT_EQ(packed.status, 200);
        EXPECT_EQ(packed.body, answer.body);
        EXPECT_EQ(post("/alice/app.git", "git-upload-pack", "not gzip", headers).status, 400);
    }
    auto headers = plain;
    headers.push_back({"Content-Encoding", "br"});
    EXPECT_EQ(post("/alice/app.git", "git-upload-pack", ls_refs(), headers).status, 415);
}

// The second clone is answered out of memory: for those who may read the project then.
TEST_F(GitDoorTest, AKeptPackIsForWhoMayReadTheProjectNow) {
    std::string clone;
    git::append_pkt(clone, "command=fetch\n");
    git::append_delim(clone);
    git::append_pkt(clone, "want " + tip_.hex() + "\n");
    git::append_pkt(clone, "done\n");
    git::append_flush(clone);
    const auto cloned_by = [&](const std::string& key) {
        return post("/alice/app.git", "git-upload-pack", clone, {bearer(key), version2()});
    };
    const std::string soon_gone = world_.add_key(alice_, {"git:read"}, world_.clock.now() + 1'000);
    const std::string deployer = world_.add_key(alice_, {"deploy"});
    const std::string stranger = world_.add_key(world_.add_client("mallory"), {"git:read"});
    const Answered first = cloned_by(reader_);
    EXPECT_TRUE(first.body.contains("PACK"));
    EXPECT_EQ(cloned_by(soon_gone).body, first.body);
    Counter& hits = world_.metrics.counter("fetch_kept_packs_total{result=\"hit\"}");
    EXPECT_EQ(hits.value(), 1U);
    world_.clock.advance(std::chrono::seconds(2));
    EXPECT_EQ(cloned_by(soon_gone).status, 401);
    EXPECT_EQ(cloned_by(deployer).status, 404);
    EXPECT_EQ(cloned_by(stranger).status, 404);
    world_.delete_project(app_);
    EXPECT_EQ(cloned_by(reader_).status, 404);
    world_.add_project(alice_, "app");  // Another one, under the same name.
    const Answered other = cloned_by(reader_);
    EXPECT_TRUE(other.body.contains("not our ref")) << other.body;
    EXPECT_EQ(hits.value(), 1U);
}

TEST_F(GitDoorTest, AnswersAProbeWithNothing) {
    for (const std::string service : {"git-upload-pack", "git-receive-pack"}) {
        const Answered probe = post("/alice/app.git", service, "0000", {bearer(writer_)});
        EXPECT_EQ(probe.status, 200) << service;
        EXPECT_EQ(probe.body, "") << service;
        EXPECT_EQ(probe.header("Content-Type"), "application/x-" + service + "-result");
    }
    EXPECT_EQ(post("/alice/abc", "git-receive-pack", "0000", {bearer(maker_)}).status, 200);
    EXPECT_FALSE(world_.find("alice/abc"));
}

TEST_F(GitDoorTest, RefusesWhatIsNotSmartHttp) {
    const std::string app = "/alice/app.git";
    const std::vector<net::Header> key = {bearer(writer_)};
    const Answered dumb = refs(app + "/info/refs", key);
    EXPECT_EQ(dumb.status, 403);
    EXPECT_EQ(dumb.body, "");
    for (const std::string query : {"service=git-upload-archive",
                                    "service=sh",
                                    "service=",
                                    "service=git-upload-pack&service=git-upload-pack"}) {
        EXPECT_EQ(refs(app + "/info/refs?" + query, key).status, 403) << query;
    }
    Ask wrong{.method = "POST", .target = app + "/git-upload-pack", .headers = key, .body = "0000"};
    EXPECT_EQ(world_.ask(wrong).status, 415);
    wrong.headers.push_back(type("git-receive-pack"));
    EXPECT_EQ(world_.ask(wrong).status, 415);
    struct Row {
        std::string method, path, allow;
    };
    for (const Row& row : {Row{"GET", "/git-upload-pack", "POST"},
                           Row{"PUT", "/git-receive-pack", "POST"},
                           Row{"POST", "/info/refs?service=git-upload-pack", "GET, HEAD"}}) {
        const Answered answer =
            world_.ask({.method = row.method, .target = app + row.path, .headers = key});
        EXPECT_EQ(answer.status, 405) << row.path;
        EXPECT_EQ(answer.header("Allow"), row.allow);
    }
}

TEST_F(GitDoorTest, TellsLfsThatThereIsNone) {
    const Answered answer =
        world_.ask({.method = "POST", .target = "/alice/app.git/info/lfs/objects/batch"});
    EXPECT_EQ(answer.status, 501);
    EXPECT_EQ(answer.header("Content-Type"), "application/vnd.git-lfs+json");
    EXPECT_TRUE(answer.body.starts_with("{\"message\":\""));
}

TEST_F(GitDoorTest, SlowsWhoeverGuessesKeys) {
    const Ask guess{.target = "/alice/app.git" + std::string(kFetchRefs),
                    .headers = {basic("git", "guess")}};
    int tries = 0;
    Answered answer = world_.ask(guess);
    for (; answer.status == 401 && tries < 100; ++tries) {
        answer = world_.ask(guess);
    }
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.header("Retry-After"), "1");
    const Ask good{.target = guess.target, .headers = {bearer(reader_)}};
    EXPECT_EQ(world_.ask(good).status, 429);
    world_.clock.advance(std::chrono::seconds(2));
    EXPECT_EQ(world_.ask(good).status, 200);
}

TEST_F(GitDoorTest, TheOperatorNeedsNoKey) {
    const Ask ask{.target = "/alice/app.git" + std::string(kFetchRefs), .local_operator = true};
    EXPECT_EQ(world_.ask(ask).status, 404);  // There is no admin yet.
    world_.add_client("root", true);
    EXPECT_EQ(world_.ask(ask).status, 200);
}

TEST_F(GitDoorTest, APushArrives) {
    const auto packed = world_.packed_commit({{"a.txt", {"one"}}});
    const Answered answer = post("/alice/app.git",
                                 "git-receive-pack",
                                 push_body(packed, "refs/heads/feature"),
                                 {bearer(writer_)});
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.contains("unpack ok")) << answer.body;
    EXPECT_TRUE(answer.body.contains("ok refs/heads/feature"));
    EXPECT_FALSE(answer.cut_off);
    EXPECT_EQ(world_.tip(app_, "refs/heads/feature"), packed.commit);
}

TEST_F(GitDoorTest, ABrokenPackChangesNothing) {
    auto packed = world_.packed_commit({{"a.txt", {"one"}}});
    packed.pack.back() = static_cast<char>(packed.pack.back() ^ 1);
    const Answered answer = post("/alice/new.git",
                                 "git-receive-pack",
                                 push_body(packed, "refs/heads/main"),
                                 {bearer(maker_)});
    EXPECT_EQ(answer.status, 200);  // Git wants to read the report.
    EXPECT_FALSE(answer.body.contains("unpack ok"));
    EXPECT_FALSE(world_.find("alice/new"));
}

TEST_F(GitDoorTest, APushToAMissingNameMakesTheProject) {
    const auto packed = world_.packed_commit({{"a.txt", {"one"}}});
    const Answered listing = refs("/alice/new-name.git" + std::string(kPushRefs), {bearer(maker_)});
    EXPECT_TRUE(listing.body.contains("capabilities^{}")) << listing.body;
    EXPECT_FALSE(world_.find("alice/new-name"));
    const Answered answer = post("/alice/new-name.git",
                                 "git-receive-pack",
                                 push_body(packed, "refs/heads/trunk"),
                                 {bearer(maker_)});
    EXPECT_TRUE(answer.body.contains("ok refs/heads/trunk")) << answer.body;
    EXPECT_TRUE(answer.body.contains("https://git.example.org/alice/new-name.git"));
    const auto made = world_.find("alice/new-name");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->row.owner, alice_);
    EXPECT_EQ(made->row.head, "refs/heads/trunk");
    EXPECT_EQ(world_.tip(made->id, "refs/heads/trunk"), packed.commit);
    EXPECT_EQ(refs("/alice/new-name" + std::string(kFetchRefs), {bearer(reader_)}).status, 200);
}

}  // namespace
}  // namespace origin::githttp
