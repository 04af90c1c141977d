// SPDX-License-Identifier: Apache-2.0
// git/odb/test_source: for tests only: a repository of the real git, and what it holds taken in.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "git/odb/intake.h"
#include "git/odb/object_store.h"
#include "git/odb/test_git.h"

namespace origin::git::test {

class SourceTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(dir_ / "packs");
        make_repository(source());
    }
    std::filesystem::path source() const { return dir_ / "source"; }
    Oid rev(const std::string& name) {
        return Oid::from_hex(must(source(), "git rev-parse " + name)).value_or(Oid{});
    }
    /// Takes everything the source has in. Null: a failure was reported.
    ObjectStoreRef take_in() {
        must(source(), "git pack-objects --all --stdout -q < /dev/null > ../out.pack");
        PackIntake intake(dir_.path(), nullptr);
        EXPECT_TRUE(intake.feed(bytes_of(get_file(dir_ / "out.pack"))));
        const auto result = intake.finish();
        if (!result || !intake.make_durable(dir_ / "packs")) {
            ADD_FAILURE() << "the source is refused";
            return nullptr;
        }
        const auto store = ObjectStore::open(dir_ / "packs", {result->pack_name});
        EXPECT_TRUE(store);
        return store.value_or(nullptr);
    }

    TempDir dir_;
};

}  // namespace origin::git::test
