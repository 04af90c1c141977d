// SPDX-License-Identifier: Apache-2.0
#include "sandbox/box_port.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace origin::sandbox {
namespace {

constexpr int kWaiting = 64;  // Connections that nobody has accepted yet.

std::unexpected<Error> cannot(const char* what, int error_number) {
    return std::unexpected(Error(Code::Unavailable,
                                 "a port of the sandbox cannot be opened",
                                 std::string(what) + ": " + std::strerror(error_number))
                               .because("no_sandbox"));
}

/// One byte, with an open file beside it.
struct Parcel {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
    char byte = 's';
    iovec bytes{&byte, 1};
    msghdr message{};

    Parcel() {
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        message.msg_control = beside.data();
        message.msg_controllen = beside.size();
    }
};

/// In a child of a process with threads: system calls only. Returns: errno.
int listen_and_send(int process, std::uint16_t port, int to) {
    if (::setns(process, CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return errno;
    }
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // The box may not have given its loopback device an address yet.
    if (listening < 0 || ::setsockopt(listening, SOL_IP, IP_FREEBIND, &yes, sizeof yes) != 0 ||
        ::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listening, kWaiting) != 0) {
        return errno;
    }
    Parcel parcel;
    cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &listening, sizeof listening);
    return ::sendmsg(to, &parcel.message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

Fd receive(int from) {
    Parcel parcel;
    int listening = -1;
    if (::recvmsg(from, &parcel.message, MSG_CMSG_CLOEXEC) == 1) {
        const cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
        if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
            std::memcpy(&listening, CMSG_DATA(header), sizeof listening);
        }
    }
    return Fd(listening);
}

}  // namespace

Result<Fd> listen_in(const Fd& process, std::uint16_t port) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return cannot("socketpair", errno);
    }
    const Fd ours(ends[0]);
    Fd theirs(ends[1]);
    // Not fork(): what waits for that (ThreadSanitizer) may begin a thread in the child, and
    // setns(2) takes no process with threads to another user namespace.
    const pid_t child = ::_Fork();
    if (child < 0) {
        return cannot("fork", errno);
    }
    if (child == 0) {
        // Nor _exit(): ThreadSanitizer would look for the threads, which are not here.
        ::syscall(SYS_exit_group, listen_and_send(process.get(), port, theirs.get()));
        std::abort();
    }
    theirs.close();
    Fd listening = receive(ours.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (listening.get() < 0) {
        return cannot("in its network", WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
    }
    return listening;
}

}  // namespace origin::sandbox
