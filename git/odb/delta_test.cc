// SPDX-License-Identifier: Apache-2.0
// Goal: deltas give exactly what they say or an error.
// Method: tables; every prefix and every changed byte of a good delta.
#include "git/odb/delta.h"

#include <tuple>

#include <gtest/gtest.h>

#include "git/odb/test_pack.h"

namespace origin::git {
namespace {

using test::copy_command;
using test::insert_command;

Result<std::string> applied(std::string_view base, std::string_view delta, std::size_t size) {
    std::string out(size, '?');
    ORIGIN_CHECK(apply_delta(base, delta, out));
    return out;
}

TEST(Delta, CopiesAndInserts) {
    const std::string delta = test::delta(
        10,
        9,
        copy_command(2, 3) + insert_command("xyz") + copy_command(0, 2) + copy_command(9, 1));
    EXPECT_EQ(applied("0123456789", delta, 9).value(), "234xyz019");
}

TEST(Delta, ACopyOfSizeZeroMeans64KiB) {
    const std::string base(70'000, 'b');
    const std::string delta = test::delta(base.size(), 65'536, "\x80");
    EXPECT_EQ(applied(base, delta, 65'536).value(), base.substr(0, 65'536));
}

TEST(Delta, MakesAnEmptyResult) {
    EXPECT_EQ(applied("", test::delta(0, 0, ""), 0).value(), "");
}

TEST(Delta, NoPrefixIsTakenForTheWhole) {
    const std::string delta =
        test::delta(10, 9, copy_command(2, 3) + insert_command("xyz") + copy_command(0, 3));
    for (std::size_t length = 0; length < delta.size(); ++length) {
        EXPECT_FALSE(applied("0123456789", delta.substr(0, length), 9)) << length;
    }
}

TEST(Delta, NoChangedByteReachesOutside) {
    const std::string base(50, 'b');  // Freshly allocated: a sanitizer sees every step outside.
    const std::string delta =
        test::delta(50, 9, copy_command(2, 3) + insert_command("xyz") + copy_command(0, 3));
    for (std::size_t at = 0; at < delta.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = delta;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            std::ignore = applied(base, damaged, 9);
        }
    }
}

}  // namespace
}  // namespace origin::git
