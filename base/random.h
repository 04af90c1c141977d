// SPDX-License-Identifier: Apache-2.0
// base/random: unpredictable bytes, as a thing that is passed in.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace origin {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::byte> out) = 0;
};

/// getrandom(2). Aborts if the kernel cannot give any: nothing safe could go on. Thread-safe.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::byte> out) override;
};

/// `count` random bytes as a string.
std::string random_bytes(Random& random, std::size_t count);

}  // namespace origin
