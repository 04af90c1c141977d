// SPDX-License-Identifier: Apache-2.0
#include "gitssh/first_piece.h"

#include <csetjmp>
#include <cstdint>

namespace origin::gitssh {
namespace {

/// libssh has a line for each packet it makes, or two. One packet is what is needed.
constexpr int kLinesMax = 64;
constexpr std::string_view kWriter = "channel_write_common";

struct Guard {
    std::jmp_buf way_out{};
    int lines = 0;
};

void on_line(int /*level*/, const char* function, const char* /*line*/, void* guard) {
    auto* const watched = static_cast<Guard*>(guard);
    if (watched != nullptr && function == kWriter && ++watched->lines > kLinesMax) {
        // Over frames of libssh alone: C, with nothing to undo, between two packets.
        std::longjmp(watched->way_out, 1);  // NOLINT(cert-err52-cpp)
    }
}

int write(ssh_channel_struct* channel, std::string_view piece, bool to_stderr) {
    const auto size = static_cast<std::uint32_t>(piece.size());
    return to_stderr ? ssh_channel_write_stderr(channel, piece.data(), size)
                     : ssh_channel_write(channel, piece.data(), size);
}

}  // namespace

int write_first_piece(ssh_channel_struct* channel, std::string_view piece, bool to_stderr) {
    Guard guard;
    volatile int wrote = -1;
    // All of these are of this thread alone; nothing else sets them.
    ssh_set_log_callback(on_line);
    ssh_set_log_userdata(&guard);
    ssh_set_log_level(SSH_LOG_PACKET);
    if (setjmp(guard.way_out) == 0) {  // NOLINT(cert-err52-cpp)
        wrote = write(channel, piece, to_stderr);
    }
    ssh_set_log_level(SSH_LOG_NOLOG);
    ssh_set_log_userdata(nullptr);
    return wrote;
}

}  // namespace origin::gitssh
