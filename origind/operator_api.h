// SPDX-License-Identifier: Apache-2.0
// origind/operator_api: what only the operator at the 0600 socket may ask of a server, since it
// reads and writes folders of the server's machine. Stands in front of the API; everybody else
// learns nothing of it: the request goes through to the API, which knows no such path.
//
//   POST /api/operator/export {"folder": "/abs"}
//     -> 200 {"folder", "projects": [{"projectId", "name", "folder", "refs", "packs"}]}
//   POST /api/operator/import {"staged": "/abs", "project": SLUG, "client"?: ID_OR_SLUG}
//     -> 201 {"projectId", "name", "refs", "objects", "packBytes", "leftOut": [{"ref", "reason"}]}
//     `staged`: the files of git/serve/import, written by `origind remote-worker`.
//   POST /api/operator/gc {"project"?: ID_OR_NAME}
//     -> 200 {"projects": [{"projectId", "name", "packsBefore", "packs", "journalRowsSealed",
//             "objectsDropped", "bytesDropped", "packsRemoved", "undecided"}]}
//   POST /api/operator/ssh-ticket {"publicKey": "ssh-ed25519 AAAA..."}
//     -> 200 {"ticket"}. 401: nobody's key; 409: `ssh.shell_socket` is not set.
#pragma once

#include <functional>
#include <string>

#include "auth/gatekeeper.h"
#include "git/serve/push.h"
#include "git/serve/upkeep.h"
#include "gitssh/shell_ticket.h"
#include "net/http.h"
#include "net/worker_pool.h"

namespace origin {

/// One such call runs at a time, on a thread of its own: it may take minutes, and the workers that
/// serve requests are for short steps.
class OperatorApi final : public net::Handler {
public:
    struct Around {
        net::Handler& api;
        git::PushService& pushes;
        git::Upkeep& upkeep;
        auth::Gatekeeper& gatekeeper;
        Random& random;
        const Clock& clock;
        const gitssh::ShellTickets* tickets = nullptr;  // None: ssh-shell is not served.
    };
    explicit OperatorApi(Around around) : around_(around) {}

    net::Begun begin(const net::RequestHead& head) override;

private:
    using Work = std::function<Result<net::Response>(const std::string& body)>;

    net::Reply later(const Work& work, std::string body);
    Result<net::Response> export_all(const std::string& body);
    Result<net::Response> collect(const std::string& body);
    Result<net::Response> import(const std::string& body);
    Result<net::Response> ssh_ticket(const std::string& body);
    Result<auth::Identity> owner(const std::optional<std::string>& client);

    Around around_;
    net::WorkerPool thread_{1, around_.clock, 16, "operator"};
};

}  // namespace origin
