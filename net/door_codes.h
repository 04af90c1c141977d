// SPDX-License-Identifier: Apache-2.0
// net/door_codes: the one table from an Error's code to its HTTP status.
#pragma once

#include "base/error.h"

namespace origin::net {

struct DoorCode {
    Code code;
    int http_status;
};

const DoorCode& door_code(Code code);
inline int http_status_of(Code code) {
    return door_code(code).http_status;
}

}  // namespace origin::net
