// SPDX-License-Identifier: Apache-2.0
// Goal: a foreign tar file becomes exactly the tree that tar meant, and what no tree can hold is
// refused. Method: archives made here header by header, cut and flipped; tar(1) as the oracle.
#include "git/serve/untar.h"

#include <cstring>
#include <map>

#include <gtest/gtest.h>

namespace origin::git {
namespace {

ReadMore from(std::string_view& bytes) {
    return [&bytes](char* out, std::size_t size) -> Result<std::size_t> {
        const std::size_t got = std::min(size, bytes.size());
        std::memcpy(out, bytes.data(), got);
        bytes.remove_prefix(got);
        return got;
    };
}

std::string octal(std::uint64_t value, std::size_t width) {
    std::string text(width - 1, '0');
    for (std::size_t i = text.size(); i-- > 0; value /= 8) {
        text[i] = static_cast<char>('0' + value % 8);
    }
    return text + '\0';
}

struct Entry {
    std::string path;
    char type = '0';
    std::string content = {};
    std::string link = {};
    std::uint32_t mode = 0644;
    std::string pax = {};
};

std::string block_of(const Entry& entry) {
    std::string block(512, '\0');
    block.replace(0, entry.path.size(), entry.path);
    block.replace(100, 8, octal(entry.mode, 8));
    block.replace(124, 12, octal(entry.content.size(), 12));
    block[156] = entry.type;
    block.replace(157, entry.link.size(), entry.link);
    block.replace(148, 8, std::string(8, ' '));
    std::uint64_t sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    block.replace(148, 7, octal(sum, 7));
    block += entry.content;
    block.resize((block.size() + 511) / 512 * 512, '\0');
    return block;
}

std::string tar_of(const std::vector<Entry>& entries) {
    std::string tar;
    for (const Entry& entry : entries) {
        if (!entry.pax.empty()) {
            tar += block_of({.path = "pax", .type = 'x', .content = entry.pax});
        }
        tar += block_of(entry);
    }
    return tar + std::string(1024, '\0');
}

std::string refused(std::string_view tar, const UntarLimits& limits = {}) {
    PackBuilder builder(nullptr);
    const auto tree = untar(from(tar), builder, limits);
    return tree ? "" : std::string(tree.error().reason());
}

TEST(Untar, FilesLinksAndModesAreTaken) {
    const std::string tar = tar_of({{.path = "./", .type = '5'},
                                    {.path = "./a/b.txt", .content = "hello"},
                                    {.path = "./run", .content = "x", .mode = 04755},
                                    {.path = "./link", .type = '2', .link = "a/b.txt"},
                                    {.path = "./short", .content = "", .pax = "15 path=./long\n"}});
    PackBuilder builder(nullptr);
    std::string_view bytes = tar;
    const auto tree = untar(from(bytes), builder);
    ASSERT_TRUE(tree) << tree.error().told_to_peer();
    ASSERT_TRUE(*tree);
    std::map<std::string, std::uint32_t> modes;
    const auto object = builder.read(**tree);
    TreeReader reader(object->data);
    for (auto entry = reader.next(); entry && *entry; entry = reader.next()) {
        modes[std::string((*entry)->name)] = (*entry)->mode;
    }
    EXPECT_EQ(modes,
              (std::map<std::string, std::uint32_t>{{"a", kModeTree},
                                                    {"run", kModeExecutable},
                                                    {"link", kModeSymlink},
                                                    {"long", kModeFile}}));
}

TEST(Untar, WhatNoTreeCanHoldIsRefused) {
    EXPECT_EQ(refused(tar_of({{.path = "./f", .type = '6'}})), "not_a_file");
    EXPECT_EQ(refused(tar_of({{.path = "./d", .type = '3'}})), "not_a_file");
    EXPECT_EQ(refused(tar_of({{.path = "./d", .type = '4'}})), "not_a_file");
    EXPECT_EQ(refused(tar_of({{.path = "./h", .type = '1', .link = "x"}})), "not_a_file");
    EXPECT_EQ(refused(tar_of({{.path = "./\xff\xfe", .content = "x"}})), "bad_file_name");
    for (const char* path : {"../x", "/etc/passwd", "a/../../x", ".git/config", "a//b", ""}) {
        EXPECT_NE(refused(tar_of({{.path = path, .content = "x"}})), "") << path;
    }
    EXPECT_NE(refused(tar_of({{.path = "a", .content = "x"}, {.path = "a/b", .content = "y"}})),
              "");
}

TEST(Untar, LimitsHold) {
    const std::string two =
        tar_of({{.path = "a", .content = "123"}, {.path = "b", .content = "4"}});
    EXPECT_EQ(refused(two, {.files_max = 1}), "too_many_files");
    EXPECT_EQ(refused(two, {.bytes_max = 3}), "too_many_bytes");
    EXPECT_EQ(refused(two, {.files_max = 2, .bytes_max = 4}), "");
    std::string huge = block_of({.path = "a"});
    huge.replace(124, 12, "77777777777\0");
    EXPECT_NE(refused(huge), "");
    EXPECT_NE(refused(tar_of({{.path = "a", .pax = "32 size=18446744073709551615000\n"}})), "");
}

TEST(Untar, CutAndFlippedArchivesAreRefusedOrTaken) {
    const std::string tar = tar_of({{.path = "./a/b.txt", .content = "hello"},
                                    {.path = "c", .content = "x", .pax = "9 path=d\n"}});
    for (std::size_t size = 0; size + 1024 < tar.size(); ++size) {
        EXPECT_NE(refused(tar.substr(0, size)), "") << size;
    }
    for (std::size_t at = 0; at + 1024 < tar.size(); ++at) {
        std::string flipped = tar;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
        refused(flipped);  // No crash, no endless loop.
    }
}

TEST(Untar, NothingIsNoTree) {
    PackBuilder builder(nullptr);
    const std::string tar = tar_of({{.path = "./", .type = '5'}, {.path = "./a/", .type = '5'}});
    std::string_view bytes = tar;
    const auto tree = untar(from(bytes), builder);
    ASSERT_TRUE(tree);
    EXPECT_FALSE(*tree);
}

}  // namespace
}  // namespace origin::git
