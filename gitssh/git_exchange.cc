// SPDX-License-Identifier: Apache-2.0
#include "gitssh/git_exchange.h"

#include <utility>

#include "gitssh/limits.h"

namespace origin::gitssh {

using git::Service;

namespace {

constexpr int kGitFailed = 128;  // What git's own programs exit with.

}  // namespace

std::string greeting(const auth::Identity& identity) {
    return "Hello " + identity.slug +
           ": your key works. There is no shell here; use git clone, fetch and push.\r\n";
}

GitExchange::GitExchange(const Around& around,
                         auth::Identity identity,
                         git::SshCommand command,
                         git::ProtocolVersion version)
    : around_(around),
      identity_(std::move(identity)),
      command_(std::move(command)),
      version_(version) {}

GitExchange::State GitExchange::fail(const Error& error) {
    status_ = kGitFailed;
    // As Git marks what a server says, for it says the same over HTTP.
    const bool comes_too_often = error.reason() == auth::kRateLimited;
    complaint_ = (comes_too_often ? "remote: " : "origind: ") + error.told_to_peer() + "\n";
    return State::Done;
}

GitExchange::State GitExchange::visit(const std::string& input, bool ended, std::string& out) {
    if (!begun_) {
        begun_ = true;
        if (const State state = begin(out); state == State::Done) {
            return state;
        }
    }
    heard_ = heard_ || !input.empty();
    ended_ = ended_ || ended;
    if (!answer_) {
        const State state = archive_ ? read_archive(input, ended_)
                            : fetch_ ? read_fetch(input, ended_)
                                     : read_push(input, ended_);
        if (state != State::More) {
            return state;
        }
    }
    return answer(out);
}

/// Errors: LimitExceeded `rate_limited`.
Status GitExchange::count() {
    const auto who = auth::Party::of(identity_.client);
    auto excess = around_.limits.take(auth::Counted::Requests, who);
    if (!excess && command_.service == Service::ReceivePack) {
        excess = around_.limits.take(auth::Counted::Pushes, who);
    } else if (!excess) {
        auto fetch = around_.limits.begin_fetch(who);
        fetching_ = fetch ? std::move(*fetch) : auth::RateLimits::Fetch();
        excess = fetch ? std::nullopt : std::optional(fetch.error());
    }
    return excess ? Status(std::unexpected(excess->error())) : Status();
}

GitExchange::State GitExchange::begin(std::string& out) {
    if (const Status counted = count(); !counted) {
        return fail(counted.error());
    }
    const auto project = git::project_of_path(command_.path);
    if (!project) {
        return fail(Error(Code::NotFound, "no such project"));
    }
    const auto admitted = around_.admission.admit(identity_, *project, command_.service);
    if (!admitted) {
        return fail(admitted.error());
    }
    switch (command_.service) {
        case Service::UploadPack:
            return begin_fetch(admitted->permit, out);
        case Service::ReceivePack:
            return begin_push(*admitted, *project, out);
        case Service::UploadArchive:
            archive_ = around_.archives.open(admitted->permit);
            break;
    }
    return State::Input;
}

GitExchange::State GitExchange::begin_fetch(const auth::Permit& permit, std::string& out) {
    auto session = around_.fetches.open(permit, version_);
    const auto greeting = around_.fetches.advertise(permit, version_, false);
    if (!session || !greeting) {
        return fail(session ? greeting.error() : session.error());
    }
    fetch_ = std::move(*session);
    out += *greeting;
    return State::Input;
}

GitExchange::State GitExchange::begin_push(const git::Admitted& admitted,
                                           const std::string& project,
                                           std::string& out) {
    auto session = around_.pushes.open(admitted.permit,
                                       {.via = "ssh",
                                        .new_project_slug = admitted.new_project_slug,
                                        .project_url = around_.urls.code(project)});
    const auto greeting = around_.pushes.advertise(admitted.permit, version_, false);
    if (!session || !greeting) {
        return fail(session ? greeting.error() : session.error());
    }
    push_ = std::move(*session);
    out += *greeting;
    return State::Input;
}

/// Returns: More if there is an answer to send.
GitExchange::State GitExchange::read_fetch(const std::string& input, bool ended) {
    fetch_->feed(bytes_of(input));
    auto next = fetch_->next();
    if (!next) {
        return fail(next.error());
    }
    answer_ = std::move(*next);
    if (answer_) {
        return State::More;
    }
    return ended || fetch_->ended() ? State::Done : State::Input;
}

GitExchange::State GitExchange::read_push(const std::string& input, bool ended) {
    if (const Status fed = push_->feed(bytes_of(input)); !fed) {
        return fail(fed.error());
    }
    if (!ended && !push_->has_all()) {
        return State::Input;
    }
    if (!heard_) {
        return State::Done;  // It only wanted to see the refs.
    }
    answer_ = push_->answer();
    return State::More;
}

GitExchange::State GitExchange::read_archive(const std::string& input, bool ended) {
    archive_->feed(bytes_of(input));
    if (!archive_->has_all()) {
        return ended ? State::Done : State::Input;
    }
    answer_ = archive_->answer();
    return State::More;
}

GitExchange::State GitExchange::answer(std::string& out) {
    while (out.size() < kVisitBytes) {
        const auto progress = answer_->step(out);
        if (!progress) {
            return fail(progress.error());
        }
        if (*progress == git::Answer::Progress::Wait) {
            return State::Wait;
        }
        if (*progress == git::Answer::Progress::Done) {
            answer_.reset();
            const State next = fetch_ ? read_fetch({}, ended_) : State::Done;
            if (next != State::More) {
                return next;
            }
        }
    }
    return State::More;
}

}  // namespace origin::gitssh
