// SPDX-License-Identifier: Apache-2.0
#include "store/rows/run.h"

namespace origin::store {

std::string_view name_of(RunState state) {
    switch (state) {
        case RunState::Pending:
            return "pending";
        case RunState::Generating:
            return "generating";
        case RunState::Committed:
            return "committed";
        case RunState::AlreadySatisfied:
            return "already_satisfied";
        case RunState::Conflict:
            return "conflict";
        case RunState::NotGenerated:
            return "not_generated";
        case RunState::NeedsClarification:
            return "needs_clarification";
        case RunState::Failed:
            return "failed";
        case RunState::Cancelled:
            return "cancelled";
    }
    return "failed";
}

bool is_settled(RunState state) {
    return state >= RunState::Committed;
}

}  // namespace origin::store
