// SPDX-License-Identifier: Apache-2.0
// crypto/blake3: BLAKE3, in pieces. The code is its authors' own C: crypto/CMakeLists.txt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace origin::crypto {

class Blake3 {
public:
    Blake3();
    ~Blake3();
    Blake3(const Blake3&) = delete;
    Blake3& operator=(const Blake3&) = delete;

    void update(std::string_view bytes);
    /// The first `size` raw bytes of the hash of everything so far.
    std::string finish(std::size_t size) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace origin::crypto
