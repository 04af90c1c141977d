// SPDX-License-Identifier: Apache-2.0
// net/whose: in whose name a request waits for a worker. Told from its head alone, before anybody
// has looked whether its key is good.
#pragma once

#include "net/fair_queue.h"
#include "net/http.h"

namespace origin::net {

/// Group: the address (IPv6: its /64), or the operator's socket. Member: the credentials as they
/// are shown, and the first two parts of the path, which name Git's project.
Whose whose_request(const RequestHead& head);

/// Of somebody who proved who they are: `id` is unique among them.
Whose whose_work(std::string_view id, std::string_view project);

}  // namespace origin::net
