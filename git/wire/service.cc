// SPDX-License-Identifier: Apache-2.0
#include "git/wire/service.h"

namespace origin::git {

std::string_view name_of(Service service) {
    switch (service) {
        case Service::UploadPack:
            return "git-upload-pack";
        case Service::ReceivePack:
            return "git-receive-pack";
        case Service::UploadArchive:
            return "git-upload-archive";
    }
    return "";
}

std::optional<Service> service_of(std::string_view name) {
    for (const Service service :
         {Service::UploadPack, Service::ReceivePack, Service::UploadArchive}) {
        if (name == name_of(service)) {
            return service;
        }
    }
    return std::nullopt;
}

}  // namespace origin::git
