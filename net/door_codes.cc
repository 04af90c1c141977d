// SPDX-License-Identifier: Apache-2.0
#include "net/door_codes.h"

#include <array>

#include "base/assert.h"

namespace origin::net {

namespace {

// In the order of Code. Exits are those of sysexits(3).
constexpr std::array<DoorCode, 11> kTable = {{
    {Code::InvalidInput, 400, "invalid input", 65},
    {Code::Unauthenticated, 401, "authentication required", 77},
    {Code::Forbidden, 403, "permission denied", 77},
    {Code::NotFound, 404, "not found", 66},
    {Code::Conflict, 409, "changed meanwhile", 75},
    {Code::LimitExceeded, 413, "limit exceeded", 65},
    {Code::Unavailable, 503, "unavailable, try again", 75},
    {Code::Timeout, 504, "timed out", 75},
    {Code::Corrupt, 500, "storage error", 74},
    {Code::StorageFull, 507, "storage is full", 74},
    {Code::Internal, 500, "internal error", 70},
}};

}  // namespace

const DoorCode& door_code(Code code) {
    const DoorCode& row = kTable.at(static_cast<std::size_t>(code));
    ORIGIN_ASSERT(row.code == code);
    return row;
}

}  // namespace origin::net
