// SPDX-License-Identifier: Apache-2.0
// Goal: what is appended stands in the file in that order, whatever the sizes of the pieces.
// Method: pieces around every size that is treated in its own way, in all orders of three.
#include "git/odb/pack_file.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/limits.h"
#include "git/odb/test_git.h"

namespace origin::git {
namespace {

using test::get_file;
using test::TempDir;

/// Bytes that are nowhere else the same.
std::string text_of_size(std::size_t size, std::uint32_t& next) {
    std::string text;
    while (text.size() < size) {
        text += std::to_string(next++) + " ";
    }
    text.resize(size);
    return text;
}

const std::vector<std::size_t> kSizes = {0,
                                         1,
                                         kStepBytes / 4,
                                         kStepBytes / 2 - 1,
                                         kStepBytes / 2,
                                         kStepBytes / 2 + 1,
                                         3 * kStepBytes / 4,
                                         kStepBytes,
                                         kStepBytes + 1};

void expect_in_order(const std::vector<std::size_t>& sizes, std::size_t in_memory) {
    const TempDir dir;
    PackFile file = PackFile::in_memory(dir.path(), dir / "file", in_memory);
    std::string wanted;
    std::uint32_t next = 0;
    for (const std::size_t size : sizes) {
        const std::string piece = text_of_size(size, next);
        ASSERT_TRUE(file.append(bytes_of(piece)));
        wanted += piece;
        ASSERT_EQ(file.size(), wanted.size());
    }
    const auto mapped = file.map();
    ASSERT_TRUE(mapped);
    ASSERT_TRUE(text_of(mapped->bytes()) == wanted) << sizes[0] << " " << sizes[1];
    ASSERT_TRUE(file.spill().has_value() && file.flush().has_value());
    ASSERT_TRUE(get_file(dir / "file") == wanted) << sizes[0] << " " << sizes[1];
}

TEST(PackFile, KeepsTheOrderOfPiecesOfAnySize) {
    for (const std::size_t first : kSizes) {
        for (const std::size_t second : kSizes) {
            for (const std::size_t third : kSizes) {
                expect_in_order({first, second, third, 1}, 1);
            }
        }
    }
}

TEST(PackFile, KeepsTheOrderWhenItOutgrowsMemory) {
    for (const std::size_t first : kSizes) {
        for (const std::size_t second : kSizes) {
            expect_in_order({first, second, 10, kStepBytes - 10, first, second}, kStepBytes);
        }
    }
}

TEST(PackFile, GoesOnWhereItWasRewoundTo) {
    const TempDir dir;
    auto file = PackFile::create(dir / "file");
    ASSERT_TRUE(file);
    std::uint32_t next = 0;
    const std::string first = text_of_size(300'000, next);
    const std::string second = text_of_size(200'000, next);
    ASSERT_TRUE(file->append(bytes_of(std::string_view("abc"))));
    ASSERT_TRUE(file->append(bytes_of(first)));
    ASSERT_TRUE(file->rewind_to(3));
    ASSERT_TRUE(file->append(bytes_of(std::string_view("def"))));
    ASSERT_TRUE(file->append(bytes_of(second)));
    ASSERT_TRUE(file->flush());
    EXPECT_TRUE(get_file(dir / "file").starts_with("abcdef" + second));
}

}  // namespace
}  // namespace origin::git
