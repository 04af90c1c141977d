// SPDX-License-Identifier: Apache-2.0
// Goal: no pack made to hurt comes in, costs much memory, or leaves a file; and whatever git's own
// index-pack refuses, we refuse (the reverse need not hold).
// Method: packs made by hand; git index-pack as the oracle; the process's own peak memory.
#include <functional>

#include <sys/resource.h>

#include "git/odb/intake.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using test::copy_command;
using test::delta;
using test::insert_command;
using test::PackMaker;

constexpr std::string_view kText = "some text that is long enough to copy from\n";

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsMemoryOurs = false;  // A sanitizer keeps freed memory.
#else
constexpr bool kIsMemoryOurs = true;
#endif

long peak_kib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

class HostilePackTest : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(dir_ / "quarantine");
        test::must(dir_.path(), "git init -q --bare bare.git");
    }

    /// The reason of the refusal, or "taken".
    std::string verdict(std::string_view pack) {
        std::string reason = "taken";
        {
            PackIntake intake(dir_ / "quarantine", nullptr);
            const auto fed = intake.feed(bytes_of(pack));
            const auto result = intake.finish();
            if (!result) {
                reason = result.error().reason();
                EXPECT_TRUE(fed || fed.error().reason() == reason);
                EXPECT_TRUE(result.error().code() == Code::InvalidInput ||
                            result.error().code() == Code::LimitExceeded)
                    << reason << " " << result.error().kept_in_log();
            }
        }
        EXPECT_TRUE(std::filesystem::is_empty(dir_ / "quarantine")) << reason;
        return reason;
    }

    bool does_git_take(std::string_view pack) {
        test::put_file(dir_ / "bare.git/in.pack", pack);
        const bool is_taken =
            test::run(dir_ / "bare.git", "ulimit -v 4000000; git index-pack --fsck-objects in.pack")
                .status == 0;
        test::run(dir_ / "bare.git", "rm -f in.*");
        return is_taken;
    }

    test::TempDir dir_;
};

struct Case {
    const char* name;
    std::string pack;
    const char* reason;
    bool is_git_stricter_or_equal = true;  // False: git takes it, we do not.
};

std::vector<Case> framing_cases() {
    PackMaker good;
    good.add(EntryKind::Blob, kText);
    const std::string pack = good.bytes();
    std::string wrong_sum = pack;
    wrong_sum.back() ^= 1;
    const auto blob = [](std::uint64_t size) {
        PackMaker maker;
        maker.add(EntryKind::Blob, kText, size);
        return maker.bytes();
    };
    const auto of_kind = [](int kind) {
        PackMaker maker;
        maker.add(static_cast<EntryKind>(kind), kText);
        return maker.bytes();
    };
    PackMaker bad_zlib;
    bad_zlib.add_raw(EntryKind::Blob, kText.size(), {}, "this is no zlib stream");
    PackMaker bad_adler;
    std::string stream = deflate_all(kText, 9);
    stream.back() ^= 1;
    bad_adler.add_raw(EntryKind::Blob, kText.size(), {}, stream);
    PackMaker long_size;
    long_size.add_raw(EntryKind::Blob, ~std::uint64_t{0}, {}, deflate_all(kText, 9));
    PackMaker twice;
    twice.add(EntryKind::Blob, kText);
    twice.add(EntryKind::Blob, kText);
    return {
        {"nothing", "", "pack_cut_off"},
        {"bad magic", "KCAP" + pack.substr(4), "bad_pack_magic"},
        {"version 9",
         PackMaker::with_trailer(std::string("PACK\0\0\0\x09\0\0\0\0", 12)),
         "bad_pack_version"},
        {"version 3",
         PackMaker::with_trailer(std::string("PACK\0\0\0\x03\0\0\0\0", 12)),
         "bad_pack_version",
         false},
        {"count 2^32-1", good.bytes(0xffffffff), "pack_objects"},
        {"count too low", good.bytes(0), "bad_pack_checksum"},
        {"count too high", good.bytes(2), "bad_zlib"},
        {"wrong checksum", wrong_sum, "bad_pack_checksum"},
        {"junk behind", pack + "x", "junk_after_pack"},
        {"two packs", pack + pack, "junk_after_pack"},
        {"cut off", pack.substr(0, pack.size() - 1), "pack_cut_off"},
        {"type 0", of_kind(0), "bad_object_type"},
        {"type 5", of_kind(5), "bad_object_type"},
        {"says 10 bytes", blob(10), "bad_object_size"},
        {"says 1000 bytes", blob(1000), "bad_object_size"},
        {"says 2^50 bytes", blob(1ULL << 50), "object_bytes"},
        {"says 2^64-1 bytes", long_size.bytes(), "bad_object_size"},
        {"no zlib", bad_zlib.bytes(), "bad_zlib"},
        {"bad adler", bad_adler.bytes(), "bad_zlib"},
        {"twice the same", twice.bytes(), "duplicate_object", false},
        {"a commit that is none", of_kind(1), "missing_tree"},
    };
}

std::vector<Case> delta_cases() {
    const auto on_text = [](std::string_view text) {
        PackMaker maker;
        const auto base = maker.add(EntryKind::Blob, kText);
        maker.add_ofs(base, text);
        return maker.bytes();
    };
    const auto at_distance = [](std::int64_t distance) {
        PackMaker maker;
        maker.add(EntryKind::Blob, kText);
        std::string digits;
        put_base_distance(digits, static_cast<std::uint64_t>(distance));
        const std::string good = delta(kText.size(), 3, insert_command("abc"));
        maker.add_raw(EntryKind::OfsDelta, good.size(), digits, deflate_all(good, 9));
        return maker.bytes();
    };
    const Oid missing = *Oid::from_hex("1234567812345678123456781234567812345678");
    PackMaker orphan;
    orphan.add_ref(missing, delta(3, 3, insert_command("abc")));
    // Two deltas, each on what the other would be.
    const Oid a = *hash_object(ObjectType::Blob, "aaa");
    const Oid b = *hash_object(ObjectType::Blob, "bbb");
    PackMaker circle;
    circle.add_ref(b, delta(3, 3, insert_command("aaa")));
    circle.add_ref(a, delta(3, 3, insert_command("bbb")));
    const std::uint64_t n = kText.size();
    return {
        {"copies from outside", on_text(delta(n, 10, copy_command(40, 10))), "bad_delta"},
        {"copies at 2^32-1", on_text(delta(n, 10, copy_command(0xffffffff, 10))), "bad_delta"},
        {"inserts nothing", on_text(delta(n, 3, std::string("\0abc", 4))), "bad_delta"},
        {"inserts past its end",
         on_text(delta(n,
                       9,
                       "\x09"
                       "abc")),
         "bad_delta"},
        {"other base size", on_text(delta(n + 1, 3, insert_command("abc"))), "bad_delta"},
        {"result too short", on_text(delta(n, 4, insert_command("abc"))), "bad_delta"},
        {"result too long", on_text(delta(n, 2, insert_command("abc"))), "bad_delta"},
        {"result 2^60", on_text(delta(n, 1ULL << 60, insert_command("abc"))), "object_bytes"},
        {"no sizes", on_text(""), "bad_delta"},
        {"nothing made of something, in two bytes", on_text(delta(n, 0, "")), "bad_delta"},
        {"endless size", on_text(std::string(30, '\xff')), "bad_delta"},
        {"distance 0", at_distance(0), "bad_delta_base"},
        {"distance into an entry", at_distance(5), "bad_delta_base"},
        {"distance into the header", at_distance(60), "bad_delta_base"},
        {"distance 2^40", at_distance(1LL << 40), "bad_delta_base"},
        {"base nowhere", orphan.bytes(), "missing_delta_base"},
        {"a circle", circle.bytes(), "missing_delta_base"},
    };
}

TEST_F(HostilePackTest, RefusesWhatGitRefuses) {
    auto cases = framing_cases();
    std::ranges::move(delta_cases(), std::back_inserter(cases));
    for (const Case& c : cases) {
        EXPECT_EQ(verdict(c.pack), c.reason) << c.name;
        EXPECT_EQ(does_git_take(c.pack), !c.is_git_stricter_or_equal) << c.name;
    }
}

TEST_F(HostilePackTest, TakesTheHonestNeighbours) {
    // The cases above differ from this one in one place each.
    PackMaker maker;
    const auto base = maker.add(EntryKind::Blob, kText);
    maker.add_ofs(base, delta(kText.size(), 13, copy_command(0, 10) + insert_command("abc")));
    maker.add_ref(*hash_object(ObjectType::Blob, kText),
                  delta(kText.size(), 3, insert_command("xyz")));
    EXPECT_EQ(verdict(maker.bytes()), "taken");
    EXPECT_TRUE(does_git_take(maker.bytes()));
}

TEST_F(HostilePackTest, BombsCostLittle) {
    const long before = peak_kib();
    // 1 MB of zlib that inflates to 1 GB: announced, and not announced.
    std::string bomb;
    {
        std::string zeros;
        zeros.resize(90'000'000);
        std::string piece = deflate_all(zeros, 9);
        bomb = piece;
    }
    const long with_bomb = peak_kib();
    for (const std::uint64_t size : {std::uint64_t{10}, std::uint64_t{1} << 30}) {
        PackMaker maker;
        maker.add_raw(EntryKind::Blob, size, {}, bomb);
        EXPECT_NE(verdict(maker.bytes()), "taken");
    }
    // A delta of 16 KB that copies its base again and again, up to 1 GB.
    PackMaker maker;
    const std::string base(60'000, 'x');
    const auto at = maker.add(EntryKind::Blob, base);
    std::string commands;
    for (int i = 0; i < 17'896; ++i) {
        commands += copy_command(0, 60'000);
    }
    maker.add_ofs(at, delta(base.size(), 60'000ULL * 17'896, commands));
    EXPECT_EQ(verdict(maker.bytes()), "object_bytes");
    if (kIsMemoryOurs) {
        EXPECT_LT(peak_kib() - std::max(before, with_bomb), 64 * 1024);
    }
}

TEST_F(HostilePackTest, LargeBlobsAndDeltasOnThemStayOutOfTheHeap) {
    std::string blob;
    blob.resize(30'000'000);
    for (std::size_t i = 0; i < blob.size(); i += 97) {
        blob[i] = static_cast<char>(i);
    }
    PackMaker maker;
    const auto at = maker.add(EntryKind::Blob, blob);
    const auto size = static_cast<std::uint32_t>(blob.size());
    std::string commands;
    for (std::uint32_t from = 0; from < size; from += 10'000'000) {
        commands += copy_command(from, 10'000'000);
    }
    maker.add_ofs(at, delta(size, size + 3, commands + insert_command("end")));
    const std::string pack = maker.bytes();
    blob += "end";
    PackIntake intake(dir_ / "quarantine", nullptr);
    ASSERT_TRUE(intake.feed(bytes_of(pack)));
    const auto result = intake.finish();
    ASSERT_TRUE(result) << result.error().told_to_peer();
    const auto object = (*intake.view())->read(*hash_object(ObjectType::Blob, blob));
    ASSERT_TRUE(object);
    EXPECT_EQ(object->data, blob);
}

/// A chain of `length` deltas, by distance or by id; each one leads to a leaf as well.
std::string chain(std::size_t length, std::size_t bytes, bool by_id, bool with_leaves) {
    PackMaker maker;
    std::string text(bytes, 'c');
    std::uint64_t at = maker.add(EntryKind::Blob, text);
    const auto size = static_cast<std::uint32_t>(bytes);
    const auto rest = copy_command(8, size - 8);
    for (std::size_t i = 0; i < length; ++i) {
        const Oid base = *hash_object(ObjectType::Blob, text);
        std::array<char, 9> number{};
        std::snprintf(number.data(), number.size(), "%08zu", i);
        const std::string next(number.data(), 8);
        if (with_leaves) {
            const std::string leaf = delta(size, 9, insert_command("L" + next));
            by_id ? maker.add_ref(base, leaf) : maker.add_ofs(at, leaf);
        }
        const std::string step = delta(size, size, insert_command(next) + rest);
        at = by_id ? maker.add_ref(base, step) : maker.add_ofs(at, step);
        text.replace(0, 8, next);
    }
    return maker.bytes();
}

TEST_F(HostilePackTest, LongChainsAreBounded) {
    EXPECT_EQ(verdict(chain(kDeltaChainMax, 20, false, false)), "taken");
    EXPECT_EQ(verdict(chain(kDeltaChainMax + 1, 20, false, false)), "delta_chain");
    EXPECT_EQ(verdict(chain(kDeltaChainMax + 1, 20, true, false)), "delta_chain");
}

TEST_F(HostilePackTest, ChainsOfLargeObjectsAreBuiltWithLittleMemory) {
    const std::string by_distance = chain(200, 1'000'000, false, true);
    const std::string by_id = chain(100, 1'000'000, true, true);
    const long before = peak_kib();
    EXPECT_EQ(verdict(by_distance), "taken");
    EXPECT_EQ(verdict(by_id), "taken");  // Bases are dropped and built again.
    if (kIsMemoryOurs) {
        EXPECT_LT(peak_kib() - before, 64 * 1024);
    }
}

TEST_F(HostilePackTest, RefusesWhatTheLimitsSay) {
    PackMaker maker;
    maker.add(EntryKind::Blob, kText);
    maker.add(EntryKind::Blob, "other");
    const std::string pack = maker.bytes();
    const auto reason = [&](const IntakeLimits& limits) {
        PackIntake intake(dir_ / "quarantine", nullptr, limits);
        const auto fed = intake.feed(bytes_of(pack));
        const auto result = intake.finish();
        return result ? std::string("taken") : std::string(result.error().reason());
    };
    EXPECT_EQ(reason({.pack_bytes_max = pack.size()}), "taken");
    EXPECT_EQ(reason({.pack_bytes_max = pack.size() - 1}), "pack_bytes");
    EXPECT_EQ(reason({.blob_bytes_max = kText.size()}), "taken");
    EXPECT_EQ(reason({.blob_bytes_max = kText.size() - 1}), "object_bytes");
    EXPECT_EQ(reason({.objects_max = 2}), "taken");
    EXPECT_EQ(reason({.objects_max = 1}), "pack_objects");
}

}  // namespace
}  // namespace origin::git
