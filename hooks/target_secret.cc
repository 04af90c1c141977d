// SPDX-License-Identifier: Apache-2.0
#include "hooks/target_secret.h"

#include "crypto/seal.h"

namespace origin::hooks {
namespace {

std::string context(const ProjectId& project, std::string_view target) {
    return "target/" + project.str() + "/" + std::string(target);
}

}  // namespace

std::string seal_target_secret(const Secret& master_key,
                               const ProjectId& project,
                               std::string_view target,
                               const Secret& text,
                               Random& random) {
    return crypto::seal(master_key.reveal(), text.reveal(), context(project, target), random);
}

Result<std::string> open_target_secret(const Secret& master_key,
                                       const ProjectId& project,
                                       std::string_view target,
                                       std::string_view sealed) {
    return sealed.empty() ? Result<std::string>(std::string())
                          : crypto::open(master_key.reveal(), sealed, context(project, target));
}

}  // namespace origin::hooks
