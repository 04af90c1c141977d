// SPDX-License-Identifier: Apache-2.0
// git/serve/receive_pack: one push from a Git client: head, pack, report, progress. No sockets.
// In: the request's bytes in pieces. Out: an answer in steps: report first, then what the push set
// off, for a bounded time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "git/serve/push.h"
#include "git/serve/upload_pack.h"
#include "git/wire/receive_commands.h"
#include "git/wire/report_status.h"

namespace origin::git {

/// Tells a waiting client what its push set off. Implemented by deploy; polled after the report.
class PushProgress {
public:
    virtual ~PushProgress() = default;
    /// Lines to show now. Returns: true when there is nothing more to come.
    virtual Result<bool> poll(std::vector<std::string>& lines) = 0;
    /// How long the client is kept for it.
    virtual Milliseconds patience() const = 0;
};

/// Thread-safe; makes one Session for each push.
class ReceivePack {
public:
    struct Around {
        PushService& pushes;
        std::string agent;
        /// Null: nothing is shown after the report.
        std::function<std::unique_ptr<PushProgress>(
            const ProjectId&, const PushOutcome&, const std::vector<std::string>& options)>
            progress;
        SideWork* side_work = nullptr;  // May be null. For large packs.
    };
    explicit ReceivePack(Around around) : around_(std::move(around)) {}

    /// A permit that creates its project sees an empty repository. Errors: NotFound, Corrupt.
    Result<std::string> advertise(const auth::Permit& permit,
                                  ProtocolVersion version,
                                  bool over_http) const;

    class Session;
    struct Opening {
        std::string via;               // "http", "ssh".
        std::string new_project_slug;  // When the permit creates its project.
        std::string project_url;       // For "created" lines.
    };
    Result<std::unique_ptr<Session>> open(const auth::Permit& permit, Opening opening) const;

private:
    Around around_;
};

/// feed() until the body ends, then answer(). Not thread-safe; steps may run on different threads.
class ReceivePack::Session {
public:
    Session(const ReceivePack& door,
            const auth::Permit& permit,
            Opening opening,
            ObjectStoreRef objects,
            const ClientId& owner);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// Never fails for what the client sent: that becomes part of the report (the rest of the body
    /// is then read and dropped). Errors: StorageFull and Internal from our own disk, too.
    Status feed(Bytes piece);

    /// Nothing more can come that matters: who keeps its side open waits for the answer now. What
    /// was refused is read to its end all the same.
    bool has_all() const;

    /// Lifetime: the session must outlive the answer.
    std::unique_ptr<Answer> answer();

private:
    class Report;
    enum class Phase : std::uint8_t { Resolve, Push, Show, Done };

    Status begin_pack();
    Result<IntakeLimits> limits();
    Error refusal_of(const Error& error) const;
    Result<Answer::Progress> step(std::string& out);
    Result<Answer::Progress> step_resolve(std::string& out);
    Result<bool> resolve();
    void push(std::string& out);
    void report(std::string& out, const PushReport& report);
    void say(std::string& out, std::string_view line) const;
    void say_quota(std::string& out, const Error& error) const;
    void announce(std::string& out, const PushOutcome& outcome);
    Answer::Progress show(std::string& out);
    Answer::Progress end(std::string& out);

    const ReceivePack& door_;
    auth::Permit permit_;
    Opening opening_;
    ObjectStoreRef objects_;
    ClientId owner_;                     // Of the project: whose quota it is.
    std::optional<std::uint64_t> room_;  // Bytes, if that is less than a pack may have.
    ReceiveCommandsParser parser_;
    bool head_complete_ = false;
    PushRequest request_;
    std::optional<PackIntake> intake_;
    std::optional<Error> refused_;  // What was wrong with the head or the pack.
    bool head_refused_ = false;
    Phase phase_ = Phase::Resolve;
    std::unique_ptr<PushProgress> progress_;
    std::chrono::steady_clock::time_point show_until_;
    std::chrono::steady_clock::time_point last_said_;
};

}  // namespace origin::git
