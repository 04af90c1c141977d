// SPDX-License-Identifier: Apache-2.0
// bench_constant_time: whether the time of crypto::constant_time_equal tells how much of a key was
// right. usage: bench_constant_time [SAMPLES]; prints one line of JSON:
//   {"samples": N, "t": {"first or last byte wrong": T, ...}, "control": T}
// Each T is Welch's t of two kinds of keys, N samples of each, drawn by chance one after the other.
// `control` is that of a comparison which stops at the first wrong byte: it has to be large, else
// nothing could have been seen.
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include "base/clock.h"
#include "bench/welch.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"

namespace origin::bench {
namespace {

constexpr std::size_t kSamples = 100'000;
constexpr int kPerSample = 8;      // Comparisons: more than a clock's grain.
constexpr double kKept = 0.9;      // Of the samples: the rest met an interrupt.
constexpr int kExitUsage = 64;     // sysexits(3) EX_USAGE.
constexpr unsigned kSeed = 20260;  // Of which kind comes when.

using Key = std::array<char, crypto::kSha256Bytes>;
using Comparison = bool (*)(std::string_view, std::string_view);

/// What constant_time_equal must not be.
[[gnu::noinline]] bool stops_early(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

/// The key stored, with one byte wrong; at == size: none.
Key with_wrong(Key key, std::size_t at) {
    if (at < key.size()) {
        key[at] = static_cast<char>(key[at] ^ 1);
    }
    return key;
}

class Bench {
public:
    explicit Bench(std::size_t samples) : samples_(samples) {
        for (char& c : stored_) {
            c = static_cast<char>(dice_());
        }
    }

    /// Welch's t between keys wrong at byte `one` and at byte `other`.
    double t(Comparison compare, std::size_t one, std::size_t other) {
        const std::array<Key, 2> kinds{with_wrong(stored_, one), with_wrong(stored_, other)};
        std::array<std::vector<double>, 2> took;
        for (std::size_t i = 0; i < 2 * samples_; ++i) {
            const std::size_t kind = dice_() >> 31;
            took[kind].push_back(time_of(compare, kinds[kind]));
        }
        crop(took[0], took[1], kKept);
        return welch_t(took[0], took[1]);
    }

private:
    /// Both kinds are compared in one place, so that no address tells them apart.
    double time_of(Comparison compare, const Key& key) {
        std::memcpy(shown_.data(), key.data(), key.size());
        const std::string_view shown(shown_.data(), shown_.size());
        const std::string_view stored(stored_.data(), stored_.size());
        const auto begun = clock_.steady();
        for (int i = 0; i < kPerSample; ++i) {
            right_ = right_ + (compare(shown, stored) ? 1U : 0U);
        }
        return std::chrono::duration<double, std::nano>(clock_.steady() - begun).count();
    }

    std::size_t samples_;
    SystemClock clock_;
    std::mt19937 dice_{kSeed};
    Key stored_{};
    Key shown_{};
    volatile std::uint64_t right_ = 0;  // So that no comparison is left out.
};

int run(std::size_t samples) {
    constexpr std::size_t kLast = crypto::kSha256Bytes - 1;
    constexpr std::size_t kNone = crypto::kSha256Bytes;
    Bench bench(samples);
    const Comparison ours = crypto::constant_time_equal;
    bench.t(ours, 0, kLast);  // Warm.
    const double first_last = bench.t(ours, 0, kLast);
    const double first_middle = bench.t(ours, 0, kLast / 2);
    const double first_none = bench.t(ours, 0, kNone);
    const double last_none = bench.t(ours, kLast, kNone);
    const double control = bench.t(stops_early, 0, kLast);
    std::printf(
        "{\"samples\": %zu, \"t\": {\"first or last byte wrong\": %.2f, \"first or middle "
        "byte wrong\": %.2f, \"first byte or nothing wrong\": %.2f, \"last byte or nothing "
        "wrong\": %.2f}, \"control\": %.2f}\n",
        samples,
        first_last,
        first_middle,
        first_none,
        last_none,
        control);
    return 0;
}

}  // namespace
}  // namespace origin::bench

int main(int argc, char** argv) {
    std::size_t samples = origin::bench::kSamples;
    if (argc > 1) {
        const std::string_view text = argv[1];
        const auto [end, error] = std::from_chars(text.begin(), text.end(), samples);
        if (argc > 2 || error != std::errc{} || end != text.end() || samples < 100) {
            std::fputs("usage: bench_constant_time [SAMPLES, 100 at least]\n", stderr);
            return origin::bench::kExitUsage;
        }
    }
    return origin::bench::run(samples);
}
