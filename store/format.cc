// SPDX-License-Identifier: Apache-2.0
#include "store/format.h"

#include <array>

#include "store/key.h"

namespace origin::store {
namespace {

constexpr std::string_view kFormatKey = "format";

Result<bool> is_empty(Reader& reader) {
    bool empty = true;
    for (std::size_t i = 0; i < kTables; ++i) {
        ORIGIN_CHECK(reader.scan(static_cast<Table>(i), {}, [&](auto, auto) {
            empty = false;
            return false;
        }));
    }
    return empty;
}

Result<std::uint32_t> stored_format(Reader& reader, std::uint32_t current) {
    ORIGIN_TRY(value, reader.get(Table::Meta, kFormatKey));
    if (value) {
        const auto number = from_be64(std::string(4, '\0') + *value);
        if (number && *number > 0) {
            return static_cast<std::uint32_t>(*number);
        }
    } else {
        ORIGIN_TRY(empty, is_empty(reader));
        if (empty) {
            return current;
        }
    }
    return std::unexpected(Error(Code::Corrupt,
                                 "The store does not say which format it is in.",
                                 "Meta row `format` is missing or malformed")
                               .because("damaged_store"));
}

}  // namespace

std::span<const Migration> migrations() {
    static const std::array<Migration, 1> kSteps = {
        // 2: small writes are rows of table Journal. Nothing is to be rewritten, but a program
        // that knows no journal would find refs without objects.
        [](Writer&) -> Status { return {}; },
    };
    return kSteps;
}

Status bring_to_current(Writer& writer, std::span<const Migration> steps) {
    const auto current = static_cast<std::uint32_t>(steps.size() + 1);
    ORIGIN_TRY(found, stored_format(writer, current));
    if (found > current) {
        return std::unexpected(
            Error(Code::Conflict,
                  "The store was written by a newer origind: format " + std::to_string(found) +
                      ", and this one knows up to " + std::to_string(current) +
                      ". Run the newer version, or restore a backup made before the upgrade.")
                .because("newer_format"));
    }
    for (std::uint32_t form = found; form < current; ++form) {
        ORIGIN_CHECK(steps[form - 1](writer));
    }
    const std::string row = key(current);
    ORIGIN_TRY(before, writer.get(Table::Meta, kFormatKey));
    return before == row ? Status() : writer.put(Table::Meta, kFormatKey, row);
}

}  // namespace origin::store
