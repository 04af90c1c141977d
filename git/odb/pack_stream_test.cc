// SPDX-License-Identifier: Apache-2.0
// Goal: what a fetch gets is a pack that git takes, with deltas reused, for any choice of objects.
// Method: take a real repository in, stream parts of it out in steps of any size, let git index it.
#include "git/odb/pack_stream.h"

#include <algorithm>

#include "git/odb/intake.h"
#include "git/odb/test_git.h"

namespace origin::git {
namespace {

using test::get_file;
using test::must;
using test::put_file;
using test::run;

class PackStreamTest : public testing::Test {
protected:
    void SetUp() override {
        test::make_repository(dir_ / "source");
        std::filesystem::create_directories(dir_ / "packs");
        store_ = ObjectStore::empty(dir_ / "packs");
        take("main~6\\n", "--delta-base-offset");
        take("main\\nv1\\nv2\\n^main~6\\n", "--thin");  // Its bases are named by id.
    }

    void take(const std::string& revs, const std::string& options) {
        must(dir_ / "source",
             "printf \"" + revs + "\" | git pack-objects --revs --stdout -q " + options +
                 " > ../out.pack");
        PackIntake intake(dir_.path(), store_);
        ASSERT_TRUE(intake.feed(bytes_of(get_file(dir_ / "out.pack"))));
        const auto result = intake.finish();
        ASSERT_TRUE(result) << result.error().told_to_peer();
        ASSERT_TRUE(intake.make_durable(dir_ / "packs"));
        const auto next = store_->with_pack(result->pack_name);
        ASSERT_TRUE(next);
        store_ = *next;
    }

    std::vector<Oid> objects(const std::string& revs) {
        std::istringstream lines(
            must(dir_ / "source", "git rev-list --objects " + revs + " | cut -c1-40"));
        std::vector<Oid> oids;
        for (std::string line; std::getline(lines, line);) {
            oids.push_back(*Oid::from_hex(line));
        }
        return oids;
    }

    std::string stream(const std::vector<Oid>& oids, PackStreamOptions options, std::size_t step) {
        auto stream = PackStream::make(store_, oids, std::move(options));
        EXPECT_TRUE(stream);
        std::string out;
        while (true) {
            const std::size_t before = out.size();
            const auto is_done = stream->step(out, step);
            EXPECT_TRUE(is_done) << is_done.error().kept_in_log();
            EXPECT_LE(out.size() - before, step);
            if (!is_done || *is_done) {
                break;
            }
            EXPECT_GT(out.size(), before);
        }
        EXPECT_EQ(stream->bytes_written(), out.size());
        EXPECT_EQ(stream->objects_written(), stream->object_count());
        return out;
    }

    /// git takes it into an empty repository (or, if thin, into one that has `base`) and finds
    /// nothing wrong with the result.
    void expect_git_takes(std::string_view pack, const std::string& tip, const std::string& base) {
        must(dir_.path(), "rm -rf clone.git && git init -q --bare -b main clone.git");
        if (!base.empty()) {
            const std::string oid = must(dir_ / "source", "git rev-parse " + base);
            must(dir_ / "clone.git", "git fetch -q ../source " + oid + ":refs/heads/old");
        }
        put_file(dir_ / "sent.pack", pack);
        const std::string fix = base.empty() ? "" : " --fix-thin";
        const auto taken =
            run(dir_ / "clone.git", "git index-pack --strict --stdin" + fix + " < ../sent.pack");
        EXPECT_EQ(taken.status, 0) << taken.output;
        const std::string oid = must(dir_ / "source", "git rev-parse " + tip);
        must(dir_ / "clone.git", "git update-ref refs/heads/main " + oid);
        const auto fsck = run(dir_ / "clone.git", "git fsck --full --strict");
        EXPECT_EQ(fsck.status, 0) << fsck.output;
    }

    test::TempDir dir_;
    ObjectStoreRef store_;
};

TEST_F(PackStreamTest, SendsEverything) {
    const auto oids = objects("main v1 v2");
    const std::string whole = stream(oids, {}, 65515);
    expect_git_takes(whole, "main", "");
    EXPECT_EQ(stream(oids, {}, 1), whole);
    EXPECT_EQ(stream(oids, {}, 4096), whole);
    expect_git_takes(stream(oids, {.ofs_delta = false, .client_has = {}}, 999), "main", "");
}

TEST_F(PackStreamTest, ReusesStoredDeltas) {
    const std::string whole = stream(objects("main v1 v2"), {}, 65515);
    must(dir_ / "source", "git repack -q -a -d -f --window=0");
    must(dir_ / "source",
         "printf \"main\\nv1\\nv2\\n\" | git pack-objects --revs --stdout -q --no-reuse-delta "
         "--window=0 > ../plain.pack");
    EXPECT_LT(whole.size() * 2, get_file(dir_ / "plain.pack").size());
}

TEST_F(PackStreamTest, SendsAnyPartAndReplacesDeltasWithoutTheirBases) {
    for (const char* revs : {"main ^main~1", "main ^main~5", "main~3 ^main~9", "main ^main~11"}) {
        std::string tip(revs);
        const std::string base = tip.substr(tip.find('^') + 1);
        tip.resize(tip.find(' '));
        const auto oids = objects(revs);
        // Without `thin`, a client that has the base must still be able to read it alone.
        put_file(dir_ / "sent.pack", stream(oids, {}, 999));
        const auto taken = run(dir_.path(), "git index-pack -o sent.idx sent.pack; rm -f sent.idx");
        EXPECT_EQ(taken.status, 0) << taken.output;
        expect_git_takes(get_file(dir_ / "sent.pack"), tip, base);
    }
}

TEST_F(PackStreamTest, BuildsThinPacksOnWhatTheClientHas) {
    const auto oids = objects("main ^main~5");
    const auto had = objects("main~5");
    const auto has = [&](const Oid& oid) {
        return std::ranges::find(had, oid) != had.end();
    };
    const std::string thin = stream(oids, {.ofs_delta = true, .client_has = has}, 999);
    EXPECT_LE(thin.size(), stream(oids, {}, 999).size());
    expect_git_takes(thin, "main", "main~5");
}

TEST_F(PackStreamTest, CopiesAPackThatIsSentWhole) {
    must(dir_ / "source",
         "printf \"main\\nv1\\nv2\\n\" | git pack-objects --revs --stdout -q --delta-base-offset "
         "> ../whole.pack");
    const std::string whole = get_file(dir_ / "whole.pack");
    PackIntake intake(dir_.path(), nullptr);
    ASSERT_TRUE(intake.feed(bytes_of(whole)));
    ASSERT_TRUE(intake.finish());
    store_ = *intake.view();
    EXPECT_EQ(stream(objects("main v1 v2"), {}, 999), whole);
    expect_git_takes(
        stream(objects("main v1 v2"), {.ofs_delta = false, .client_has = {}}, 999), "main", "");
}

TEST_F(PackStreamTest, SendsNothingAsAnEmptyPackAndAnythingOnce) {
    EXPECT_EQ(stream({}, {}, 7).size(), 32U);
    const auto oids = objects("main");
    auto twice = oids;
    twice.insert(twice.end(), oids.begin(), oids.end());
    EXPECT_EQ(stream(twice, {}, 999), stream(oids, {}, 999));
}

TEST_F(PackStreamTest, SaysWhichObjectIsNotThere) {
    const auto stream = PackStream::make(store_, {Oid{}});
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Code::NotFound);
}

}  // namespace
}  // namespace origin::git
