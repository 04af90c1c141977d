// SPDX-License-Identifier: Apache-2.0
// deploy/connector: what every provider's file fills: the calls that bring one deployment live.
//
// A deployment goes plan -> upload (each part) -> publish -> poll until live. The process may be
// killed between any two calls, and within one: then the call is made again. So each call looks at
// what it remembers (row.remote) and at what the provider has, and does only the rest.
//
// Errors of all calls: Unavailable, Timeout: worth another try, after Task::hold_off() if the
// provider named a time. Every other code: the deployment has failed, with the error's sentence.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "deploy/task.h"

namespace origin::deploy {

/// What the provider lacks. Each part is what one call of upload() sends: indices of Task::site().
struct UploadPlan {
    std::vector<std::vector<std::size_t>> parts;
    Milliseconds wait{0};  // Not zero: the provider does not know yet, ask again after this.
};

struct Poll {
    /// Staged: complete over there, and not live before Task::may_go_live().
    enum class State : std::uint8_t { Pending, Staged, Live, Failed };
    State state = State::Pending;
    Milliseconds wait{1000};  // Pending: until the next look.
    std::string text = {};    // Failed: why. Pending: what the provider is at, for people.
    std::string look = {};    // Staged: where everybody can see it already; empty: nowhere.
    bool is_late = false;     // Pending: it goes live, whoever wants its end.
};

/// The first call that shows visitors something new.
enum class Reveals : std::uint8_t { Upload, Publish, Poll };

class Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    virtual std::string_view name() const = 0;
    /// False: it takes the whole repository. Then there is no site, and nothing but publish().
    virtual bool takes_files() const { return true; }
    /// What goes live together waits before that call. Poll: it answers Staged by itself, as long
    /// as the task may not go live.
    virtual Reveals reveals() const { return Reveals::Publish; }
    /// Are these settings complete and good? Asks nobody.
    /// Errors: InvalidInput `missing_setting`, `unknown_setting`, `bad_setting`, `missing_secret`.
    virtual Status check(const TargetSettings& settings) const = 0;

    /// Makes the provider's deployment if there is none yet, and learns what it lacks.
    virtual Result<UploadPlan> plan(Task& task) = 0;
    virtual Status upload(Task& task, const std::vector<std::size_t>& part) = 0;
    /// Everything is there: have it go live.
    virtual Status publish(Task& task) = 0;
    /// Somebody wants its end while publish() is at work: it is finished first, because it may have
    /// taken effect. False: it is broken off, and what it did stays.
    virtual bool finishes_publish() const { return true; }
    /// Sets row.url, and row.remote's addresses, as the provider answers them. With Reveals::Poll
    /// also of what may not be made yet: Pending.
    virtual Result<Poll> poll(Task& task) = 0;
    /// Has an earlier deployment go live again without an upload; poll() follows it.
    /// Errors: also NotFound: the provider has it no more, it must be sent again.
    virtual Status roll_back(Task& task, const store::RemoteDeployment& earlier) = 0;
    /// The deployment is given up: let the provider drop it. Errors are of no consequence.
    virtual void cancel(Task& task) = 0;
    /// Its branch is gone: takes the preview row.remote names from the provider, if it is there.
    virtual Status remove(Task& task) = 0;
};

}  // namespace origin::deploy
