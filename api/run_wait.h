// SPDX-License-Identifier: Apache-2.0
// api/run_wait: a run as an answer: at once, or, with `Prefer: wait`, when it is finished.
#pragma once

#include <chrono>
#include <string>

#include <boost/json/object.hpp>

#include "api/call.h"

namespace origin::api {

struct RunAnswer {
    RunId id;
    std::chrono::seconds wait{0};
    boost::json::object extra;  // Members beside the run's own: a webhook's secret.
    std::string location = {};
    int unfinished_status = 202;
};

/// 200 if the run is finished; else, at once or when the wait is over, `unfinished_status`.
/// Lifetime: `around` outlives the answer.
Answer answer_run(const Around& around, RunAnswer wanted);

}  // namespace origin::api
