// SPDX-License-Identifier: Apache-2.0
// githttp/git_door: smart HTTP: one request becomes one call of git/serve.
// In: a request for a project's Git URL. Out: an advertisement, or the answer of a fetch or push.
// Source: gitprotocol-http(5). Every request is authorized anew.
#pragma once

#include <expected>
#include <string>

#include "auth/gatekeeper.h"
#include "auth/rate_limits.h"
#include "auth/urls.h"
#include "git/serve/admission.h"
#include "git/serve/receive_pack.h"
#include "git/serve/upload_pack.h"
#include "git/wire/service.h"
#include "githttp/git_path.h"
#include "net/http.h"

namespace origin::githttp {

/// Thread-safe. What it is given outlives it and every answer.
class GitDoor {
public:
    struct Around {
        auth::Gatekeeper& gatekeeper;
        auth::RateLimits& limits;
        const git::Admission& admission;
        const git::UploadPack& fetches;
        const git::ReceivePack& pushes;
        const auth::Urls& urls;
    };
    explicit GitDoor(const Around& around) : around_(around) {}

    /// `path.call` is InfoRefs, UploadPack, ReceivePack or Lfs; others are 404.
    net::Begun begin(const net::RequestHead& head, const GitPath& path);

private:
    /// A value, or the answer that says no.
    template <class T>
    using Or = std::expected<T, net::Response>;

    Or<auth::Identity> identify(const net::RequestHead& head, git::Service service);
    Or<git::Admitted> admit(const net::RequestHead& head,
                            const std::string& project,
                            git::Service service);
    Or<void> count_work(const net::RequestHead& head,
                        const auth::Permit& permit,
                        git::Service service);

    net::Response refuse(const net::RequestHead& head, const Error& error);
    net::Response info_refs(const net::RequestHead& head, const std::string& project);
    Or<std::string> advertise(const net::RequestHead& head,
                              const std::string& project,
                              git::Service service);
    net::Begun service(const net::RequestHead& head,
                       const std::string& project,
                       git::Service service);
    Or<std::unique_ptr<net::BodySink>> sink_for(const net::RequestHead& head,
                                                const std::string& project,
                                                git::Service service);

    Around around_;
};

}  // namespace origin::githttp
