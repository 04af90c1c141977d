// SPDX-License-Identifier: Apache-2.0
// Goal: files have the names that Cloudflare's own program gives them, and each is made once.
// Method: names that wrangler 4.164.0 and its tests give; a store that is asked twice.
#include "deploy/digests.h"

#include <array>

#include "crypto/encode.h"
#include "git/serve/test_project.h"
#include "store/rows/access.h"

namespace origin::deploy {
namespace {

struct Vector {
    std::string_view path;
    std::string_view content;
    std::string_view hash;
};

// clang-format off
constexpr std::array kVectors = std::to_array<Vector>({
    {"logo.png", "foobar", "2082190357cfd3617ccfe04f340c6247"},
    {"logo.txt", "foobar", "1a98fb08af91aca4a7df1764a2c4ddb0"},
    {"logo.html", "foobar", "d96fef225537c9f5e44a3cb27fd0b492"},
    {"logo.js", "foobar", "6be321bef99e758250dac034474ddbb8"},
    {".well-known/foobar", "foobar", "7b764dacfd211bebd8077828a7ddefd7"},
    {"some_dir/_headers", "headersfile", "95dedb64e6d4940fc2e0f11f711cc2f4"},
    {"some_dir/functions/foo.js", "func", "09a79777abda8ccc8bdd51dd3ff8e9e9"},
    {"index.html", "<h1>hi</h1>", "e5e943f01929441dfbb0d4956a759fda"},
    {"LICENSE", "no ext", "0d8bc21162b40b0ebc4444d16dbf2256"},
    {"sub/a.css", "body{}", "622e1fa69535c6ed5e3a85e2ccaafd15"},
    {"sub/sp ace \u00e9.txt", "x", "93757b83965b7ab50bf35ee5e0db88a6"},
    {"empty", "", "af1349b9f5f9a1a6a0404dea36dcc949"},
    {"empty.html", "", "bc88d1b19523ba52d6a2959dd93cf9c8"},
});
// clang-format on

TEST(AssetHash, IsWhatWranglerSays) {
    for (const Vector& vector : kVectors) {
        EXPECT_EQ(asset_hash(vector.content, extension_of(vector.path)), vector.hash)
            << vector.path;
    }
}

TEST(AssetHash, PiecesAreOfWholeBase64) {
    const std::string data(300'001, 'q');  // More than six pieces, and a rest.
    EXPECT_EQ(asset_hash(data, "bin"), "62a60cb6b8cd780a779f185a8e418095");
}

TEST(Extension, IsNodes) {
    // clang-format off
    constexpr std::array kCases = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"a.txt", "txt"}, {"x.tar.gz", "gz"}, {".htaccess", ""}, {".a.b", "b"}, {"a.", ""},
        {"a", ""},
        {"..", ""}, {"", ""}, {"d.ir/a", ""}, {"d.ir/.b", ""}, {"d/A.HTML", "HTML"}, {"..a", "a"},
    });
    // clang-format on
    for (const auto& [path, extension] : kCases) {
        EXPECT_EQ(extension_of(path), extension) << path;
    }
}

class DigestsTest : public git::TestProject {};

TEST_F(DigestsTest, EachIsMadeOnceForEachBlob) {
    Oid commit;
    ASSERT_TRUE(commit_file("refs/heads/main", Oid{}, "a.txt", "foobar", &commit));
    git::ObjectStoreRef objects;
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(opened, storage().open(reader, project_));
        objects = opened;
        return {};
    }));
    const auto links = objects->commit_links(commit);
    const auto entry = objects->find_path(links->tree, "a.txt");
    ASSERT_TRUE(entry && *entry);
    const Oid blob = (*entry)->oid;

    const auto plain = digests_of(*store_, *objects, {{blob, std::nullopt}});
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->at(blob).size, 6U);
    EXPECT_EQ(crypto::hex(plain->at(blob).sha1), "8843d7f92416211de9ebb963ff4ce28125932878");
    EXPECT_TRUE(plain->at(blob).assets.empty()) << "nobody asked";

    const auto named = digests_of(*store_, *objects, {{blob, "txt"}, {blob, "png"}});
    ASSERT_TRUE(named);
    EXPECT_EQ(named->at(blob).assets.at("txt"), "1a98fb08af91aca4a7df1764a2c4ddb0");
    EXPECT_EQ(named->at(blob).assets.at("png"), "2082190357cfd3617ccfe04f340c6247");

    // What is there is not made again: a row that says otherwise is believed.
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        store::BlobDigestsRow row = named->at(blob);
        row.assets["txt"] = "kept";
        return store::put_row(writer, store::Table::BlobDigests, blob.view(), row);
    }));
    const auto again = digests_of(*store_, *objects, {{blob, "txt"}, {blob, "html"}});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at(blob).assets.at("txt"), "kept");
    EXPECT_EQ(again->at(blob).assets.size(), 3U);
}

}  // namespace
}  // namespace origin::deploy
