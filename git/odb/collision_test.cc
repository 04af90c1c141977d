// SPDX-License-Identifier: Apache-2.0
// Goal: an object built to collide is refused with a reason that says so, however it arrives, and
// nothing of it is stored.
// Method: the SHAttered blocks, given to the hash that the product uses. No collision with Git's
// own prefix ("blob 320" and a NUL) has ever been published, so these tests leave the prefix out,
// between the product and libgit2: the verdict on the bytes is libgit2's, the rest is the product.
// Source: Stevens, Bursztein, Karpman, Albertini, Markov: "The first collision for full SHA-1",
// CRYPTO 2017, tables of the prefix and of the two pairs of blocks.
#include <tuple>

#include <dlfcn.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "crypto/encode.h"
#include "git/odb/intake.h"
#include "git/odb/libgit2_init.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace {

constexpr std::string_view kFirstMessage =
    "255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474682032203020522f"
    "4865696768742033203020522f547970652034203020522f537562747970652035203020522f4669"
    "6c7465722036203020522f436f6c6f7253706163652037203020522f4c656e677468203820302052"
    "2f42697473506572436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d31"
    "20697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe017346dc9166b67e11"
    "8f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de218f86db3a90901d5df45c14f26fedfb3"
    "dc38e96ac22fe7bd728f0e45bce046d23c570feb141398bb552ef5a0a82be331fea48037b8b5d71f"
    "0e332edf93ac3500eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1";
// What the second message differs in, in each of its two last blocks.
constexpr std::string_view kDifference =
    "0c000002c0000010b400001c3c000004bc00001a200000102400001cec0000140c000002c0000010"
    "b400001c2c000004bc000018b00000100000000cb8000010";
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): libgit2 calls plain functions.
bool is_prefix_left_out = false;
std::string streamed;  // What went through libgit2's stream since it was last closed.
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

/// Does libgit2's hash see an attack in these bytes alone? It hashes a configuration file before it
/// reads it, and that is the only door of the library that puts nothing in front.
bool is_attack(std::string_view bytes) {
    const origin::git::test::TempDir dir;
    origin::git::test::put_file(dir / "config", bytes);
    git_config* config = nullptr;
    const int code = git_config_open_ondisk(&config, (dir / "config").c_str());
    git_config_free(config);
    return code != 0 && std::string_view(git_error_last()->message).contains("collision attack");
}

template <class Function>
Function* next_of(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The program's own definitions come before the library's.
extern "C" int git_odb_hash(git_oid* out, const void* data, std::size_t size, git_object_t type) {
    static const auto kNext = next_of<decltype(git_odb_hash)>("git_odb_hash");
    if (is_prefix_left_out && is_attack({static_cast<const char*>(data), size})) {
        return -1;
    }
    return kNext(out, data, size, type);
}

extern "C" int git_odb_stream_write(git_odb_stream* stream, const char* bytes, std::size_t size) {
    static const auto kNext = next_of<decltype(git_odb_stream_write)>("git_odb_stream_write");
    if (is_prefix_left_out) {
        streamed.append(bytes, size);
    }
    return kNext(stream, bytes, size);
}

extern "C" int git_odb_stream_finalize_write(git_oid* out, git_odb_stream* stream) {
    static const auto kNext =
        next_of<decltype(git_odb_stream_finalize_write)>("git_odb_stream_finalize_write");
    if (is_prefix_left_out && is_attack(std::exchange(streamed, {}))) {
        return -1;
    }
    return kNext(out, stream);
}

namespace origin::git {
namespace {

class CollisionTest : public testing::Test {
protected:
    void SetUp() override {
        use_libgit2();
        first_ = crypto::hex_decode(kFirstMessage).value();
        second_ = first_;
        const std::string difference = crypto::hex_decode(kDifference).value();
        for (std::size_t i = 0; i < 2 * difference.size(); ++i) {
            char& byte = second_[second_.size() - 1 - i];
            byte = static_cast<char>(byte ^ difference[difference.size() - 1 - i % 64]);
        }
        harmless_ = first_;
        harmless_[200] ^= 1;
        std::filesystem::create_directories(dir_ / "quarantine");
    }
    void TearDown() override { is_prefix_left_out = false; }

    /// The refusal's reason, or "taken".
    std::string verdict(std::string_view pack) {
        std::string reason = "taken";
        {
            PackIntake intake(dir_ / "quarantine", nullptr);
            std::ignore = intake.feed(bytes_of(pack));
            if (const auto result = intake.finish(); !result) {
                reason = result.error().reason();
                EXPECT_EQ(result.error().code(), Code::InvalidInput);
            }
        }
        EXPECT_TRUE(std::filesystem::is_empty(dir_ / "quarantine")) << reason;
        return reason;
    }

    test::TempDir dir_;
    std::string first_;
    std::string second_;
    std::string harmless_;
};

std::string as_blob(std::string_view text) {
    test::PackMaker maker;
    maker.add(EntryKind::Blob, text);
    return maker.bytes();
}

std::string as_delta(std::string_view text) {
    test::PackMaker maker;
    const std::string base(text.substr(100));
    const auto at = maker.add(EntryKind::Blob, base);
    maker.add_ofs(at,
                  test::delta(base.size(),
                              text.size(),
                              test::insert_command(text.substr(0, 100)) +
                                  test::copy_command(0, static_cast<std::uint32_t>(base.size()))));
    return maker.bytes();
}

TEST_F(CollisionTest, TheTwoMessagesCollideAndTheLibraryInUseSeesIt) {
    PackHash hash;
    hash.update(bytes_of(first_));
    const Oid first = hash.finish();
    hash.update(bytes_of(second_));
    EXPECT_NE(first_, second_);
    EXPECT_EQ(first, hash.finish());
    EXPECT_TRUE(is_attack(first_));
    EXPECT_TRUE(is_attack(second_));
    EXPECT_FALSE(is_attack(harmless_));
}

TEST_F(CollisionTest, IsRefusedHoweverItArrives) {
    is_prefix_left_out = true;
    for (const std::string& text : {first_, second_}) {
        EXPECT_EQ(verdict(as_blob(text)), "sha1_collision");
        EXPECT_EQ(verdict(as_delta(text)), "sha1_collision");
        EXPECT_EQ(verdict(as_blob(text + std::string(2 * kObjectHeapBytesMax, 'x'))),
                  "sha1_collision");
    }
    EXPECT_EQ(verdict(as_blob(harmless_)), "taken");
    EXPECT_EQ(verdict(as_delta(harmless_)), "taken");
    EXPECT_EQ(verdict(as_blob(harmless_ + std::string(2 * kObjectHeapBytesMax, 'x'))), "taken");
}

// With its prefix the chain of hashes is another one: the files of SHAttered are ordinary blobs.
TEST_F(CollisionTest, AsBlobsTheyAreTwoObjectsForGitAndForUs) {
    for (const std::string& text : {first_, second_}) {
        EXPECT_EQ(verdict(as_blob(text)), "taken");
        test::put_file(dir_ / "file", text);
        EXPECT_EQ(hash_object(ObjectType::Blob, text)->hex(),
                  test::must(dir_.path(), "git hash-object file"));
    }
    EXPECT_NE(*hash_object(ObjectType::Blob, first_), *hash_object(ObjectType::Blob, second_));
}

}  // namespace
}  // namespace origin::git
