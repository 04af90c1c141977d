// SPDX-License-Identifier: Apache-2.0
// Invariant: no index, however damaged, leads a reader outside its own bytes.
#include <string>
#include <tuple>

#include "git/odb/pack_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto index = origin::git::PackIndex::from(origin::git::MappedFile::of(bytes));
    if (!index) {
        return 0;
    }
    for (std::uint32_t i = 0; i < index->count(); ++i) {
        std::ignore = index->offset_at(i);
        std::ignore = index->crc_at(i);
        std::ignore = index->find(index->oid_at(i));
    }
    std::ignore = index->verify();
    return 0;
}
