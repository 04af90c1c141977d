// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever the file and the request, a redirection stays on the host unless the file
// names another one, and its target is a clean line. Input: a path, a query, then the file, each
// after a newline.
#include "base/assert.h"
#include "net/http_text.h"
#include "website/redirects.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view path = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), path.size() + 1));
    const std::string_view query = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), query.size() + 1));
    const auto parsed = origin::website::Redirects::parse(text);
    ORIGIN_ASSERT(parsed.redirects.size() <= origin::website::kRedirectsMax);
    const std::string asked = "/" + std::string(path);
    for (const bool is_file : {false, true}) {
        const auto found = parsed.redirects.find({asked, query}, is_file);
        if (!found) {
            continue;
        }
        const std::string& target = found->target;
        const bool leaves = target.starts_with("http://") || target.starts_with("https://");
        ORIGIN_ASSERT(origin::net::header_value_is_safe(target));
        ORIGIN_ASSERT(target.find_first_of(" \\\"<>\t") == std::string::npos);
        ORIGIN_ASSERT(leaves || (target.starts_with('/') && !target.starts_with("//")));
        ORIGIN_ASSERT(!leaves || (!found->is_rewrite() && text.contains("://")));
        ORIGIN_ASSERT(target.size() <= origin::website::kRedirectTargetBytesMax);
    }
    return 0;
}
