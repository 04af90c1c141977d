// SPDX-License-Identifier: Apache-2.0
// Goal: the git of this machine says what we say, and we understand all that it says.
// Method: a small repository in a temporary folder. What `git upload-pack` and `git receive-pack`
// answer is compared with our bytes; what real clients send is caught on its way and parsed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>  // mkdtemp

#include "git/wire/fetch_response.h"
#include "git/wire/receive_commands.h"
#include "git/wire/report_status.h"
#include "git/wire/v2_request.h"

namespace origin::git {
namespace {

namespace fs = std::filesystem;

/// What `command` prints. It runs under `sh -e` with a fixed identity and no foreign settings.
std::string output_of(const std::string& command) {
    const std::string line =
        "set -e; export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null"
        " GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000'"
        " GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org"
        " GIT_COMMITTER_DATE='1700000000 +0000'; " +
        command;
    std::string out;
    std::FILE* pipe = popen(line.c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        out.append(buffer.data(), size);
    }
    EXPECT_EQ(pclose(pipe), 0) << command << '\n' << out;
    return out;
}

class Oracle : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "origin-wire-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        in_folder(
            "git init -q --bare -b main r.git; cd r.git;"
            "git config uploadpack.allowTipSHA1InWant true;"
            "git config uploadpack.allowReachableSHA1InWant true;"
            "git config receive.advertisePushOptions true;"
            "git config receive.denyDeleteCurrent ignore");
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string in_folder(const std::string& command) const {
        return output_of("cd " + folder_.string() + "; " + command);
    }

    /// Three commits, two branches, a light and an annotated tag.
    void fill() const {
        in_folder(
            "git init -q -b main w; cd w;"
            "for n in 1 2 3; do echo $n >f; git add f; git commit -qm $n; done;"
            "git branch feature HEAD~1; git tag light HEAD~2; git tag -a -m v1 v1 HEAD~2;"
            "git push -q ../r.git --all; git push -q ../r.git --tags");
    }

    /// `request` given to `command` on its standard input.
    std::string answer(const std::string& command, const std::string& request) const {
        std::ofstream(folder_ / "request", std::ios::binary) << request;
        return in_folder(command + " <request 2>/dev/null");
    }

    /// What a client sends to the server half of `command`, in which SERVER stands for it.
    std::string sent_by(const std::string& service, std::string command) const {
        std::ofstream(folder_ / "server") << "#!/bin/sh\ntee '" << (folder_ / "sent").string()
                                          << "' | git-" << service << " \"$@\"\n";
        fs::permissions(folder_ / "server", fs::perms::owner_all);
        const std::string word = "SERVER";
        command.replace(command.find(word), word.size(), (folder_ / "server").string());
        in_folder(command + " >/dev/null 2>&1");
        std::ostringstream sent;
        sent << std::ifstream(folder_ / "sent", std::ios::binary).rdbuf();
        return sent.str();
    }

    std::string agent() const {
        return "git/" + in_folder("git version | cut -d' ' -f3 | tr -d '\\n'");
    }

    Oid oid(const std::string& name) const {
        const std::string hex = in_folder("git -C r.git rev-parse " + name);
        return *Oid::from_hex(hex.substr(0, kOidHexDigits));
    }

    std::vector<AdvertisedRef> refs() const {
        std::istringstream lines(in_folder(
            "git -C r.git for-each-ref --format='%(refname) %(objectname) %(*objectname)'"));
        std::vector<AdvertisedRef> found;
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string name;
            std::string id;
            std::string peeled;
            words >> name >> id >> peeled;
            found.push_back({name, *Oid::from_hex(id), Oid::from_hex(peeled)});
        }
        return found;
    }

    /// What a full clone wants.
    std::set<Oid> distinct_tips() const {
        std::set<Oid> tips;
        for (const AdvertisedRef& ref : refs()) {
            tips.insert(ref.oid);
        }
        return tips;
    }

    fs::path folder_;
};

std::set<Oid> distinct(const std::vector<Oid>& ids) {
    return {ids.begin(), ids.end()};
}

void check_advertisements(const std::string& theirs, Advertisement ours, const char* what) {
    ours.features.deepen_by_history = true;
    std::string out;
    append_advertisement(out, ours);
    EXPECT_EQ(out, theirs) << what;
}

TEST_F(Oracle, AdvertisesTheSameRefs) {
    const std::string name = agent();
    const std::string fetch = "git upload-pack --http-backend-info-refs r.git";
    const std::string push = "git receive-pack --http-backend-info-refs r.git";
    const std::string service_line = "001e# service=git-upload-pack\n0000";
    // No upload-pack of an empty repository here: git before 2.41 says a bare flush, later ones
    // and we say capabilities^{} (advertisement_test.cc).
    check_advertisements(
        in_folder(push), {.service = Service::ReceivePack, .agent = name}, "a first push");
    fill();
    const auto all = refs();
    const AdvertisedHead head{"refs/heads/main", oid("main")};
    check_advertisements(service_line + in_folder(fetch),
                         {.over_http = true, .agent = name, .head = &head, .refs = all},
                         "version 0");
    check_advertisements(service_line + in_folder("GIT_PROTOCOL=version=1 " + fetch),
                         {.version = ProtocolVersion::V1,
                          .over_http = true,
                          .agent = name,
                          .head = &head,
                          .refs = all},
                         "version 1");
    check_advertisements(in_folder("GIT_PROTOCOL=version=2 " + push),
                         {.service = Service::ReceivePack,
                          .version = ProtocolVersion::V2,
                          .agent = name,
                          .refs = all},
                         "a push");
}

TEST_F(Oracle, ListsTheSameRefs) {
    const std::string server = "GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc r.git";
    for (const bool filled : {false, true}) {
        if (filled) {
            fill();
        }
        const AdvertisedHead head{"refs/heads/main",
                                  filled ? std::optional(oid("main")) : std::nullopt};
        for (const std::string arguments : {"",
                                            "peel ",
                                            "symrefs ",
                                            "symrefs unborn ",
                                            "peel symrefs unborn ref-prefix=HEAD ",
                                            "peel ref-prefix=refs/tags/ ref-prefix=refs/heads/f ",
                                            "ref-prefix=nothing "}) {
            std::string request;
            append_pkt(request, "command=ls-refs\n");
            append_delim(request);
            std::istringstream words(arguments);
            for (std::string word; words >> word;) {
                std::ranges::replace(word, '=', ' ');
                append_pkt(request, word + "\n");
            }
            append_flush(request);
            V2RequestParser parser{FetchFeatures{}};
            Bytes chunk = bytes_of(request);
            ASSERT_EQ(parser.feed(chunk), V2Step::Complete);
            std::string ours;
            append_ls_refs(ours, std::get<LsRefsRequest>(parser.take().command), head, refs());
            EXPECT_EQ(ours, answer(server, request)) << arguments;
        }
    }
}

/// A stateless v0 request for `want` by somebody who has `haves`.
std::string v0_request(const Oid& want, const std::string& capabilities, std::string_view haves) {
    std::string request;
    append_pkt(request, "want " + want.hex() + " " + capabilities + "\n");
    append_flush(request);
    for (; !haves.empty(); haves.remove_prefix(std::min(haves.size(), kOidHexDigits))) {
        append_pkt(request, "have " + std::string(haves.substr(0, kOidHexDigits)) + "\n");
    }
    append_flush(request);
    return request;
}

TEST_F(Oracle, AcknowledgesTheSameHaves) {
    fill();
    const std::string known = oid("main~1").hex();
    const std::string older = oid("main~2").hex();
    const std::string unknown(40, 'e');
    for (const auto& [mode, name] : {std::pair{MultiAck::None, ""},
                                     std::pair{MultiAck::Plain, "multi_ack"},
                                     std::pair{MultiAck::Detailed, "multi_ack_detailed"}}) {
        for (const std::string& haves :
             {std::string(), known, unknown, unknown + known, older + unknown + known}) {
            const std::string theirs = answer("git upload-pack --stateless-rpc r.git",
                                              v0_request(oid("main"), name, haves));
            V0Acks acks(mode, false);
            std::string ours;
            bool enough = false;
            for (std::size_t at = 0; at < haves.size(); at += kOidHexDigits) {
                const Oid have = *Oid::from_hex(haves.substr(at, kOidHexDigits));
                if (have.hex() == unknown) {
                    acks.unknown(ours, have, enough);
                } else {
                    acks.known(ours, have);
                    enough = true;  // Each of them is an ancestor of main.
                }
            }
            acks.end_batch(ours, enough);
            EXPECT_EQ(ours, theirs) << name << ' ' << haves;
        }
    }
}

TEST_F(Oracle, ReportsTheSameOutcomes) {
    fill();
    const std::string zero(40, '0');
    for (const std::string capabilities :
         {"report-status", "report-status-v2", "report-status side-band-64k"}) {
        in_folder("git -C r.git branch -f gone main");
        std::string request;
        append_pkt(request,
                   oid("main").hex() + " " + zero + " refs/heads/gone" + '\0' + capabilities);
        append_pkt(request, oid("main").hex() + " " + zero + " refs/heads/bad..name");
        append_flush(request);
        ReceiveCommandsParser parser;
        Bytes chunk = bytes_of(request);
        ASSERT_EQ(parser.feed(chunk), true);
        EXPECT_FALSE(parser.request().commands[1].name);
        std::string ours;
        append_report_status(
            ours,
            {.refs = {{.name = "refs/heads/gone"},
                      {.name = "refs/heads/bad..name", .refusal = "funny refname"}}},
            parser.request().capabilities);
        append_push_end(ours, parser.request().capabilities);
        const std::string theirs = answer("git receive-pack --stateless-rpc r.git", request);
        // git prints `error: refusing to update funny ref` on band 2 before its report.
        EXPECT_TRUE(theirs.ends_with(ours)) << ours << "\n---\n" << theirs;
    }
}

/// All requests of a v2 conversation.
std::vector<V2Request> v2_requests(const std::string& sent) {
    std::vector<V2Request> requests;
    V2RequestParser parser{FetchFeatures{.filter = true}};
    Bytes chunk = bytes_of(sent);
    while (true) {
        const auto step = parser.feed(chunk);
        EXPECT_TRUE(step) << (step ? "" : step.error().told_to_peer());
        if (!step || *step != V2Step::Complete) {
            EXPECT_TRUE(parser.finish());
            return requests;
        }
        requests.push_back(parser.take());
    }
}

TEST_F(Oracle, UnderstandsFetchesOfVersionTwo) {
    fill();
    const auto clone = v2_requests(sent_by(
        "upload-pack", "git -c protocol.version=2 clone -q -n -u SERVER file://$PWD/r.git a"));
    ASSERT_EQ(clone.size(), 2U);
    const auto& list = std::get<LsRefsRequest>(clone[0].command);
    EXPECT_TRUE(list.peel && list.symrefs);
    EXPECT_TRUE(clone[0].agent.starts_with("git/"));
    const auto& all = std::get<FetchRequest>(clone[1].command);
    EXPECT_TRUE(all.done && all.ofs_delta && all.thin_pack && all.haves.empty());
    EXPECT_EQ(distinct(all.wants), distinct_tips());

    const auto cut = v2_requests(sent_by("upload-pack",
                                         "git -c protocol.version=2 clone -q -n --depth 1 "
                                         "-u SERVER file://$PWD/r.git b"));
    EXPECT_EQ(std::get<FetchRequest>(cut.back().command).depth, 1U);

    const auto whole = v2_requests(sent_by(
        "upload-pack",
        "cd b; git -c protocol.version=2 fetch -q --no-tags --unshallow --upload-pack SERVER"));
    const auto& rest = std::get<FetchRequest>(whole.back().command);
    EXPECT_EQ(rest.depth, kInfiniteDepth);
    EXPECT_EQ(rest.shallows, std::vector{oid("main")});

    in_folder("cd w; echo 4 >f; git commit -qam 4; git push -q ../r.git main");
    const auto next = v2_requests(
        sent_by("upload-pack", "cd a; git -c protocol.version=2 fetch -q --upload-pack SERVER"));
    const auto& newer = std::get<FetchRequest>(next.back().command);
    EXPECT_EQ(newer.wants, std::vector{oid("main")});
    EXPECT_FALSE(newer.haves.empty());
}

TEST_F(Oracle, UnderstandsFetchesOfVersionZeroAndOne) {
    fill();
    const std::string clone = "git -c protocol.version=0 clone -q -n -u SERVER ";
    V0FetchParser first{FetchFeatures{}};
    const std::string first_sent = sent_by("upload-pack", clone + "file://$PWD/r.git a");
    Bytes chunk = bytes_of(first_sent);
    ASSERT_EQ(first.feed(chunk), FetchStep::WantsEnd);
    ASSERT_EQ(first.feed(chunk), FetchStep::Done);
    EXPECT_TRUE(chunk.empty());
    EXPECT_EQ(first.request().multi_ack, MultiAck::Detailed);
    EXPECT_EQ(first.request().side_band, SideBand::Large);
    EXPECT_EQ(distinct(first.request().wants), distinct_tips());

    V0FetchParser cut{FetchFeatures{}};
    const std::string cut_sent = sent_by("upload-pack", clone + "--depth 1 file://$PWD/r.git b");
    chunk = bytes_of(cut_sent);
    ASSERT_EQ(cut.feed(chunk), FetchStep::WantsEnd);
    EXPECT_EQ(cut.request().depth, 1U);

    in_folder("cd w; echo 4 >f; git commit -qam 4; git push -q ../r.git main");
    V0FetchParser next{FetchFeatures{}};
    const std::string next_sent =
        sent_by("upload-pack", "cd a; git -c protocol.version=1 fetch -q --upload-pack SERVER");
    chunk = bytes_of(next_sent);
    auto step = next.feed(chunk);
    while (step && *step != FetchStep::Done && *step != FetchStep::NeedMore) {
        step = next.feed(chunk);
    }
    EXPECT_EQ(step, FetchStep::Done);
    EXPECT_FALSE(next.request().haves.empty());
    EXPECT_EQ(next.request().wants, std::vector{oid("main")});
}

PushRequest push_of(const std::string& sent, std::string& pack) {
    ReceiveCommandsParser parser;
    Bytes chunk = bytes_of(sent);
    EXPECT_EQ(parser.feed(chunk), true);
    pack = text_of(chunk);
    return parser.take();
}

TEST_F(Oracle, UnderstandsPushes) {
    fill();
    std::string pack;
    in_folder("cd w; echo 4 >f; git commit -qam 4");
    const PushRequest update =
        push_of(sent_by("receive-pack",
                        "cd w; git push -q --atomic -o deploy.skip -o 'requirement=a; b' "
                        "--receive-pack SERVER ../r.git main main:refs/heads/copy"),
                pack);
    EXPECT_EQ(update.commands.size(), 2U);
    EXPECT_TRUE(update.capabilities.atomic && update.capabilities.report_status_v2 &&
                update.capabilities.quiet);
    EXPECT_EQ(update.options, (std::vector<std::string>{"deploy.skip", "requirement=a; b"}));
    EXPECT_TRUE(pack.starts_with("PACK"));

    const PushRequest removal =
        push_of(sent_by("receive-pack",
                        "cd w; git push -q --receive-pack SERVER ../r.git :refs/heads/copy :v1"),
                pack);
    EXPECT_FALSE(removal.expects_pack());
    EXPECT_EQ(removal.commands.size(), 2U);
    EXPECT_TRUE(pack.empty());

    in_folder("git clone -q --depth 1 file://$PWD/r.git cut; cd cut; echo 5 >f; git commit -qam 5");
    const PushRequest from_cut =
        push_of(sent_by("receive-pack",
                        "cd cut; git push -q --receive-pack SERVER file://$PWD/../r.git main:five"),
                pack);
    EXPECT_EQ(from_cut.shallows.size(), 1U);
    EXPECT_TRUE(pack.starts_with("PACK"));
}

}  // namespace
}  // namespace origin::git
