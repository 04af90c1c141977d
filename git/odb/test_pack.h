// SPDX-License-Identifier: Apache-2.0
// git/odb/test_pack: for tests only: packs made by hand, true or lying in any place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "git/odb/hash.h"
#include "git/odb/pack_text.h"
#include "git/odb/whole_zlib.h"

namespace origin::git::test {

inline void put_size(std::string& out, std::uint64_t size) {
    for (; size > 127; size >>= 7) {
        out += static_cast<char>(0x80 | (size & 127));
    }
    out += static_cast<char>(size);
}

inline std::string copy_command(std::uint32_t offset, std::uint32_t size) {
    std::string command(1, '\xff');
    for (unsigned i = 0; i < 4; ++i) {
        command += static_cast<char>(offset >> (8 * i));
    }
    for (unsigned i = 0; i < 3; ++i) {
        command += static_cast<char>(size >> (8 * i));
    }
    return command;
}

inline std::string insert_command(std::string_view text) {
    return std::string(1, static_cast<char>(text.size())) + std::string(text);
}

inline std::string delta(std::uint64_t base, std::uint64_t result, std::string_view commands) {
    std::string text;
    put_size(text, base);
    put_size(text, result);
    return text + std::string(commands);
}

class PackMaker {
public:
    PackMaker() { put_pack_header(body_, 0); }

    /// Returns the entry's offset. `size`: what the header claims, if not the truth.
    std::uint64_t add(EntryKind kind,
                      std::string_view data,
                      std::optional<std::uint64_t> size = std::nullopt) {
        return add_raw(kind, size.value_or(data.size()), {}, deflate_all(data, 9));
    }
    std::uint64_t add_ofs(std::uint64_t base, std::string_view delta) {
        std::string distance;
        put_base_distance(distance, body_.size() - base);
        return add_raw(EntryKind::OfsDelta, delta.size(), distance, deflate_all(delta, 9));
    }
    std::uint64_t add_ref(const Oid& base, std::string_view delta) {
        return add_raw(EntryKind::RefDelta, delta.size(), base.view(), deflate_all(delta, 9));
    }
    std::uint64_t add_raw(EntryKind kind,
                          std::uint64_t size,
                          std::string_view base,
                          std::string_view stream) {
        const std::uint64_t offset = body_.size();
        put_entry_header(body_, kind, size);
        body_ += base;
        body_ += stream;
        ++count_;
        return offset;
    }

    std::uint64_t size() const { return body_.size(); }

    std::string bytes(std::optional<std::uint32_t> count = std::nullopt) const {
        std::string pack;
        put_pack_header(pack, count.value_or(count_));
        pack += body_.substr(pack.size());
        return with_trailer(std::move(pack));
    }
    static std::string with_trailer(std::string pack) {
        PackHash hash;
        hash.update(bytes_of(pack));
        pack += hash.finish().view();
        return pack;
    }

private:
    std::string body_;
    std::uint32_t count_ = 0;
};

}  // namespace origin::git::test
