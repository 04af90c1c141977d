// SPDX-License-Identifier: Apache-2.0
// store/rows/access: typed get and put of one row.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "store/row.h"
#include "store/store.h"

namespace origin::store {

/// The decoded row, or nullopt. Errors: Corrupt.
template <RowStruct Row>
Result<std::optional<Row>> get_row(Reader& reader, Table table, std::string_view key) {
    ORIGIN_TRY(bytes, reader.get(table, key));
    if (!bytes) {
        return std::optional<Row>();
    }
    ORIGIN_TRY(row, decode<Row>(*bytes));
    return std::optional<Row>(std::move(row));
}

/// The decoded row. Errors: NotFound with `missing` as what the peer is told; Corrupt.
template <RowStruct Row>
Result<Row> need_row(Reader& reader, Table table, std::string_view key, std::string_view missing) {
    ORIGIN_TRY(row, get_row<Row>(reader, table, key));
    if (!row) {
        return std::unexpected(Error(Code::NotFound, std::string(missing)));
    }
    return std::move(*row);
}

template <RowStruct Row>
Status put_row(Writer& writer, Table table, std::string_view key, const Row& row) {
    return writer.put(table, key, encode(row));
}

/// Every row of the range with its key, at most `most`. Errors: Corrupt.
template <RowStruct Row>
Result<std::vector<std::pair<std::string, Row>>> scan_rows(Reader& reader,
                                                           Table table,
                                                           const Range& range,
                                                           std::size_t most = SIZE_MAX) {
    std::vector<std::pair<std::string, Row>> rows;
    Status decoded;
    ORIGIN_CHECK(reader.scan(table, range, [&](std::string_view key, std::string_view value) {
        auto row = decode<Row>(value);
        if (!row) {
            decoded = std::unexpected(std::move(row).error());
            return false;
        }
        rows.emplace_back(std::string(key), std::move(*row));
        return rows.size() < most;
    }));
    if (!decoded) {
        return std::unexpected(std::move(decoded).error());
    }
    return rows;
}

}  // namespace origin::store
