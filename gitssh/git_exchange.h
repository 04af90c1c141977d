// SPDX-License-Identifier: Apache-2.0
// gitssh/git_exchange: one Git command of one client, as bytes in and bytes out. Knows no SSH.
// In: an identity, a command, what the client sends. Out: what it is to get, and an exit status.
#pragma once

#include <memory>
#include <string>

#include "auth/identity.h"
#include "auth/rate_limits.h"
#include "auth/urls.h"
#include "git/serve/admission.h"
#include "git/serve/receive_pack.h"
#include "git/serve/upload_archive.h"
#include "git/serve/upload_pack.h"
#include "git/wire/protocol_version.h"
#include "git/wire/ssh_command.h"
#include "net/whose.h"

namespace origin::gitssh {

/// For somebody who asks for a shell; shows that the key works.
std::string greeting(const auth::Identity& identity);

/// Not thread-safe: one visit after the other, each on any thread.
class GitExchange {
public:
    struct Around {
        const git::Admission& admission;
        auth::RateLimits& limits;
        const git::UploadPack& fetches;
        const git::ReceivePack& pushes;
        const git::UploadArchive& archives;
        const auth::Urls& urls;
    };
    GitExchange(const Around& around,
                auth::Identity identity,
                git::SshCommand command,
                git::ProtocolVersion version);

    enum class State : std::uint8_t {
        Input,  // The client's turn.
        More,   // Visit again as soon as `out` is sent.
        Wait,   // Visit again in a while.
        Done,   // Send what is left, then exit_status().
    };

    /// `ended`: the client will send nothing after `input`. Appends to `out`.
    /// Blocks: as long as a step of its work takes, milliseconds as a rule.
    State visit(const std::string& input, bool ended, std::string& out);

    /// In whose name it waits for a worker.
    net::Whose whose() const { return net::whose_work(identity_.client.view(), command_.path); }

    int exit_status() const { return status_; }
    /// For the client's standard error; empty as a rule.
    const std::string& complaint() const { return complaint_; }

private:
    State begin(std::string& out);
    Status count();
    State begin_fetch(const auth::Permit& permit, std::string& out);
    State begin_push(const git::Admitted& admitted, const std::string& project, std::string& out);
    State read_fetch(const std::string& input, bool ended);
    State read_push(const std::string& input, bool ended);
    State read_archive(const std::string& input, bool ended);
    State answer(std::string& out);
    State fail(const Error& error);

    Around around_;
    auth::Identity identity_;
    git::SshCommand command_;
    git::ProtocolVersion version_;
    bool begun_ = false;
    bool heard_ = false;  // The client has sent something.
    bool ended_ = false;  // It will send no more.
    int status_ = 0;
    std::string complaint_;
    auth::RateLimits::Fetch fetching_;
    std::unique_ptr<git::UploadPack::Session> fetch_;
    std::unique_ptr<git::ReceivePack::Session> push_;
    std::unique_ptr<git::UploadArchive::Session> archive_;
    std::unique_ptr<git::Answer> answer_;  // Lives in one of the three.
};

}  // namespace origin::gitssh
