// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <boost/json.hpp>

#include "auth/ssh_public_key.h"
#include "origind/caller.h"
#include "origind/commands.h"

namespace origin {

int run_ssh_keys(const SshKeysOptions& options) {
    const auto key = auth::parse_ssh_public_key(options.type + " " + options.key);
    if (!key) {
        return 0;  // A certificate, or a type we do not take: no line for it.
    }
    const std::string line = auth::ssh_line(key->type, key->blob);
    const auto answer =
        call_server(options.data,
                    "POST",
                    "/api/operator/ssh-ticket",
                    boost::json::serialize(boost::json::object{{"publicKey", line}}));
    if (!answer) {
        return report(answer.error());
    }
    constexpr int kOk = 200;
    constexpr int kUnknownKey = 401;
    boost::json::error_code error;
    const boost::json::value body = boost::json::parse(answer->body, error);
    const boost::json::value* ticket =
        error || !body.is_object() ? nullptr : body.as_object().if_contains("ticket");
    if (answer->status != kOk || ticket == nullptr || !ticket->is_string()) {
        if (answer->status != kUnknownKey) {
            std::fprintf(stderr, "origind: %s\n", answer->body.c_str());
            return kExitFailed;
        }
        return 0;
    }
    std::printf("restrict,environment=\"ORIGIND_TICKET=%s\" %s\n",
                ticket->get_string().c_str(),
                line.c_str());
    return 0;
}

}  // namespace origin
