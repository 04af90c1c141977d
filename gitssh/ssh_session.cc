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
#include "gitssh/ssh_channel.h"

namespace origin::gitssh {

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
    drop_channels();
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
        session_.get(),
        [](ssh_session, ssh_message message, void* self) {
            return static_cast<SshSession*>(self)->on_message(message);
        },
        this);
    ssh_set_counters(session_.get(), nullptr, &packets_);
    ssh_set_blocking(session_.get(), 0);
    const int begun = ssh_handle_key_exchange(session_.get());
    return event_ && begun != SSH_ERROR &&
           ssh_event_add_session(event_.get(), session_.get()) == SSH_OK;
}

/// What no callback took. Returns 1: refuse it; of a request for a service: grant it.
int SshSession::on_message(ssh_message_struct* message) {
    const int type = ssh_message_type(message);
    if (type == SSH_REQUEST_SERVICE && !free_packets_) {
        free_packets_ = packets_.in_packets;
    }
    if (type == SSH_REQUEST_AUTH && !has_asked_none_ && free_packets_ &&
        ssh_message_subtype(message) == SSH_AUTH_METHOD_NONE) {
        has_asked_none_ = true;  // Every client begins so, to learn what there is.
        ++*free_packets_;
    }
    return 1;
}

std::uint64_t SshSession::tries() const {
    return free_packets_ ? packets_.in_packets - *free_packets_ : 0;
}

int SshSession::authenticate(ssh_key_struct* key, char state) {
    char* raw = nullptr;
    if (identity_ || tries() > kAuthTriesMax + 1 ||
        ssh_pki_export_pubkey_base64(key, &raw) != SSH_OK) {
        return SSH_AUTH_DENIED;
    }
    const SshText encoded(raw);
    const auto blob = crypto::base64_decode(encoded.get());
    const bool is_good = blob && auth::read_ssh_blob(*blob);
    auto identity = is_good ? around_.gatekeeper.identify_ssh(*blob)
                            : std::unexpected(Error(Code::Unauthenticated, "a weak key"));
    if (!identity) {
        refused_ = Refused{blob.value_or(""), identity.error().kept_in_log()};
    }
    if (!identity || !around_.may_join(identity->client)) {
        around_.metrics.counter("ssh_auth_refused_total").add();
        return SSH_AUTH_DENIED;
    }
    if (state == SSH_PUBLICKEY_STATE_NONE && keys_asked_for_ < kAuthTriesMax && free_packets_) {
        ++keys_asked_for_;  // It only asks whether the key would do.
        ++*free_packets_;
    }
    if (state == SSH_PUBLICKEY_STATE_VALID) {
        identity_ = std::move(*identity);
        note_use();
    }
    return SSH_AUTH_SUCCESS;
}

auth::Caller SshSession::caller() const {
    const char* agent = ssh_get_clientbanner(session_.get());
    return {.peer = peer_.address, .via = "ssh", .agent = agent == nullptr ? "" : agent};
}

void SshSession::note_use() {
    if (identity_ && identity_->key) {
        around_.gatekeeper.notes().used(*identity_->key, caller());
    }
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

/// Not while channels_ is walked.
void SshSession::end(const std::string& why) {
    if (!over_) {
        is_gone(why);
        drop_channels();  // ssh_disconnect() would free them below us.
        ssh_disconnect(session_.get());
    }
}

void SshSession::is_gone(const std::string& why) {
    if (!identity_ && refused_) {
        around_.gatekeeper.note_refused_ssh(refused_->blob, caller(), refused_->why);
    }
    around_.log.info("ssh connection ended", {{"peer", peer_.address}, {"why", why}});
    over_ = true;
}

void SshSession::drop_channels() {
    refuses_ = true;  // Closing a channel may still take in what asks for another.
    channels_.clear();
    opened_.clear();
}

/// libssh reads 4 KiB at a time.
void SshSession::read_socket() {
    constexpr int kPiecesMax = 64;
    full_ = std::ranges::any_of(channels_, [](const auto& channel) {
        return channel->is_busy() && channel->unread() > kUnreadPause;
    });
    if (full_ && !wants_to_write()) {
        return;
    }
    for (int i = 0; i < kPiecesMax; ++i) {
        pollfd socket{.fd = peer_.fd, .events = POLLOUT, .revents = 0};
        if (wants_to_write() && ::poll(&socket, 1, 0) == 0) {
            return;  // Who does not read what we say is not asked for more.
        }
        const int rc = ssh_event_dopoll(event_.get(), 0);
        if (rc == SSH_ERROR || ssh_get_status(session_.get()) & (SSH_CLOSED | SSH_CLOSED_ERROR)) {
            is_gone(identity_ ? "the peer closed it" : "the peer closed it, no key was proved");
            return;
        }
        if (rc == SSH_AGAIN || !is_in_bounds()) {
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
    if (!is_in_bounds()) {
        return;
    }
    // Not in the callback: it may be called while channels_ is walked.
    std::ranges::move(std::exchange(opened_, {}), std::back_inserter(channels_));
    std::erase_if(channels_, [](const auto& channel) { return !channel->advance(); });
    if (!doom_.empty()) {
        end(doom_);
        return;
    }
    if (std::ranges::any_of(channels_,
                            [](const auto& channel) { return channel->unread() > kUnreadMax; })) {
        end("more was sent than the window allows");
        return;
    }
    check_time();
}

/// Returns: false when it was ended.
bool SshSession::is_in_bounds() {
    if (!identity_) {
        if (tries() > kAuthTriesMax) {
            end("too many tries to log in");
        } else if (!free_packets_ && packets_.in_packets > kHandshakePacketsMax) {
            end("too much was said before logging in");
        }
        return !over_;
    }
    if (packets_.out_packets != out_before_) {
        out_before_ = packets_.out_packets;
        in_before_ = packets_.in_packets;
    }
    if (packets_.in_packets - in_before_ > kUntakenPacketsMax) {
        end("it asks and asks and lets nothing be answered");
    }
    return !over_;
}

/// Not while a rekey makes libssh keep, unseen, what it is given.
bool SshSession::can_take_output() const {
    return doom_.empty() && !wants_to_write() && packets_.out_bytes >= held_until_;
}

void SshSession::note_output(std::uint64_t before, std::size_t count) {
    if (packets_.out_bytes < before + count) {
        held_until_ = before + count;
    }
}

void SshSession::check_time() {
    const auto now = around_.clock.steady();
    if (refuses_ && !is_busy()) {
        end("the server stops");
        return;
    }
    if (!identity_) {
        if (now - began_ > around_.limits.login) {
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
    if (now - last_busy_ > around_.limits.idle) {
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
