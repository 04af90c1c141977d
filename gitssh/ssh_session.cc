// SPDX-License-Identifier: Apache-2.0
#include "gitssh/ssh_session.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "auth/ssh_public_key.h"
#include "crypto/encode.h"
#include "gitssh/limits.h"

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
    struct Ending {
        int status;
        std::string complaint;
    };
    std::optional<Ending> ending_;  // Once out_ is sent.
    bool has_finished_ = false;     // Our side is closed.
    bool is_closed_ = false;        // The peer's is.
};

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
    out_ = "Hello " + session_.identity_->slug +
           ": your key works. There is no shell here; use git clone, fetch and push.\r\n";
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
    exchange_ =
        std::make_shared<GitExchange>(session_.around_.git, *session_.identity_, command, version_);
}

void SshSession::Channel::finish() {
    const Ending ending = *std::exchange(ending_, std::nullopt);
    if (!ending.complaint.empty()) {
        ssh_channel_write_stderr(
            channel_, ending.complaint.data(), static_cast<std::uint32_t>(ending.complaint.size()));
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
        const auto wanted = static_cast<std::uint32_t>(
            std::min<std::size_t>(room, std::min(out_.size() - sent_, kVisitBytes)));
        const int wrote = wanted == 0 || session_.wants_to_write()
                              ? 0
                              : ssh_channel_write(channel_, out_.data() + sent_, wanted);
        is_closed_ = is_closed_ || wrote < 0;  // Nobody will take it any more.
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

void SshSession::Channel::read() {
    std::array<char, 32 * 1024> piece;
    while (in_.size() < kVisitBytes) {
        const int n = ssh_channel_read_nonblocking(channel_, piece.data(), piece.size(), 0);
        if (n <= 0) {
            return;
        }
        in_.append(piece.data(), static_cast<std::size_t>(n));
        last_moved_ = session_.around_.clock.steady();
    }
}

void SshSession::Channel::visit() {
    const bool ended = ssh_channel_is_eof(channel_) != 0 && unread() == 0;
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
                                  input = in_,
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
    is_visiting_ = session_.around_.workers.submit(std::move(task));
    if (is_visiting_) {
        in_.clear();
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

struct SshSession::Callbacks {
    ssh_server_callbacks_struct server{};
};

std::shared_ptr<SshSession> SshSession::accept(ssh_bind_struct& bind,
                                               Peer peer,
                                               const Around& around) {
    SshSessionHandle handle(ssh_new());
    if (!handle) {
        ::close(peer.fd);
        return nullptr;
    }
    if (ssh_bind_accept_fd(&bind, handle.get(), peer.fd) != SSH_OK) {
        return nullptr;
    }
    auto session = std::make_shared<SshSession>(around, std::move(handle), std::move(peer));
    return session->begin() ? session : nullptr;
}

SshSession::SshSession(const Around& around, SshSessionHandle session, Peer peer)
    : around_(around),
      peer_(std::move(peer)),
      session_(std::move(session)),
      event_(ssh_event_new()),
      callbacks_(std::make_unique<Callbacks>()),
      began_(around.clock.steady()),
      last_busy_(began_) {}

SshSession::~SshSession() {
    refuses_ = true;  // Closing a channel may still take in what asks for another.
    channels_.clear();
    opened_.clear();
    if (event_ && session_) {
        ssh_event_remove_session(event_.get(), session_.get());
    }
}

bool SshSession::begin() {
    ssh_server_callbacks_struct& server = callbacks_->server;
    server.userdata = this;
    server.auth_pubkey_function =
        [](ssh_session, const char*, ssh_key_struct* key, char state, void* self) {
            return static_cast<SshSession*>(self)->authenticate(key, state);
        };
    server.channel_open_request_session_function = [](ssh_session, void* self) {
        return static_cast<SshSession*>(self)->open_channel();
    };
    ssh_callbacks_init(&server);
    ssh_set_server_callbacks(session_.get(), &server);
    ssh_set_auth_methods(session_.get(), SSH_AUTH_METHOD_PUBLICKEY);
    // What has no callback is refused, and not kept for somebody who might ask.
    ssh_set_message_callback(
        session_.get(), [](ssh_session, ssh_message, void*) { return 1; }, nullptr);
    ssh_set_blocking(session_.get(), 0);
    const int begun = ssh_handle_key_exchange(session_.get());
    return event_ && begun != SSH_ERROR &&
           ssh_event_add_session(event_.get(), session_.get()) == SSH_OK;
}

int SshSession::authenticate(ssh_key_struct* key, char state) {
    char* raw = nullptr;
    if (identity_ || tries_ > kAuthTriesMax || ssh_pki_export_pubkey_base64(key, &raw) != SSH_OK) {
        return SSH_AUTH_DENIED;
    }
    const SshText encoded(raw);
    const auto blob = crypto::base64_decode(encoded.get());
    const bool is_good = blob && auth::read_ssh_blob(*blob);
    auto identity = is_good ? around_.gatekeeper.identify_ssh(*blob)
                            : std::unexpected(Error(Code::Unauthenticated, "a weak key"));
    if (!identity) {
        ++tries_;
        around_.metrics.counter("ssh_auth_refused_total").add();
        return SSH_AUTH_DENIED;
    }
    if (state == SSH_PUBLICKEY_STATE_VALID) {  // NONE only asks whether the key would do.
        identity_ = std::move(*identity);
    }
    return SSH_AUTH_SUCCESS;
}

ssh_channel_struct* SshSession::open_channel() {
    if (!identity_ || refuses_ || channels_.size() + opened_.size() >= kChannelsMax) {
        return nullptr;
    }
    ssh_channel_struct* channel = ssh_channel_new(session_.get());
    if (channel != nullptr) {
        opened_.push_back(std::make_shared<Channel>(*this, channel));
    }
    return channel;
}

void SshSession::end(const std::string& why) {
    if (!over_) {
        around_.log.info("ssh connection ended", {{"peer", peer_.address}, {"why", why}});
        ssh_disconnect(session_.get());
        over_ = true;
    }
}

/// libssh reads 4 KiB at a time.
void SshSession::read_socket() {
    constexpr int kPiecesMax = 64;
    for (int i = 0; i < kPiecesMax; ++i) {
        pollfd socket{.fd = peer_.fd, .events = POLLOUT, .revents = 0};
        if (wants_to_write() && ::poll(&socket, 1, 0) == 0) {
            return;  // Who does not read what we say is not asked for more.
        }
        const int rc = ssh_event_dopoll(event_.get(), 0);
        if (rc == SSH_ERROR || ssh_get_status(session_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) {
            over_ = true;
            return;
        }
        if (rc == SSH_AGAIN) {
            return;
        }
    }
}

void SshSession::advance() {
    if (over_) {
        return;
    }
    read_socket();
    if (over_) {
        return;
    }
    if (tries_ > kAuthTriesMax) {
        end("too many keys were tried");
        return;
    }
    // Not in the callback: it may be called while channels_ is walked.
    std::ranges::move(std::exchange(opened_, {}), std::back_inserter(channels_));
    std::erase_if(channels_, [](const auto& channel) { return !channel->advance(); });
    if (std::ranges::any_of(channels_,
                            [](const auto& channel) { return channel->unread() > kUnreadMax; })) {
        end("more was sent than the window allows");
        return;
    }
    check_time();
}

void SshSession::check_time() {
    const auto now = around_.clock.steady();
    if (refuses_ && !is_busy()) {
        end("the server stops");
        return;
    }
    if (!identity_) {
        if (now - began_ > kLoginGrace) {
            end("no key was proved in time");
        }
        return;
    }
    for (const auto& channel : channels_) {
        last_busy_ = channel->is_busy() ? now : last_busy_;
        if (now - channel->last_moved() > kStalledMax) {
            end("a command did not go on");
            return;
        }
    }
    if (now - last_busy_ > kIdleMax) {
        end("nothing to do");
    }
}

bool SshSession::is_busy() const {
    return !opened_.empty() ||
           std::ranges::any_of(channels_, [](const auto& channel) { return channel->is_busy(); });
}

bool SshSession::wants_to_write() const {
    return (ssh_get_poll_flags(session_.get()) & SSH_WRITE_PENDING) != 0;
}

}  // namespace origin::gitssh
