// SPDX-License-Identifier: Apache-2.0
#include "origind/data_folder.h"

#include <sys/stat.h>

namespace origin {

namespace fs = std::filesystem;

Status check_data_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(folder / kStoreFolder, error)) {
        return {};
    }
    return std::unexpected(Error(Code::NotFound,
                                 "there is no data folder at '" + folder.string() +
                                     "'; make one with: origind init --data " + folder.string())
                               .because("not_initialised"));
}

Status make_data_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder / kStoreFolder, error)) {
        return std::unexpected(
            Error(Code::Conflict, "'" + folder.string() + "' is a data folder already")
                .because("already_initialised"));
    }
    fs::create_directories(folder, error);
    if (error || ::chmod(folder.c_str(), S_IRWXU) != 0) {
        return std::unexpected(
            Error(Code::Internal, "cannot make '" + folder.string() + "': " + error.message()));
    }
    return {};
}

}  // namespace origin
