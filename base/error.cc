// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

namespace origin {

std::string_view name_of(Code code) {
    switch (code) {
        case Code::InvalidInput:
            return "invalid_input";
        case Code::Unauthenticated:
            return "unauthenticated";
        case Code::Forbidden:
            return "forbidden";
        case Code::NotFound:
            return "not_found";
        case Code::Conflict:
            return "conflict";
        case Code::LimitExceeded:
            return "limit_exceeded";
        case Code::Unavailable:
            return "unavailable";
        case Code::Timeout:
            return "timeout";
        case Code::Corrupt:
            return "corrupt";
        case Code::StorageFull:
            return "storage_full";
        case Code::Internal:
            return "internal";
    }
    return "internal";
}

}  // namespace origin
