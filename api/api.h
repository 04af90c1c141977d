// SPDX-License-Identifier: Apache-2.0
// api/api: the door for programs: REST and JSON, events as SSE.
// In: a request. Out: what the one call below it said, or an Error as application/problem+json.
#pragma once

#include <memory>

#include "api/call.h"
#include "net/http.h"

namespace origin::api {

struct Route;

/// Stands behind /api, /healthz, /readyz and /metrics. Thread-safe.
class Api final : public net::Handler {
public:
    explicit Api(Around around);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;
    ~Api() override;

    /// A request with `local_operator` needs no key: it acts as the first admin client.
    net::Begun begin(const net::RequestHead& head) override;

private:
    Result<auth::Identity> identify(const net::RequestHead& head) const;
    std::optional<net::Response> count(const net::RequestHead& head,
                                       const Route* route,
                                       const std::optional<auth::Identity>& who) const;
    net::Begun begin_body(const Route& route, const std::shared_ptr<Call>& call);
    net::Reply answer(const Call& call, Answer (*handle)(const Call&)) const;
    net::Response refuse(const net::RequestHead& head, const Error& error) const;

    Around around_;
    std::unique_ptr<ReadyProbe> ready_;
    Counter& requests_;
};

}  // namespace origin::api
