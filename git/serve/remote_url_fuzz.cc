// SPDX-License-Identifier: Apache-2.0
// Invariant: a remote that is accepted has one of three schemes, a host and a path that no program
// takes for an option, and is shown without its password.
// In: the URL, or scp's form of one.
#include <tuple>

#include "base/assert.h"
#include "git/serve/remote_url.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::ignore = origin::git::name_of_source(text);
    const auto url = origin::git::RemoteUrl::parse(text);
    if (!url) {
        ORIGIN_ASSERT(url.error().reason() == "bad_url" ||
                      url.error().reason() == "scheme_refused");
        return 0;
    }
    ORIGIN_ASSERT(origin::git::RemoteUrl::looks_like_one(text));
    ORIGIN_ASSERT(url->scheme() == "https" || url->scheme() == "http" || url->scheme() == "ssh");
    ORIGIN_ASSERT(!url->host().empty() && !url->host().starts_with('-'));
    ORIGIN_ASSERT(url->host().find_first_of("/@ \\") == std::string::npos);
    const std::string shown = url->shown();
    ORIGIN_ASSERT(!shown.substr(0, shown.find('/', shown.find("://") + 3)).contains('@'));
    ORIGIN_ASSERT(shown.starts_with(url->scheme() + "://"));
    return 0;
}
