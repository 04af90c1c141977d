// SPDX-License-Identifier: Apache-2.0
#include "store/rows/deploy.h"

namespace origin::store {

std::string_view name_of(DeploymentState state) {
    switch (state) {
        case DeploymentState::Queued:
            return "queued";
        case DeploymentState::Building:
            return "building";
        case DeploymentState::Uploading:
            return "uploading";
        case DeploymentState::Processing:
            return "processing";
        case DeploymentState::Live:
            return "live";
        case DeploymentState::Superseded:
            return "superseded";
        case DeploymentState::Failed:
            return "failed";
        case DeploymentState::Cancelled:
            return "cancelled";
        case DeploymentState::RolledBack:
            return "rolled_back";
    }
    return "failed";
}

std::string_view name_of(Health health) {
    switch (health) {
        case Health::Unknown:
            return "unknown";
        case Health::Checking:
            return "checking";
        case Health::Healthy:
            return "healthy";
        case Health::Unhealthy:
            return "unhealthy";
    }
    return "unknown";
}

bool is_settled(DeploymentState state) {
    return state >= DeploymentState::Live;
}

}  // namespace origin::store
