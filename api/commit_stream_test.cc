// SPDX-License-Identifier: Apache-2.0
// Goal: a large commit comes in lines: contents in chunks, whatever the pieces of the body are;
// what breaks the order or a bound is refused by the number of its line, and nothing is left.
// Method: streams against a whole API over a store in memory; contents are read back and compared.
#include "api/commit_limits.h"
#include "api/commit_lines.h"
#include "api/test_server.h"
#include "crypto/encode.h"

namespace origin::api {
namespace {

namespace json = boost::json;

const std::string kHead = "{\"commit\":{\"branch\":\"main\",\"message\":\"m\"}}\n";
const std::string kEnd = "{\"end\":true}\n";

std::string file_line(const std::string& path, const std::string& more) {
    return R"({"file":{"action":"create","path":")" + path + "\"" + more + "}}\n";
}

std::string chunk_line(const std::string& id, std::string_view bytes) {
    return R"({"chunk":{"file":")" + id + R"(","encoding":"base64","content":")" +
           crypto::base64(bytes) + "\"}}\n";
}

/// Bytes that do not compress, the same each time.
std::string noise(std::size_t size, std::uint32_t seed) {
    std::string out(size, '\0');
    for (char& c : out) {
        seed = seed * 1664525 + 1013904223;
        c = static_cast<char>(seed >> 24);
    }
    return out;
}

class CommitStream : public TestServer {
protected:
    CommitStream() {
        project_ =
            "/api/projects/" + ask("POST", "/api/projects", R"({"name":"p"})").str("projectId");
    }
    Said send(const std::string& body, std::vector<net::Header> headers = {}) {
        headers.insert(headers.begin(), {"Content-Type", "application/x-ndjson"});
        return ask("POST", project_ + "/commits", body, std::move(headers));
    }
    std::string file(const std::string& path) {
        return ask("GET", project_ + "/file?path=" + path).text;
    }
    /// Files in quarantine: what a refused stream must not leave.
    std::size_t left_over() {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
            count += entry.is_regular_file() && entry.path().string().contains("quarantine");
        }
        return count;
    }

    std::string project_;
};

TEST_F(CommitStream, MakesACommitOfFilesInChunks) {
    const std::string large = noise(5 * kMiB + 7, 1);
    const std::string_view view(large);
    std::string body = kHead + file_line("small.txt", R"(,"content":"hi\n")") +
                       file_line("large.bin", R"(,"id":"l","mode":"100755")");
    for (std::size_t at = 0; at < large.size(); at += 3 * kMiB) {
        body += chunk_line("l", view.substr(at, 3 * kMiB));
    }
    body += file_line("twin.bin", R"(,"id":"t")") + chunk_line("t", view.substr(0, 2 * kMiB)) +
            chunk_line("t", "") + chunk_line("t", view.substr(2 * kMiB, 2 * kMiB)) +
            chunk_line("t", view.substr(4 * kMiB)) + file_line("empty", R"(,"id":"e")") +
            file_line("text", R"(,"id":"x")") +
            "{\"chunk\":{\"file\":\"x\",\"content\":\"\u00e9\\n\"}}\r\n" + "{\"end\":true}";
    const Said said = send(body);
    ASSERT_EQ(said.status, 201) << said.text;
    EXPECT_EQ(said.str("branch"), "main");
    EXPECT_TRUE(said.header("Location").ends_with(said.str("commit")));
    EXPECT_EQ(file("small.txt"), "hi\n");
    EXPECT_EQ(file("large.bin"), large);
    EXPECT_EQ(file("twin.bin"), large);
    EXPECT_EQ(file("empty"), "");
    EXPECT_EQ(file("text"), "\u00e9\n");
    EXPECT_EQ(left_over(), 0U);

    const Said next =
        send("{\"commit\":{\"branch\":\"main\",\"message\":\"m\",\"expectedHead\":\"" +
             said.str("commit") + "\"}}\n" +
             R"({"file":{"action":"move","from":"large.bin","path":"a/b"}})"
             "\n" +
             R"({"file":{"action":"delete","path":"empty"}})"
             "\n" +
             R"({"file":{"action":"update","path":"text","id":"x"}})"
             "\n" +
             chunk_line("x", large) + kEnd);
    EXPECT_EQ(next.code(), "line_too_large");
    const Said moved =
        send(kHead + R"({"file":{"action":"move","from":"large.bin","path":"a/b"}})" + "\n" +
             file_line("again", R"(,"id":"g")") + chunk_line("g", "hi\n") + kEnd);
    ASSERT_EQ(moved.status, 201) << moved.text;
    EXPECT_EQ(file("a/b"), large);
    EXPECT_EQ(file("again"), "hi\n") << "this content was there already";
}

TEST_F(CommitStream, HappensOnceWithAKey) {
    const std::string body = kHead + file_line("a", R"(,"content":"a")") + kEnd;
    const std::vector<net::Header> once = {{"Idempotency-Key", "k"}};
    const Said first = send(body, once);
    ASSERT_EQ(first.status, 201) << first.text;
    EXPECT_EQ(send(body, once).text, first.text);
    EXPECT_EQ(send(kHead + file_line("b", R"(,"content":"b")") + kEnd, once).code(),
              "idempotency_key_reused");
    EXPECT_EQ(send(body).code(), "path_exists");
    EXPECT_EQ(rows_in(store::Table::Pushes), 1U);
}

TEST_F(CommitStream, TakesTenThousandFiles) {
    std::string files;
    for (std::size_t i = 0; i < kCommitActionsMax; ++i) {
        files += file_line("d" + std::to_string(i % 100) + "/" + std::to_string(i),
                           R"(,"content":")" + std::to_string(i) + "\"");
    }
    EXPECT_EQ(send(kHead + files + file_line("more", R"(,"content":"")") + kEnd).code(),
              "too_many_items");
    const Said said = send(kHead + files + kEnd);
    ASSERT_EQ(said.status, 201) << said.text;
    EXPECT_EQ(file("d7/1207"), "1207");
}

struct Bad {
    std::string body;
    int status;
    std::string_view code;
    std::string_view named = {};
};

TEST_F(CommitStream, IsRefusedByTheNumberOfTheLine) {
    const std::string a = file_line("a", R"(,"id":"a")");
    const std::string b = file_line("b", R"(,"id":"b")");
    const std::string four = std::string(kCommitChunkBytesMax + 1, 'x');
    const std::vector<Bad> cases = {
        {"", 400, "stream_cut_off"},
        {kHead, 400, "stream_cut_off"},
        {kHead + a + chunk_line("a", "x"), 400, "stream_cut_off"},
        {kHead + a + R"({"chunk":{"file":"a","conte)", 400, "bad_json", "line 3"},
        {kEnd, 400, "bad_order", "line 1"},
        {a + kHead + kEnd, 400, "bad_order", "line 1"},
        {chunk_line("a", "x"), 400, "bad_order", "line 1"},
        {kHead + kHead, 400, "bad_order", "line 2"},
        {kHead + a + kHead + kEnd, 400, "bad_order", "line 3"},
        {kHead + a + kEnd + chunk_line("a", "x"), 400, "bad_order", "line 4"},
        {kHead + a + kEnd + kEnd, 400, "bad_order", "line 4"},
        {kHead + a + kEnd + "\n", 400, "bad_order", "line 4"},
        {kHead + chunk_line("a", "x") + a + kEnd, 400, "unknown_file", "line 2"},
        {kHead + a + chunk_line("z", "x") + kEnd, 400, "unknown_file", "'z'"},
        {kHead + a + b + chunk_line("a", "x") + kEnd, 400, "bad_order", "line 4"},
        {kHead + a + file_line("c", R"(,"content":"")") + chunk_line("a", "x"), 400, "bad_order"},
        {kHead + a + a + kEnd, 400, "bad_line", "twice"},
        {kHead + file_line("a", R"(,"id":"")") + kEnd, 400, "bad_line"},
        {kHead + file_line("a", R"(,"id":")" + std::string(65, 'i') + "\"") + kEnd,
         400,
         "bad_line"},
        {kHead + file_line("a", R"(,"id":"a","content":"")") + kEnd, 400, "bad_line", "not both"},
        {kHead + file_line("a", R"(,"id":7)") + kEnd, 400, "wrong_type", "file.id"},
        {kHead + file_line("a", "") + kEnd, 400, "missing_field", "content"},
        {kHead + R"({"file":{"action":"delete","path":"a","id":"a"}})", 400, "unknown_field"},
        {kHead + file_line("../a", R"(,"id":"a")") + kEnd, 422, "bad_path", "line 2"},
        {kHead + "\n" + kEnd, 400, "bad_line", "line 2"},
        {kHead + "{}\n", 400, "bad_line"},
        {kHead + R"({"end":false})", 400, "bad_line"},
        {kHead + R"({"end":1})", 400, "wrong_type"},
        {kHead + R"({"end":true,"chunk":{"file":"a","content":""}})", 400, "bad_line"},
        {kHead + R"({"blob":{}})", 400, "unknown_field", "blob"},
        {kHead + "[]\n", 400, "wrong_type"},
        {kHead + "{\"end\":true\xff}\n", 400, "bad_json"},
        {R"({"commit":{"branch":"main"}})", 400, "missing_field", "commit.message"},
        {R"({"commit":{"branch":"main","message":"m","files":[]}})", 400, "unknown_field"},
        {R"({"commit":"main"})", 400, "wrong_type"},
        {R"({"commit":{"branch":"main","message":""}})", 422, "empty_message"},
        {kHead + a + R"({"chunk":{"file":"a"}})", 400, "missing_field", "chunk.content"},
        {kHead + a + R"({"chunk":{"file":"a","content":"?","encoding":"base64"}})",
         422,
         "bad_encoding",
         "line 3"},
        {kHead + a + R"({"chunk":{"file":"a","content":"","encoding":"hex"}})",
         422,
         "bad_encoding"},
        {kHead + a + chunk_line("a", four), 413, "chunk_too_large", "line 3"},
        {kHead + std::string(kCommitLineBytesMax + 1, ' '), 413, "line_too_large", "line 2"},
        {kHead + file_line("a", R"(,"content":"x")") + file_line("a", R"(,"content":"y")") + kEnd,
         422,
         "path_conflict"},
        {kHead + file_line("a", R"(,"content":"x")") + file_line("a/b", R"(,"content":"y")") + kEnd,
         422,
         "path_conflict"},
        {kHead + kEnd, 422, "nothing_to_commit"},
        {"{\"commit\":{\"branch\":\"main\",\"message\":\"m\",\"startBranch\":\"none\"}}\n" + a +
             kEnd,
         404,
         "ref_not_found"},
        {"{\"commit\":{\"branch\":\"main\",\"message\":\"m\",\"expectedHead\":\"" +
             std::string(40, 'a') + "\"}}\n" + a + kEnd,
         409,
         "head_moved"},
        {"{\"commit\":{\"branch\":\"a..b\",\"message\":\"m\"}}\n" + a + kEnd, 422, "bad_ref_name"},
        {kHead + file_line(".gitmodules", R"(,"content":"a","mode":"120000")") + kEnd,
         400,
         "gitmodules_symlink"},
    };
    for (const Bad& bad : cases) {
        const Said said = send(bad.body);
        EXPECT_EQ(said.status, bad.status) << bad.body.substr(0, 300) << said.text;
        EXPECT_EQ(said.code(), bad.code) << bad.body.substr(0, 300) << said.text;
        EXPECT_NE(said.str("detail").find(bad.named), std::string::npos) << said.text;
    }
    EXPECT_EQ(rows_in(store::Table::Pushes), 0U);
    EXPECT_EQ(left_over(), 0U);
}

TEST_F(CommitStream, BoundsFilesAndTheWhole) {
    git::Spool spool(folder_.path());
    CommitLines lines(spool, {.file_bytes_max = 2 * kMiB, .content_bytes_max = 5 * kMiB});
    const auto reason = [&](const std::string& text) {
        const Status fed = lines.feed(bytes_of(text));
        return fed ? std::string("none") : std::string(fed.error().reason());
    };
    const auto file = [&](const std::string& id) {
        return file_line(id, R"(,"id":")" + id + "\"");
    };
    const std::string mib(kMiB, 'x');
    EXPECT_EQ(reason(kHead + file("a") + chunk_line("a", mib) + chunk_line("a", mib)), "none");
    EXPECT_EQ(reason(chunk_line("a", "") + file("b") + chunk_line("b", mib)), "none");
    EXPECT_EQ(reason(chunk_line("b", mib) + file("c") + chunk_line("c", mib)), "none");
    EXPECT_EQ(reason(chunk_line("c", "x")), "commit_too_large");
    EXPECT_EQ(spool.size(), 5 * kMiB);

    git::Spool other(folder_.path());
    CommitLines one(other, {.file_bytes_max = kMiB, .content_bytes_max = 5 * kMiB});
    const Status fed =
        one.feed(bytes_of(kHead + file("a") + chunk_line("a", mib) + chunk_line("a", "x")));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().reason(), "file_too_large");
}

TEST_F(CommitStream, IsReadTheSameInPiecesOfAnyLength) {
    const std::string body = kHead + file_line("a", R"(,"id":"a")") + chunk_line("a", "abc") +
                             chunk_line("a", "def") + kEnd;
    for (const std::size_t size : {1UL, 2UL, 7UL, 64UL, 1000UL}) {
        git::Spool spool(folder_.path());
        CommitLines lines(spool);
        for (std::size_t at = 0; at < body.size(); at += size) {
            ASSERT_TRUE(lines.feed(bytes_of(body.substr(at, size))));
        }
        ASSERT_TRUE(lines.finish());
        ASSERT_EQ(lines.contents().size(), 1U);
        EXPECT_EQ(spool.at(0, 100), "abcdef");
        EXPECT_EQ(lines.take_actions().front().path, "a");
    }
}

TEST_F(CommitStream, NeedsGitWriteBeforeItSendsAnything) {
    const std::string reader = add_key(client_, *auth::Scopes::parse({"git:read"}));
    const std::string stranger = add_key(add_client("other", false), auth::Scopes::all());
    const std::vector<net::Header> type = {{"Content-Type", "application/x-ndjson"}};
    EXPECT_EQ(ask_as(reader, "POST", project_ + "/commits", "nonsense", type).status, 403);
    EXPECT_EQ(ask_as(stranger, "POST", project_ + "/commits", "nonsense", type).status, 404);
    EXPECT_EQ(ask_as("", "POST", project_ + "/commits", "nonsense", type).status, 401);
    EXPECT_EQ(ask("POST", project_ + "/merge", R"({"source":"main"})", type).status, 415);
}

}  // namespace
}  // namespace origin::api
