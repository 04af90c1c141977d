// SPDX-License-Identifier: Apache-2.0
// gitssh/ssh_channel: one command of a connection. For ssh_session alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gitssh/ssh_session.h"

namespace origin::gitssh {

/// One command. libssh's callbacks note what the client asks for; advance() does it.
class SshSession::Channel : public std::enable_shared_from_this<SshSession::Channel> {
public:
    Channel(SshSession& session, ssh_channel_struct* channel);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    /// libssh keeps a channel, and would call back, until the peer has closed it too.
    ~Channel() {
        ssh_remove_channel_callbacks(channel_, &callbacks_);
        ssh_channel_free(channel_);
    }

    /// Returns: false when both sides have closed it.
    bool advance();
    bool is_busy() const {
        return is_visiting_ || exchange_ != nullptr || !out_.empty() || ending_;
    }
    std::chrono::steady_clock::time_point last_moved() const { return last_moved_; }
    std::size_t unread() const {
        return static_cast<std::size_t>(std::max(0, ssh_channel_poll(channel_, 0)));
    }

private:
    int on_exec(const char* line);
    int on_shell();
    int on_environment(const char* name, const char* value);
    void begin(const git::SshCommand& command);
    void finish();
    bool send();
    int write(std::string_view piece, bool to_stderr);
    void read();
    void visit();
    void visited(GitExchange::State state, const std::string& out);

    SshSession& session_;
    ssh_channel_struct* channel_;
    ssh_channel_callbacks_struct callbacks_{};
    git::ProtocolVersion version_ = git::ProtocolVersion::V0;
    bool has_command_ = false;

    std::shared_ptr<GitExchange> exchange_;
    GitExchange::State state_ = GitExchange::State::More;  // The first visit has no input.
    bool is_visiting_ = false;
    std::chrono::steady_clock::time_point visit_at_;
    std::chrono::steady_clock::time_point last_moved_;
    std::string in_;
    std::string out_;
    std::size_t sent_ = 0;
    bool has_written_ = false;
    struct Ending {
        int status;
        std::string complaint;
    };
    std::optional<Ending> ending_;  // Once out_ is sent.
    bool has_finished_ = false;     // Our side is closed.
    bool is_closed_ = false;        // The peer's is.
};

}  // namespace origin::gitssh
