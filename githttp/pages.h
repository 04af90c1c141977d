// SPDX-License-Identifier: Apache-2.0
// githttp/pages: the few pages people see: what to do next, and plain refusals.
#pragma once

#include <string>
#include <string_view>

#include "auth/urls.h"
#include "net/http.h"

namespace origin::githttp {

/// A sentence as text/plain, never cached.
net::Response plain(int status, std::string_view sentence);
/// 405 for what can only be read.
net::Response read_only(std::string_view allowed = "GET, HEAD");

/// The page at "/".
net::Response home_page(const auth::Urls& urls);
/// The page at a project's URL: the same whether the project exists or not, for it is shown to
/// anybody. `project` holds letters, digits, '-', '_' and '/' only.
net::Response project_page(const auth::Urls& urls, std::string_view project);

struct LoginForm {
    std::string_view action;    // A path.
    std::string_view to;        // Where to go from there.
    std::string_view sentence;  // What was wrong; may be empty.
};
/// Asks for a site's password; never cached, never indexed.
net::Response login_page(int status, const LoginForm& form);

/// `&`, `<`, `>` and quotes as entities.
std::string escape_html(std::string_view text);

}  // namespace origin::githttp
