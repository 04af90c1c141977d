// SPDX-License-Identifier: Apache-2.0
#include "generator/engine/engine.h"

namespace origin::generator {

std::string_view name_of(LineStatus status) {
    switch (status) {
        case LineStatus::Implemented:
            return "implemented";
        case LineStatus::Partial:
            return "partial";
        case LineStatus::Unsupported:
            return "unsupported";
        case LineStatus::Unrecognized:
            return "unrecognized";
        case LineStatus::NeedsClarification:
            return "needs_clarification";
        case LineStatus::Deferred:
            return "deferred";
        case LineStatus::Excluded:
            return "excluded";
        case LineStatus::Context:
            return "context";
        case LineStatus::Overridden:
            return "overridden";
        case LineStatus::NotVerifiable:
            return "not_verifiable";
        case LineStatus::Refused:
            return "refused";
    }
    return "unrecognized";
}

}  // namespace origin::generator
