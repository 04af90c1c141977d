// SPDX-License-Identifier: Apache-2.0
// origind/caller: the operator's own API calls: over DIR/origind.sock when a server runs, else by
// opening the data folder in this process (decision D13).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace origin {

struct CallAnswer {
    int status = 0;
    std::string body;
};

/// Blocks: until the answer is there. Errors: NotFound (`not_initialised`), Conflict
/// (`data_folder_in_use`: a server holds the folder but does not answer), Unavailable.
Result<CallAnswer> call_api(const std::filesystem::path& data,
                            std::string_view method,
                            std::string_view target,
                            std::string_view body);

/// The same of a server that runs, never in this process: for those who may not open the folder.
/// Errors: Unavailable: no server runs; as above.
Result<CallAnswer> call_server(const std::filesystem::path& data,
                               std::string_view method,
                               std::string_view target,
                               std::string_view body);

}  // namespace origin
