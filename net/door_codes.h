// SPDX-License-Identifier: Apache-2.0
// net/door_codes: the one table from an Error's code to what each transport says.
#pragma once

#include <string_view>

#include "base/error.h"

namespace origin::net {

struct DoorCode {
    Code code;
    int http_status;
    std::string_view git_text;  // After `ng <ref> ` or in front of an ERR sentence.
    int ssh_exit;               // sysexits(3) where one fits.
};

const DoorCode& door_code(Code code);
inline int http_status_of(Code code) {
    return door_code(code).http_status;
}

}  // namespace origin::net
