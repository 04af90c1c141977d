// SPDX-License-Identifier: Apache-2.0
// git/odb/test_git: for tests only: a temporary folder, and the real git as the oracle.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

namespace origin::git::test {

class TempDir {
public:
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "odb-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir() { std::filesystem::remove_all(path_); }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    std::size_t file_count() const {
        const std::filesystem::directory_iterator files(path_);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

private:
    std::filesystem::path path_;
};

inline void put_file(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

inline std::string get_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Ran {
    int status;
    std::string output;  // stdout and stderr.
};

/// Runs a shell line in `dir`, with nothing of the developer's own git settings.
inline Ran run(const std::filesystem::path& dir, const std::string& line) {
    const std::string command =
        "cd '" + dir.string() +
        "' && env -i PATH=/usr/bin:/bin HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 "
        "GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=C "
        "GIT_COMMITTER_EMAIL=c@example.com GIT_AUTHOR_DATE='1700000000 +0000' "
        "GIT_COMMITTER_DATE='1700000000 +0000' sh -c '" +
        line + "' 2>&1";
    Ran ran{.status = -1, .output = {}};
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) {
        return ran;
    }
    std::array<char, 4096> buffer{};
    for (std::size_t got = 1; got > 0;) {
        got = std::fread(buffer.data(), 1, buffer.size(), pipe);
        ran.output.append(buffer.data(), got);
    }
    ran.status = WEXITSTATUS(::pclose(pipe));
    return ran;
}

/// The same for what must work; returns its output without the last newline.
inline std::string must(const std::filesystem::path& dir, const std::string& line) {
    Ran ran = run(dir, line);
    EXPECT_EQ(ran.status, 0) << line << "\n" << ran.output;
    while (ran.output.ends_with('\n')) {
        ran.output.pop_back();
    }
    return ran.output;
}

/// A history with everything a real one has: deltas, folders, links, an executable file, a
/// submodule, merges, annotated tags. Branch main, tags v1 and v2.
inline void make_repository(const std::filesystem::path& dir) {
    std::filesystem::create_directories(dir);
    must(dir, "git init -q -b main . && git config uploadpack.allowAnySHA1InWant true");
    std::string text;
    for (unsigned i = 0; i < 400; ++i) {
        text += "line " + std::to_string(i * 2654435761U) + std::to_string(i * 40503U) + "\n";
    }
    for (int i = 0; i < 12; ++i) {
        text += "change " + std::to_string(i) + "\n";
        put_file(dir / "src/deep/file.txt", text);
        put_file(dir / ("src/n" + std::to_string(i) + ".txt"), "note " + std::to_string(i));
        must(dir, "git add -A && git commit -q -m \"change " + std::to_string(i) + "\"");
    }
    put_file(dir / "run.sh", "#!/bin/sh\n");
    put_file(dir / ".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = ../sub.git\n");
    put_file(dir / ".gitattributes", "*.png binary\n");
    must(dir,
         "chmod +x run.sh && ln -s run.sh link && git add -A && git update-index --add "
         "--cacheinfo 160000,1111111111111111111111111111111111111111,sub && git commit -q -m odd "
         "&& git tag -a v1 -m \"version one\"");
    must(dir,
         "git checkout -q -f -b side HEAD~3 && echo side > side.txt && git add side.txt && git "
         "commit -q -m side && git checkout -q -f main && git merge -q --no-edit side && git tag "
         "-a v2 -m two");
}

}  // namespace origin::git::test
