// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "crypto/master_key.h"
#include "origind/commands.h"
#include "origind/data_folder.h"

namespace origin {

int run_rotate_master_key(const MasterKeyOptions& options) {
    if (const Status found = check_data_folder(options.data); !found) {
        return report(found.error());
    }
    SystemRandom random;
    if (const Status done = crypto::rotate_master_key(options.data, random); !done) {
        return report(done.error());
    }
    if (options.json) {
        std::puts(R"({"rotated":true})");
        return 0;
    }
    std::printf(
        "A new %s is in place; the one before is %s until the next start has sealed\n"
        "everything anew. Restart the server now. Preview links given out so far end then.\n",
        crypto::kMasterKeyFile,
        crypto::kPreviousKeyFile);
    return 0;
}

}  // namespace origin
