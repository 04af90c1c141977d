// SPDX-License-Identifier: Apache-2.0
// Goal: damaged files are an error that says so, never a crash of the server and never wrong rows.
// Method: a store with known rows, then one kind of damage a row of the table.
#include <fstream>

#include <gtest/gtest.h>

#include "store/test_store.h"

namespace origin::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096;

class Damage : public testing::Test {
protected:
    void SetUp() override {
        const auto store = opener_.open(folder_.path());
        ASSERT_TRUE(store);
        ASSERT_TRUE(store->write([](Writer& writer) -> Status {
            for (int i = 0; i < 400; ++i) {
                const std::string key = "row" + std::to_string(i);
                ORIGIN_CHECK(writer.put(Table::Refs, key, std::string(300, 'v')));
            }
            return {};
        }));
        ASSERT_TRUE(put(*store, "needle", "NEEDLE-NEEDLE"));
    }
    void overwrite(std::size_t at, const std::string& bytes) {
        std::fstream file(folder_.data_file(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file << bytes;
        ASSERT_TRUE(file.good());
    }
    std::string bytes() {
        std::ifstream file(folder_.data_file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    /// Opens it. Returns: the reason why not.
    std::string reason() {
        const auto store = opener_.try_open(Opener::small(folder_.path()));
        return store ? "" : std::string(store.error().reason());
    }

    TestFolder folder_;
    Opener opener_;
};

TEST_F(Damage, ACutFileIsRefused) {
    const std::size_t used = bytes().rfind("NEEDLE-NEEDLE") / kPage * kPage;
    ASSERT_GT(used, 8 * kPage);
    for (const std::size_t size : {used, used / 2, 8 * kPage, 2 * kPage, kPage, 100UL}) {
        fs::resize_file(folder_.data_file(), size);
        EXPECT_EQ(reason(), "damaged_store") << size;
        EXPECT_EQ(reason(), "damaged_store") << "and again: nothing was repaired away";
    }
}

TEST_F(Damage, AMissingOrEmptyFileIsNotAFirstStart) {
    fs::resize_file(folder_.data_file(), 0);
    EXPECT_EQ(reason(), "damaged_store");
    fs::remove(folder_.data_file());
    EXPECT_EQ(reason(), "damaged_store");
    EXPECT_FALSE(fs::exists(folder_.data_file()));
}

TEST_F(Damage, AMissingLockFileIsNoDamage) {
    fs::remove(folder_.path() + "/store/lock.mdb");
    EXPECT_EQ(reason(), "");
    std::ofstream(folder_.path() + "/store/lock.mdb") << "junk that is no lock file at all";
    EXPECT_EQ(reason(), "");
}

TEST_F(Damage, ZeroedHeadsAreRefused) {
    overwrite(0, std::string(kPage, '\0'));
    EXPECT_EQ(reason(), "damaged_store");
    overwrite(kPage, std::string(kPage, '\0'));
    EXPECT_EQ(reason(), "damaged_store");
}

TEST_F(Damage, ZeroedPagesAreRefused) {
    const std::size_t pages = bytes().size() / kPage;
    overwrite(2 * kPage, std::string((pages - 2) * kPage, '\0'));
    EXPECT_EQ(reason(), "damaged_store");
}

TEST_F(Damage, PagesOfNoiseAreRefused) {
    const std::size_t pages = bytes().size() / kPage;
    for (std::size_t page = 2; page < pages; ++page) {
        overwrite(page * kPage, std::string(64, '\xa5'));
    }
    EXPECT_EQ(reason(), "damaged_store");
}

TEST_F(Damage, AChangedBitInAValueIsFoundAndNamed) {
    const std::size_t at = bytes().rfind("NEEDLE-NEEDLE");
    ASSERT_NE(at, std::string::npos);
    overwrite(at, "N");
    ASSERT_EQ(reason(), "") << "the same byte is no damage";
    const std::string all = bytes();
    for (std::size_t from = 0; (from = all.find("NEEDLE-NEEDLE", from)) != std::string::npos;
         ++from) {
        overwrite(from, "M");
    }
    const auto store = opener_.open(folder_.path());
    ASSERT_TRUE(store);
    const Status status = store->read([](Reader& reader) -> Status {
        EXPECT_TRUE(reader.get(Table::Refs, "row1")) << "other rows are fine";
        EXPECT_FALSE(reader.get(Table::Refs, "needle"));
        return {};
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Code::Corrupt);
    EXPECT_NE(status.error().kept_in_log().find("refs"), std::string::npos);
    EXPECT_EQ(status.error().kept_in_log().find("needle"), std::string::npos);
    const Status scan = store->read([](Reader& reader) {
        return reader.scan(Table::Refs, {}, [](auto, auto) { return true; });
    });
    EXPECT_EQ(scan.error().reason(), "bad_checksum");
}

}  // namespace
}  // namespace origin::store
