// SPDX-License-Identifier: Apache-2.0
#include "gitssh/ssh_channel.h"

#include <algorithm>
#include <utility>

#include "gitssh/first_piece.h"
#include "gitssh/limits.h"

namespace origin::gitssh {

SshSession::Channel::Channel(SshSession& session, ssh_channel_struct* channel)
    : session_(session), channel_(channel), last_moved_(session.around_.clock.steady()) {
    callbacks_.userdata = this;
    callbacks_.channel_exec_request_function =
        [](ssh_session, ssh_channel, const char* line, void* self) {
            return static_cast<Channel*>(self)->on_exec(line);
        };
    callbacks_.channel_shell_request_function = [](ssh_session, ssh_channel, void* self) {
        return static_cast<Channel*>(self)->on_shell();
    };
    callbacks_.channel_env_request_function =
        [](ssh_session, ssh_channel, const char* name, const char* value, void* self) {
            return static_cast<Channel*>(self)->on_environment(name, value);
        };
    // Of the client's errors nothing is kept; its data waits until a worker wants it.
    callbacks_.channel_data_function =
        [](ssh_session, ssh_channel, void*, std::uint32_t size, int is_stderr, void*) {
            return is_stderr != 0 ? static_cast<int>(size) : 0;
        };
    callbacks_.channel_close_function = [](ssh_session, ssh_channel, void* self) {
        static_cast<Channel*>(self)->is_closed_ = true;
    };
    ssh_callbacks_init(&callbacks_);
    ssh_set_channel_callbacks(channel_, &callbacks_);
}

int SshSession::Channel::on_environment(const char* name, const char* value) {
    if (std::string_view(name) != "GIT_PROTOCOL" || has_command_) {
        return 1;
    }
    version_ = git::parse_protocol_version(value);
    return 0;
}

int SshSession::Channel::on_shell() {
    if (has_command_) {
        return 1;
    }
    has_command_ = true;
    out_ = greeting(*session_.identity_);
    ending_ = Ending{0, {}};
    return 0;
}

int SshSession::Channel::on_exec(const char* line) {
    if (has_command_ || session_.refuses_) {
        return 1;
    }
    has_command_ = true;
    const auto command = git::parse_ssh_command(line);
    if (!command) {
        session_.around_.metrics.counter("ssh_commands_refused_total").add();
        // libssh says yes to the request when this returns; advance() says why not, then.
        ending_ = Ending{128, "origind: " + command.error().told_to_peer() + "\n"};
        return 0;
    }
    begin(*command);
    return 0;
}

void SshSession::Channel::begin(const git::SshCommand& command) {
    session_.around_.metrics.counter("ssh_commands_total").add();
    session_.around_.log.info("ssh command",
                              {{"client", session_.identity_->client.str()},
                               {"service", std::string(git::name_of(command.service))},
                               {"peer", session_.peer_.address}});
    session_.note_use();
    exchange_ =
        std::make_shared<GitExchange>(session_.around_.git, *session_.identity_, command, version_);
}

void SshSession::Channel::finish() {
    const Ending ending = *std::exchange(ending_, std::nullopt);
    if (!ending.complaint.empty()) {
        write(ending.complaint, true);
    }
    if (!session_.doom_.empty()) {
        return;
    }
    has_finished_ = true;
    ssh_channel_request_send_exit_status(channel_, ending.status);
    ssh_channel_send_eof(channel_);
    ssh_channel_close(channel_);
}

bool SshSession::Channel::advance() {
    if (is_closed_) {
        return false;
    }
    if (has_finished_ || !send()) {
        return true;  // The peer's turn: to close, or to take what there is.
    }
    if (ending_) {
        finish();
        return true;
    }
    if (exchange_ && !is_visiting_) {
        read();
        visit();
    }
    return true;
}

/// Returns: true when nothing is left to send.
bool SshSession::Channel::send() {
    while (sent_ < out_.size()) {
        const std::uint32_t room = ssh_channel_window_size(channel_);
        const std::string_view rest = std::string_view(out_).substr(sent_, kVisitBytes);
        const int wrote =
            room == 0 || !session_.can_take_output() ? 0 : write(rest.substr(0, room), false);
        if (wrote < 0 && !is_closed_) {
            is_closed_ = true;  // Nobody will take it any more.
            session_.around_.log.info("ssh command cut off", {{"peer", session_.peer_.address}});
        }
        if (wrote <= 0) {
            return false;
        }
        sent_ += static_cast<std::size_t>(wrote);
        last_moved_ = session_.around_.clock.steady();
    }
    out_.clear();
    sent_ = 0;
    return true;
}

/// Returns: bytes written; -1: nobody will take any more.
int SshSession::Channel::write(std::string_view piece, bool to_stderr) {
    const std::uint64_t before = session_.packets_.out_bytes;
    int wrote = -1;
    if (!has_written_) {
        has_written_ = true;
        wrote = write_first_piece(channel_, piece.substr(0, kFirstPieceBytes), to_stderr);
        if (wrote < 0) {
            session_.doom_ = "its packets are too small, or it is gone";
        }
    } else {
        const auto size = static_cast<std::uint32_t>(piece.size());
        wrote = to_stderr ? ssh_channel_write_stderr(channel_, piece.data(), size)
                          : ssh_channel_write(channel_, piece.data(), size);
    }
    if (wrote > 0) {
        session_.note_output(before, static_cast<std::size_t>(wrote));
    }
    return wrote;
}

/// All there is, in one call: each read makes libssh open the window anew, however much it still
/// holds. Read by parts, an honest peer that is quicker than the workers would run up a debt
/// without end; so it is the 1.28 MB of one window.
void SshSession::Channel::read() {
    const std::size_t had = in_.size();
    const std::size_t there = had < kVisitBytes ? unread() : 0;
    if (there == 0) {
        return;
    }
    in_.resize(had + there);
    const int n = ssh_channel_read_nonblocking(
        channel_, in_.data() + had, static_cast<std::uint32_t>(there), 0);
    in_.resize(had + static_cast<std::size_t>(std::max(0, n)));
    if (n > 0) {
        last_moved_ = session_.around_.clock.steady();
    }
}

void SshSession::Channel::visit() {
    const bool ended =
        ssh_channel_is_eof(channel_) != 0 && unread() == 0 && in_.size() <= kVisitBytes;
    const auto now = session_.around_.clock.steady();
    const bool has_turn = state_ == GitExchange::State::More ||
                          (state_ == GitExchange::State::Wait && now >= visit_at_) ||
                          (state_ == GitExchange::State::Input && (!in_.empty() || ended));
    if (!has_turn) {
        return;
    }
    std::size_t* const visits = &session_.around_.visits;
    net::WorkerPool::Task task = [self = weak_from_this(),
                                  post = session_.around_.post,
                                  exchange = exchange_,
                                  input = in_.substr(0, kVisitBytes),
                                  visits,
                                  ended]() mutable {
        std::string out;
        const GitExchange::State state = exchange->visit(input, ended, out);
        // The exchange goes along: nothing of it may end on a worker that nobody waits for.
        post([self, visits, state, exchange = std::move(exchange), out = std::move(out)] {
            --*visits;
            if (const auto channel = self.lock()) {
                channel->visited(state, out);
            }
        });
    };
    is_visiting_ = session_.around_.workers.submit(
        std::move(task), net::WorkerPool::Work::New, exchange_->whose());
    if (is_visiting_) {
        in_.erase(0, kVisitBytes);
        ++session_.around_.visits;
    }
}

void SshSession::Channel::visited(GitExchange::State state, const std::string& out) {
    constexpr std::chrono::milliseconds kPause{20};
    is_visiting_ = false;
    state_ = state;
    last_moved_ = session_.around_.clock.steady();
    visit_at_ = last_moved_ + kPause;
    out_ += out;
    if (state == GitExchange::State::Done) {
        ending_ = Ending{exchange_->exit_status(), exchange_->complaint()};
        exchange_.reset();
    }
}

}  // namespace origin::gitssh
