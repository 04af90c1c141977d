// SPDX-License-Identifier: Apache-2.0
// api/run_view: a run as its requester follows it: pending, complete or error, and where to look.
#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "api/call.h"
#include "store/rows/run.h"

namespace origin::api {

struct RunView {
    boost::json::object body;
    /// `pending` until the commit and, if a deployment was asked for, until that is live or failed;
    /// then `complete`, or `error` if no commit came of it.
    std::string_view status;
    bool is_finished() const { return status != "pending"; }
};

/// Errors: NotFound; Corrupt.
Result<RunView> view_run(store::Reader& reader, const Around& around, const RunId& id);

/// The same of a run that was read already; only its status.
Result<std::string_view> run_status(store::Reader& reader,
                                    const RunId& id,
                                    const store::RunRow& run);

}  // namespace origin::api
