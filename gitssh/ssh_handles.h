// SPDX-License-Identifier: Apache-2.0
// gitssh/ssh_handles: owners of libssh's objects. For gitssh alone.
#pragma once

#include <memory>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

namespace origin::gitssh {

struct FreeSsh {
    void operator()(ssh_session_struct* session) const { ssh_free(session); }
    void operator()(ssh_bind_struct* bind) const { ssh_bind_free(bind); }
    void operator()(ssh_key_struct* key) const { ssh_key_free(key); }
    void operator()(ssh_event_struct* event) const { ssh_event_free(event); }
    void operator()(char* text) const { ssh_string_free_char(text); }
};

using SshSessionHandle = std::unique_ptr<ssh_session_struct, FreeSsh>;
using SshBindHandle = std::unique_ptr<ssh_bind_struct, FreeSsh>;
using SshKeyHandle = std::unique_ptr<ssh_key_struct, FreeSsh>;
using SshEventHandle = std::unique_ptr<ssh_event_struct, FreeSsh>;
using SshText = std::unique_ptr<char, FreeSsh>;

}  // namespace origin::gitssh
