// SPDX-License-Identifier: Apache-2.0
#include "net/busy_answer.h"

#include "base/assert.h"
#include "net/answer.h"
#include "net/problem.h"

namespace origin::net {

BusyAnswer::BusyAnswer() {
    Response response = problem_response(
        Error(Code::Unavailable, "The server is busy; try again.").because("busy"));
    body_ = response.body;
    for (unsigned seconds = 1; seconds <= kSecondsMax; ++seconds) {
        Heads& heads = heads_.at(seconds - 1);
        for (Header& header : response.headers) {
            if (header.name == "Retry-After") {
                header.value = std::to_string(seconds);
            }
        }
        for (const bool keep : {true, false}) {
            auto planned = plan_answer(response, {.keep_alive = keep, .now = std::nullopt});
            ORIGIN_ASSERT(planned);
            (keep ? heads.keep : heads.close) = std::move(planned->head);
        }
    }
}

std::string_view BusyAnswer::head(bool keep_alive) {
    const Heads& heads = heads_.at(turn_++ % longest_);
    return keep_alive ? heads.keep : heads.close;
}

void BusyAnswer::adapt(std::uint64_t served, std::uint64_t refused) {
    const unsigned longest = longest_;
    if (refused > 2 * served && longest < kSecondsMax) {
        longest_ = 2 * longest;
    } else if (2 * refused < served + 1 && longest > 1) {
        longest_ = longest / 2;
    }
}

}  // namespace origin::net
