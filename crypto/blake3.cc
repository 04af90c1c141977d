// SPDX-License-Identifier: Apache-2.0
#include "crypto/blake3.h"

#include <cstdint>
#include <vector>

#include <blake3.h>

namespace origin::crypto {

struct Blake3::State {
    blake3_hasher hasher;
};

Blake3::Blake3() : state_(std::make_unique<State>()) {
    blake3_hasher_init(&state_->hasher);
}

Blake3::~Blake3() = default;

void Blake3::update(std::string_view bytes) {
    blake3_hasher_update(&state_->hasher, bytes.data(), bytes.size());
}

std::string Blake3::finish(std::size_t size) const {
    std::vector<std::uint8_t> hash(size);
    blake3_hasher_finalize(&state_->hasher, hash.data(), size);
    return {hash.begin(), hash.end()};
}

}  // namespace origin::crypto
