// SPDX-License-Identifier: Apache-2.0
#include "net/busy_answer.h"

#include <algorithm>

#include "base/assert.h"
#include "net/answer.h"
#include "net/problem.h"

namespace origin::net {

namespace {

std::string head_of(const Response& response, bool keep_alive) {
    auto planned = plan_answer(response, {.keep_alive = keep_alive, .now = std::nullopt});
    ORIGIN_ASSERT(planned);
    return std::move(planned->head);
}

}  // namespace

BusyAnswer::BusyAnswer() {
    Response response = problem_response(
        Error(Code::Unavailable, "The server is busy; try again.").because("busy"));
    body_ = response.body;
    const auto wait = std::ranges::find(response.headers, "Retry-After", &Header::name);
    ORIGIN_ASSERT(wait != response.headers.end());
    for (unsigned seconds = 1; seconds <= kSecondsMax; ++seconds) {
        wait->value = std::to_string(seconds);
        heads_.at(seconds - 1) = {.keep = head_of(response, true),
                                  .close = head_of(response, false)};
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
