// SPDX-License-Identifier: Apache-2.0
#include "git/odb/remote_streams.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include <git2.h>
#include <git2/sys/stream.h>
#include <git2/sys/transport.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace origin::git {
namespace {

constexpr int kSilenceMs = 60'000;

struct Roads {
    RemoteRoads roads;
    std::optional<Error> failure;
};

Roads& the_roads() {
    static Roads roads;
    return roads;
}

int fail(const Error& error) {
    git_error_set_str(GIT_ERROR_NET, error.told_to_peer().c_str());
    the_roads().failure = error;
    return -1;
}

int fail_silent() {
    return fail(Error(Code::Unavailable, "the server says nothing any more"));
}

bool wait_for(int fd, short what) {
    pollfd waiting{fd, what, 0};
    int ready = 0;
    do {
        ready = ::poll(&waiting, 1, kSilenceMs);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

// ---- A socket, for HTTP. libgit2 puts TLS on top of it.

struct SocketStream {
    git_stream parent{};  // First: libgit2 knows it by this alone.
    int fd = -1;
};

SocketStream& socket_of(git_stream* stream) {
    return *reinterpret_cast<SocketStream*>(stream);
}

int socket_connect(git_stream* stream) {
    auto made = the_roads().roads.connect();
    if (!made) {
        return fail(made.error());
    }
    socket_of(stream).fd = *made;
    return 0;
}

ssize_t socket_read(git_stream* stream, void* data, size_t size) {
    const int fd = socket_of(stream).fd;
    for (;;) {
        const ssize_t got = ::recv(fd, data, size, 0);
        if (got >= 0) {
            return got;
        }
        if ((errno == EAGAIN || errno == EINTR) && wait_for(fd, POLLIN)) {
            continue;
        }
        return fail_silent();
    }
}

ssize_t socket_write(git_stream* stream, const char* data, size_t size, int /*flags*/) {
    const int fd = socket_of(stream).fd;
    for (;;) {
        const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            return sent;
        }
        if ((errno == EAGAIN || errno == EINTR) && wait_for(fd, POLLOUT)) {
            continue;
        }
        return fail_silent();
    }
}

int socket_close(git_stream* stream) {
    SocketStream& socket = socket_of(stream);
    if (socket.fd >= 0) {
        ::close(socket.fd);
    }
    socket.fd = -1;
    return 0;
}

void socket_free(git_stream* stream) {
    socket_close(stream);
    const std::unique_ptr<SocketStream> owned(&socket_of(stream));
}

int socket_make(git_stream** out, const char* /*host*/, const char* /*port*/) {
    auto made = std::make_unique<SocketStream>();
    made->parent.version = GIT_STREAM_VERSION;
    made->parent.connect = socket_connect;
    made->parent.read = socket_read;
    made->parent.write = socket_write;
    made->parent.close = socket_close;
    made->parent.free = socket_free;
    *out = &made.release()->parent;
    return 0;
}

// ---- A command, for SSH.

struct Transport {
    git_smart_subtransport parent{};  // First, as above.
    git_smart_subtransport_stream* open = nullptr;
};

struct CommandStream {
    git_smart_subtransport_stream parent{};
    std::unique_ptr<RemoteStream> bytes;
};

CommandStream& command_of(git_smart_subtransport_stream* stream) {
    return *reinterpret_cast<CommandStream*>(stream);
}

int command_read(git_smart_subtransport_stream* stream, char* data, size_t size, size_t* got) {
    const auto read = command_of(stream).bytes->read({data, size});
    if (!read) {
        return fail(read.error());
    }
    *got = *read;
    return 0;
}

int command_write(git_smart_subtransport_stream* stream, const char* data, size_t size) {
    const Status written = command_of(stream).bytes->write({data, size});
    return written ? 0 : fail(written.error());
}

void command_free(git_smart_subtransport_stream* stream) {
    reinterpret_cast<Transport*>(stream->subtransport)->open = nullptr;
    const std::unique_ptr<CommandStream> owned(&command_of(stream));
}

/// "%20" -> " ". What is no such thing stays.
std::string percent_decoded(std::string_view text) {
    constexpr int kHexBase = 16;
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, kHexBase).ptr == digits + 2) {
            decoded += static_cast<char>(value);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

/// The path of ssh://user@host:port/path or user@host:path, in quotes for a shell.
std::string quoted_path(std::string_view url) {
    const std::size_t scheme = url.find("://");
    std::string decoded;  // Only a URL has things to decode.
    std::string_view path = url;
    if (scheme != url.npos) {
        path.remove_prefix(scheme + 3);
        path.remove_prefix(std::min(path.find('/'), path.size()));
        if (path.starts_with("/~")) {
            path.remove_prefix(1);
        }
        decoded = percent_decoded(path);
        path = decoded;
    } else {
        path.remove_prefix(url.find(':') + 1);
    }
    std::string quoted = "'";
    for (const char c : path) {
        quoted += c == '\'' || c == '!' ? std::string("'\\") + c + "'" : std::string(1, c);
    }
    return quoted + "'";
}

int transport_action(git_smart_subtransport_stream** out,
                     git_smart_subtransport* transport,
                     const char* url,
                     git_smart_service_t action) {
    auto& own = *reinterpret_cast<Transport*>(transport);
    if (action == GIT_SERVICE_RECEIVEPACK && own.open != nullptr) {
        *out = own.open;  // It is the same conversation.
        return 0;
    }
    if (action != GIT_SERVICE_RECEIVEPACK_LS) {
        return fail(Error(Code::Internal, "only pushes go out by this road"));
    }
    auto bytes = the_roads().roads.command("git-receive-pack " + quoted_path(url));
    if (!bytes) {
        return fail(bytes.error());
    }
    auto made = std::make_unique<CommandStream>();
    made->parent.subtransport = transport;
    made->parent.read = command_read;
    made->parent.write = command_write;
    made->parent.free = command_free;
    made->bytes = std::move(*bytes);
    own.open = &made.release()->parent;
    *out = own.open;
    return 0;
}

int transport_close(git_smart_subtransport* /*transport*/) {
    return 0;
}

void transport_free(git_smart_subtransport* transport) {
    const std::unique_ptr<Transport> owned(reinterpret_cast<Transport*>(transport));
}

int transport_make(git_smart_subtransport** out, git_transport* /*owner*/, void* /*param*/) {
    auto made = std::make_unique<Transport>();
    made->parent.action = transport_action;
    made->parent.close = transport_close;
    made->parent.free = transport_free;
    *out = &made.release()->parent;
    return 0;
}

int smart_make(git_transport** out, git_remote* owner, void* /*param*/) {
    static git_smart_subtransport_definition definition{transport_make, 0, nullptr};
    return git_transport_smart(out, owner, &definition);
}

}  // namespace

void use_roads(RemoteRoads roads) {
    the_roads().roads = std::move(roads);
    git_stream_registration sockets{};
    sockets.version = GIT_STREAM_VERSION;
    sockets.init = socket_make;
    git_stream_register(GIT_STREAM_STANDARD, &sockets);
    git_transport_register("ssh", smart_make, nullptr);
}

const Error* road_failure() {
    const auto& failure = the_roads().failure;
    return failure ? &*failure : nullptr;
}

}  // namespace origin::git
