// SPDX-License-Identifier: Apache-2.0
// Invariant: any bytes, in pieces of any size, are taken or refused; what is taken can be read back
// whole, each object under the id it hashes to; nothing is left in quarantine afterwards.
// In: one byte of settings, then a pack without its trailer (which is added, so that the fuzzer
// gets past the checksum) unless the settings say that the trailer is there.
#include <filesystem>
#include <tuple>

#include <stdlib.h>

#include "base/assert.h"
#include "git/odb/hash.h"
#include "git/odb/intake.h"

namespace git = origin::git;
using origin::bytes_of;
using origin::Oid;

namespace {

const std::filesystem::path& quarantine() {
    static const std::filesystem::path kDir = [] {
        std::string name = "/tmp/intake-fuzz-XXXXXX";
        ORIGIN_ASSERT(::mkdtemp(name.data()) != nullptr);
        return std::filesystem::path(name);
    }();
    return kDir;
}

void check_taken(git::PackIntake& intake) {
    const auto view = intake.view();
    ORIGIN_ASSERT(view);
    for (const auto& pack : (*view)->packs()) {
        ORIGIN_ASSERT(pack->verify());
        for (std::uint32_t i = 0; i < pack->count(); ++i) {
            const Oid oid = pack->index().oid_at(i);
            const auto object = (*view)->read(oid);
            ORIGIN_ASSERT(object);
            ORIGIN_ASSERT(git::hash_object(object->type, object->data).value() == oid);
        }
    }
    std::ignore = intake.check_connectivity();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const bool has_trailer = (data[0] & 1) != 0;
    const std::size_t piece = std::size_t{1} << (data[0] >> 4);
    std::string pack(reinterpret_cast<const char*>(data + 1), size - 1);
    if (!has_trailer) {
        git::PackHash hash;
        hash.update(bytes_of(pack));
        pack += hash.finish().view();
    }
    {
        git::PackIntake intake(quarantine(), nullptr, {.blob_bytes_max = 1 << 20});
        for (std::size_t at = 0; at < pack.size(); at += piece) {
            if (!intake.feed(bytes_of(std::string_view(pack).substr(at, piece)))) {
                break;
            }
        }
        if (intake.finish()) {
            check_taken(intake);
        }
    }
    ORIGIN_ASSERT(std::filesystem::is_empty(quarantine()));
    return 0;
}
