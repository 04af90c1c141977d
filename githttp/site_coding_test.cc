// SPDX-License-Identifier: Apache-2.0
// Goal: a file is sent in a coding that its visitor takes, and is told apart in each.
// Method: a server without sockets that makes codings at once, beside the first request.
#include <gtest/gtest.h>

#include "githttp/door_world.h"

namespace origin::githttp {
namespace {

using test::Answered;

class SiteCoding : public testing::Test {
protected:
    void SetUp() override { app_ = world_.add_project(world_.add_client("alice"), "app"); }
    Answered live(std::string_view target, std::vector<net::Header> headers) {
        return world_.get("app.sites.example.net", std::string(target), std::move(headers));
    }

    test::DoorWorld world_;
    ProjectId app_;
};

TEST_F(SiteCoding, SendsTheCodingThatAVisitorTakes) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += "line " + std::to_string(i) + "\n";
    }
    const Oid commit = world_.commit(
        app_,
        "refs/heads/main",
        {{"a.txt", {text}}, {"small.txt", {"small"}}, {"a.png", {text}}, {"404.html", {text}}});
    world_.deploy(app_, "production", commit);
    const auto ask =
        [&](const std::string& path, const std::string& accept, net::Header more = {}) {
            std::vector<net::Header> headers = {{"Accept-Encoding", accept}};
            if (!more.name.empty()) {
                headers.push_back(std::move(more));
            }
            return live(path, std::move(headers));
        };
    const Answered plain = ask("/a.txt", "gzip, br");  // It is made beside this request.
    EXPECT_EQ(plain.body, text);
    EXPECT_EQ(plain.header("Vary"), "Accept-Encoding");
    EXPECT_EQ(plain.header("Content-Encoding"), "");
    const Answered brotli = ask("/a.txt", "gzip, br");
    EXPECT_EQ(brotli.header("Content-Encoding"), "br");
    EXPECT_EQ(brotli.header("Vary"), "Accept-Encoding");
    EXPECT_EQ(brotli.header("Accept-Ranges"), "");
    EXPECT_LT(brotli.body.size(), text.size() / 2);
    EXPECT_NE(brotli.header("ETag"), plain.header("ETag"));
    ask("/a.txt", "gzip");
    const Answered gzip = ask("/a.txt", "gzip;q=0.1, br;q=0");
    EXPECT_EQ(gzip.header("Content-Encoding"), "gzip");
    EXPECT_TRUE(gzip.body.starts_with("\x1f\x8b"));
    EXPECT_NE(gzip.header("ETag"), brotli.header("ETag"));
    EXPECT_EQ(ask("/a.txt", "").body, text);
    EXPECT_EQ(ask("/a.txt", "identity").body, text);
    // Each tag is good for who takes its coding.
    for (const Answered* known : {&plain, &brotli, &gzip}) {
        const Answered same = ask("/a.txt", "gzip, br", {"If-None-Match", known->header("ETag")});
        EXPECT_EQ(same.status, 304);
        EXPECT_EQ(same.header("ETag"), known->header("ETag"));
        EXPECT_EQ(same.header("Vary"), "Accept-Encoding");
    }
    EXPECT_EQ(ask("/a.txt", "gzip", {"If-None-Match", brotli.header("ETag")}).status, 200);
    // Parts are of the file as it is.
    const Answered part = ask("/a.txt", "gzip, br", {"Range", "bytes=0-3"});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "line");
    EXPECT_EQ(part.header("Content-Encoding"), "");
    for (const std::string path : {"/small.txt", "/a.png", "/nothing"}) {
        for (int time = 0; time < 2; ++time) {
            EXPECT_EQ(ask(path, "gzip, br").header("Content-Encoding"), "") << path;
        }
    }
    EXPECT_EQ(ask("/a.png", "gzip, br").header("Vary"), "");
}

}  // namespace
}  // namespace origin::githttp
