// SPDX-License-Identifier: Apache-2.0
// Goal: a coding that was made once is there after a start; no other bytes are ever given for it;
// and they do not fill the disk. Method: real files; each way to damage one; codings of blobs as
// the server asks for them.
#include "githttp/coded_files.h"

#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include "githttp/coded_blobs.h"

namespace origin::githttp {
namespace {

namespace fs = std::filesystem;
using website::Coding;

Oid oid(int number) {
    const std::string digits = std::to_string(number);
    return *Oid::from_hex(std::string(40 - digits.size(), '0') + digits);
}

class CodedFilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "coded-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = fs::path(name) / "codings";
    }
    void TearDown() override { fs::remove_all(folder_.parent_path()); }

    std::uint64_t bytes_on_disk() const {
        std::uint64_t bytes = 0;
        for (const auto& file : fs::directory_iterator(folder_)) {
            bytes += file.file_size();
        }
        return bytes;
    }
    fs::path file(int number, const std::string& coding = "br") const {
        return folder_ / (oid(number).hex() + "." + coding);
    }

    fs::path folder_;
};

TEST_F(CodedFilesTest, KeepsWhatWasMadeOverAStart) {
    const std::string every_byte = [] {
        std::string bytes;
        for (int i = 0; i < 256; ++i) {
            bytes.push_back(static_cast<char>(i));
        }
        return bytes;
    }();
    {
        CodedFiles files(folder_);
        EXPECT_EQ(files.read(Coding::Brotli, oid(1)), std::nullopt) << "no folder yet";
        files.keep(Coding::Brotli, oid(1), every_byte);
        files.keep(Coding::Gzip, oid(1), "");
    }
    CodedFiles files(folder_);
    EXPECT_EQ(files.read(Coding::Brotli, oid(1)), every_byte);
    EXPECT_EQ(files.read(Coding::Gzip, oid(1)), "") << "not worth it, and known to be";
    EXPECT_EQ(files.read(Coding::Brotli, oid(2)), std::nullopt);
    EXPECT_EQ(fs::status(file(1)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(CodedFilesTest, NeverGivesWhatIsDamaged) {
    const std::string coded(500, 'x');
    const auto overwrite = [&](std::streamoff at, std::string_view bytes) {
        std::fstream(file(1), std::ios::in | std::ios::out | std::ios::binary).seekp(at) << bytes;
    };
    const std::vector<std::pair<std::string, std::function<void()>>> damages = {
        {"cut to nothing",
         [&] {
             fs::resize_file(file(1), 0);
         }},
        {"cut within the hash",
         [&] {
             fs::resize_file(file(1), 31);
         }},
        {"only the hash",
         [&] {
             fs::resize_file(file(1), 32);
         }},
        {"one byte short",
         [&] {
             fs::resize_file(file(1), 531);
         }},
        {"one byte long",
         [&] {
             fs::resize_file(file(1), 533);
         }},
        {"longer than any",
         [&] {
             fs::resize_file(file(1), 2U << 20U);
         }},
        {"another hash",
         [&] {
             overwrite(0, "????");
         }},
        {"another byte",
         [&] {
             overwrite(531, "y");
         }},
        {"all zeros, as after a power cut",
         [&] {
             overwrite(0, std::string(532, '\0'));
         }},
        {"of another blob",
         [&] {
             fs::copy_file(file(2), file(1), fs::copy_options::overwrite_existing);
         }},
        {"of another coding",
         [&] {
             fs::copy_file(file(1, "gzip"), file(1), fs::copy_options::overwrite_existing);
         }},
        {"a link",
         [&] {
             fs::rename(file(1), folder_.parent_path() / "elsewhere");
             fs::create_symlink(folder_.parent_path() / "elsewhere", file(1));
         }},
        {"readable by others",
         [&] {
             fs::permissions(file(1), fs::perms::others_read, fs::perm_options::add);
         }},
    };
    for (const auto& [name, damage] : damages) {
        CodedFiles files(folder_);
        files.keep(Coding::Brotli, oid(1), coded);
        files.keep(Coding::Brotli, oid(2), "of another blob");
        files.keep(Coding::Gzip, oid(1), "of another coding");
        damage();
        EXPECT_EQ(files.read(Coding::Brotli, oid(1)), std::nullopt) << name;
        EXPECT_FALSE(fs::exists(fs::symlink_status(file(1)))) << name;
        files.keep(Coding::Brotli, oid(1), coded);
        EXPECT_EQ(files.read(Coding::Brotli, oid(1)), coded) << name;
    }
}

TEST_F(CodedFilesTest, TakesNoMoreDiskThanItMay) {
    constexpr std::uint64_t kMax = 40 * 4096;
    const std::string coded(4000, 'x');
    const auto make_old = [&](int number, int hours) {
        fs::last_write_time(file(number),
                            fs::last_write_time(file(number)) - std::chrono::hours(hours));
    };
    {
        CodedFiles files(folder_, kMax);
        for (int i = 0; i < 40; ++i) {
            files.keep(Coding::Brotli, oid(i), coded);
            make_old(i, 100 - i);
        }
        EXPECT_TRUE(fs::exists(file(0))) << "it fits";
        EXPECT_TRUE(files.read(Coding::Brotli, oid(3))) << "used now";
    }
    std::ofstream(folder_ / "left by a kill.br.new") << "1";
    make_old(4, 1000);
    CodedFiles files(folder_, kMax);  // It counts what was there before it.
    files.keep(Coding::Gzip, oid(1), coded);
    EXPECT_LE(bytes_on_disk(), kMax / 4 * 3);
    for (const int gone : {0, 1, 2, 4}) {
        EXPECT_FALSE(fs::exists(file(gone))) << gone;
    }
    EXPECT_EQ(files.read(Coding::Brotli, oid(3)), coded);
    EXPECT_EQ(files.read(Coding::Brotli, oid(39)), coded);
    EXPECT_EQ(files.read(Coding::Gzip, oid(1)), coded);
    for (int i = 100; i < 300; ++i) {
        files.keep(Coding::Brotli, oid(i), coded);
        EXPECT_LE(bytes_on_disk(), kMax);
    }
    EXPECT_EQ(files.read(Coding::Brotli, oid(299)), coded) << "the newest is kept";
}

TEST_F(CodedFilesTest, LivesWithAFolderThatCannotBeWritten) {
    std::ofstream(folder_.string()) << "a file in its place";
    CodedFiles files(folder_);
    files.keep(Coding::Brotli, oid(1), "x");
    EXPECT_EQ(files.read(Coding::Brotli, oid(1)), std::nullopt);
    fs::remove(folder_);
    files.keep(Coding::Brotli, oid(1), "x");
    EXPECT_EQ(files.read(Coding::Brotli, oid(1)), "x");
    fs::remove_all(folder_);  // By somebody, while the server runs.
    EXPECT_EQ(files.read(Coding::Brotli, oid(1)), std::nullopt);
    files.keep(Coding::Brotli, oid(1), "y");
    EXPECT_EQ(files.read(Coding::Brotli, oid(1)), "y");
}

TEST_F(CodedFilesTest, ACodingIsMadeOncePerBlob) {
    const auto at_once = [](const std::function<void()>& work) {
        work();
        return true;
    };
    const auto text = std::make_shared<const std::string>(std::string(5000, 'a'));
    std::string first;
    const auto ask = [&](std::uint64_t made, std::uint64_t read) {
        Metrics metrics;
        CodedBlobs blobs(folder_, at_once, metrics);
        EXPECT_EQ(blobs.find(Coding::Gzip, oid(1), text), nullptr) << "beside the first request";
        const auto coded = blobs.find(Coding::Gzip, oid(1), text);
        ASSERT_NE(coded, nullptr);
        first = first.empty() ? *coded : first;
        EXPECT_EQ(*coded, first);
        EXPECT_EQ(metrics.counter("site_codings_total{how=\"made\"}").value(), made);
        EXPECT_EQ(metrics.counter("site_codings_total{how=\"read\"}").value(), read);
    };
    ask(1, 0);
    ask(0, 1);
    fs::resize_file(file(1, "gzip"), 40);
    ask(1, 0);
    ask(0, 1);
}

}  // namespace
}  // namespace origin::githttp
