// SPDX-License-Identifier: Apache-2.0
// Goal: whatever a pack claims or inflates to, judging it costs at most 64 MiB of memory.
// Method: each pack is judged in a child process, whose peak is set back before and read after. Of
// an object above 1 MiB the bytes lie in a nameless file that is mapped: those pages belong to the
// kernel, which may drop them; there the child is forbidden to have more memory of its own instead.
#include <array>
#include <fstream>
#include <functional>

#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "git/odb/intake.h"
#include "git/odb/test_git.h"
#include "git/odb/test_pack.h"
#include "git/odb/wire_numbers.h"

namespace origin::git {
namespace {

using test::copy_command;
using test::delta;
using test::insert_command;
using test::PackMaker;

constexpr long kGrowthKibMax = 64 * 1024;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kIsMemoryOurs =
    false;  // A sanitizer has memory of its own, and keeps what is freed.
#else
constexpr bool kIsMemoryOurs = true;
#endif

/// A line of /proc/self/status, in KiB.
long status_kib(std::string_view name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            return std::stol(line.substr(name.size() + 1));
        }
    }
    return -1;
}

enum class Measure : std::uint8_t { Peak, OwnMemory };

struct Outcome {
    long grown_kib = -1;  // Peak: of the resident memory.
    std::string reason = "died";
};

/// What `work` says, and what it cost, in a process of its own.
Outcome in_child(Measure measure, const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (measure == Measure::OwnMemory && kIsMemoryOurs) {
            const auto bytes = static_cast<rlim_t>(status_kib("VmData:") + kGrowthKibMax) * kKiB;
            const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
            ::setrlimit(RLIMIT_DATA, &limit);
        }
        std::ofstream("/proc/self/clear_refs") << "5";  // Sets VmHWM back.
        const long before = status_kib("VmHWM:");
        const std::string reason = work();
        const std::string line = std::to_string(status_kib("VmHWM:") - before) + " " + reason;
        ::_exit(::write(ends[1], line.data(), line.size()) > 0 ? 0 : 1);
    }
    ::close(ends[1]);
    std::array<char, 200> line{};
    const auto size = ::read(ends[0], line.data(), line.size());
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0 || size <= 0) {
        return {};
    }
    const std::string text(line.data(), static_cast<std::size_t>(size));
    return {.grown_kib = std::stol(text), .reason = text.substr(text.find(' ') + 1)};
}

class BombTest : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(dir_ / "quarantine"); }

    std::string judge(std::string_view pack) const {
        PackIntake intake(dir_ / "quarantine", nullptr);
        for (std::string_view rest = pack; !rest.empty();) {
            const std::string_view piece = rest.substr(0, 256 * kKiB);
            if (!intake.feed(bytes_of(piece))) {
                break;
            }
            rest.remove_prefix(piece.size());
        }
        const auto result = intake.finish();
        if (!result) {
            return std::string(result.error().reason());
        }
        const auto connected = intake.check_connectivity();
        return connected ? "taken" : std::string(connected.error().reason());
    }

    void expect_cheap(std::string_view what, std::string_view pack, std::string_view reason) const {
        const Outcome outcome = in_child(Measure::Peak, [&] { return judge(pack); });
        EXPECT_EQ(outcome.reason, reason) << what;
        if (kIsMemoryOurs) {
            EXPECT_LT(outcome.grown_kib, kGrowthKibMax) << what;
        }
        std::printf("%.*s: %zu bytes, peak grew by %ld KiB, %s\n",
                    static_cast<int>(what.size()),
                    what.data(),
                    pack.size(),
                    outcome.grown_kib,
                    outcome.reason.c_str());
    }

    test::TempDir dir_;
};

/// A zlib stream of `pieces` times 16 MiB of zeros, made without making those.
std::string zeros_stream(std::size_t pieces) {
    constexpr std::size_t kPieceBytes = 16 * kMiB;
    constexpr std::uint64_t kAdlerBase = 65521;
    const std::string zeros(kPieceBytes, '\0');
    std::string piece(64 * kKiB, '\0');
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = kPieceBytes;
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    EXPECT_EQ(::deflate(&stream, Z_FULL_FLUSH), Z_OK);
    piece.resize(piece.size() - stream.avail_out);
    ::deflateEnd(&stream);
    std::string all("\x78\xda", 2);
    for (std::size_t i = 0; i < pieces; ++i) {
        all += piece;
    }
    all += std::string("\x03\0", 2);  // The last block, empty.
    put_be32(all, static_cast<std::uint32_t>(pieces * kPieceBytes % kAdlerBase << 16 | 1));
    return all;
}

TEST_F(BombTest, TheMeasuresSeeWhatIsTooMuch) {
    const auto spend = [] {
        const std::string much(80 * kMiB, 'x');
        const volatile char* const seen = much.data();  // Else an optimizer leaves it out.
        return std::string(1, seen[much.size() / 2]);
    };
    if (kIsMemoryOurs) {
        EXPECT_GT(in_child(Measure::Peak, spend).grown_kib, kGrowthKibMax);
        const auto caught = [&] {
            try {
                return spend();
            } catch (const std::bad_alloc&) {
                return std::string("no memory");
            }
        };
        EXPECT_EQ(in_child(Measure::OwnMemory, caught).reason, "no memory");
    }
}

TEST_F(BombTest, AZlibBombOfAMegabyte) {
    const std::string stream = zeros_stream(64);  // 1 GiB.
    for (const std::uint64_t size : std::array<std::uint64_t, 3>{10, 100 * kMiB, 1024 * kMiB}) {
        PackMaker maker;
        maker.add_raw(EntryKind::Blob, size, {}, stream);
        expect_cheap("zlib bomb that says " + std::to_string(size),
                     maker.bytes(),
                     size > kBlobBytesMax ? "object_bytes" : "bad_object_size");
    }
}

/// A delta of about 2,700 copies of its whole base, `bytes` in all.
std::string delta_bomb(std::uint64_t bytes) {
    PackMaker maker;
    const std::string base(60'000, 'x');
    const auto at = maker.add(EntryKind::Blob, base);
    std::string commands;
    for (std::uint64_t made = 0; made < bytes; made += base.size()) {
        commands += copy_command(0, static_cast<std::uint32_t>(base.size()));
    }
    maker.add_ofs(at, delta(base.size(), commands.size() / 8 * base.size(), commands));
    return maker.bytes();
}

TEST_F(BombTest, ADeltaBomb) {
    expect_cheap("delta bomb of 1 GiB", delta_bomb(1024 * kMiB), "object_bytes");
    // One that stays below every limit: its bytes are in a file.
    const std::string pack = delta_bomb(99 * kMiB);
    const Outcome outcome = in_child(Measure::OwnMemory, [&] { return judge(pack); });
    EXPECT_EQ(outcome.reason, "taken");
}

TEST_F(BombTest, ACountOf2To32) {
    PackMaker maker;
    maker.add(EntryKind::Blob, "a");
    expect_cheap("count 2^32-1", maker.bytes(0xffffffff), "pack_objects");
    const std::string cut = maker.bytes(kPackObjectsMax).substr(0, maker.size());
    expect_cheap("count at the limit, cut off", cut, "pack_cut_off");
}

TEST_F(BombTest, AChainOf60000) {
    constexpr std::uint32_t kBytes = 20;
    for (const bool is_by_id : {false, true}) {
        PackMaker maker;
        std::string text(kBytes, 'c');
        std::uint64_t at = maker.add(EntryKind::Blob, text);
        for (std::size_t i = 0; i < 60'000; ++i) {
            std::array<char, 9> number{};
            std::snprintf(number.data(), number.size(), "%08zu", i);
            const std::string step =
                delta(kBytes, kBytes, insert_command(number.data()) + copy_command(8, kBytes - 8));
            at = is_by_id ? maker.add_ref(*hash_object(ObjectType::Blob, text), step)
                          : maker.add_ofs(at, step);
            text.replace(0, 8, number.data());
        }
        expect_cheap(is_by_id ? "chain of 60,000 by id" : "chain of 60,000 by distance",
                     maker.bytes(),
                     "delta_chain");
    }
}

TEST_F(BombTest, ATree20000Deep) {
    PackMaker maker;
    std::string tree;
    for (int depth = 0; depth < 20'000; ++depth) {
        maker.add(EntryKind::Tree, tree);
        const Oid oid = *hash_object(ObjectType::Tree, tree);
        tree = "40000 d" + std::string(1, '\0') + std::string(oid.view());
    }
    expect_cheap("tree 20,000 deep", maker.bytes(), "taken");
}

}  // namespace
}  // namespace origin::git
