// SPDX-License-Identifier: Apache-2.0
#include "net/door_codes.h"

#include <array>

#include "base/assert.h"

namespace origin::net {

namespace {

// In the order of Code.
constexpr std::array<DoorCode, 11> kTable = {{
    {Code::InvalidInput, 400},
    {Code::Unauthenticated, 401},
    {Code::Forbidden, 403},
    {Code::NotFound, 404},
    {Code::Conflict, 409},
    {Code::LimitExceeded, 413},
    {Code::Unavailable, 503},
    {Code::Timeout, 504},
    {Code::Corrupt, 500},
    {Code::StorageFull, 507},
    {Code::Internal, 500},
}};

}  // namespace

const DoorCode& door_code(Code code) {
    const DoorCode& row = kTable.at(static_cast<std::size_t>(code));
    ORIGIN_ASSERT(row.code == code);
    return row;
}

}  // namespace origin::net
