// SPDX-License-Identifier: Apache-2.0
#include "githttp/pages.h"

namespace origin::githttp {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}pre{background:#f3f4f6;padding:.8rem 1rem;overflow-x:auto;"
    "border-radius:6px}h1{font-size:1.4rem}"
    "@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#14171a}"
    "pre{background:#22272e}a{color:#8ab4ff}}";

net::Response html(std::string_view title, std::string_view body) {
    net::Response response;
    response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                        {"Cache-Control", "no-cache"},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
                        {"Referrer-Policy", "no-referrer"}};
    response.body.append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
        .append(escape_html(title))
        .append("</title>\n<style>")
        .append(kStyle)
        .append("</style>\n")
        .append(body)
        .append("</html>\n");
    return response;
}

std::string command(std::string_view text) {
    return "<pre>" + escape_html(text) + "</pre>\n";
}

constexpr std::string_view kLinks =
    "<p>The API is described by <a href=\"/api/openapi.json\">openapi.json</a>.</p>\n";

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
                // clang-format off
            case '&':  escaped += "&amp;"; break;
            case '<':  escaped += "&lt;"; break;
            case '>':  escaped += "&gt;"; break;
            case '"':  escaped += "&quot;"; break;
            case '\'': escaped += "&#39;"; break;
            default:   escaped += c;
                // clang-format on
        }
    }
    return escaped;
}

net::Response plain(int status, std::string_view sentence) {
    net::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}};
    response.body = std::string(sentence) + "\n";
    return response;
}

net::Response read_only(std::string_view allowed) {
    net::Response response = plain(405, "This can only be read.");
    response.headers.push_back({"Allow", std::string(allowed)});
    return response;
}

net::Response home_page(const auth::Urls& urls) {
    return html("origind",
                "<h1>origind</h1>\n<p>This is a Git remote that also writes, versions and deploys "
                "the projects it holds.</p>\n<p>Clone a project; the key is the password, any user "
                "name will do:</p>\n" +
                    command("git clone " + urls.code("CLIENT/PROJECT")) +
                    "<p>Push what you have. A missing project is made, if the key may do that:"
                    "</p>\n" +
                    command("git push " + urls.code("CLIENT/PROJECT") + " HEAD:main") +
                    "<p>Or ask for it:</p>\n" +
                    command("curl " + urls.api("/requirements") +
                            " -H 'Authorization: Bearer KEY' \\\n  -d '{\"clientId\": \"cli_...\", "
                            "\"requirements\": \"A habit tracker ...\"}'") +
                    std::string(kLinks));
}

net::Response login_page(int status, const LoginForm& form) {
    net::Response response =
        html("Password",
             "<h1>This site wants a password</h1>\n<p>" + escape_html(form.sentence) +
                 "</p>\n<form method=\"post\" action=\"" + escape_html(form.action) +
                 "\">\n<input type=\"hidden\" name=\"to\" value=\"" + escape_html(form.to) +
                 "\">\n<label>Password <input type=\"password\" name=\"password\" "
                 "autocomplete=\"current-password\" required autofocus></label>\n"
                 "<button>Open</button>\n</form>\n");
    response.status = status;
    for (net::Header& header : response.headers) {
        if (header.name == "Cache-Control") {
            header.value = "no-store";
        }
        if (header.name == "Content-Security-Policy") {
            header.value += "; form-action 'self'; base-uri 'none'";
        }
    }
    response.headers.push_back({"X-Robots-Tag", "noindex"});
    return response;
}

net::Response project_page(const auth::Urls& urls, std::string_view project) {
    const std::string url = urls.code(project);
    return html(project,
                "<h1>" + escape_html(project) +
                    "</h1>\n<p>This is the address of a Git repository. Clone it; the key is the "
                    "password, any user name will do:</p>\n" +
                    command("git clone " + url) + "<p>Push to it:</p>\n" +
                    command("git push " + url + " HEAD:main") + std::string(kLinks));
}

}  // namespace origin::githttp
