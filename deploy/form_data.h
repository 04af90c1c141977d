// SPDX-License-Identifier: Apache-2.0
// deploy/form_data: a body of multipart/form-data. RFC 7578.
#pragma once

#include <string>
#include <string_view>

namespace origin::deploy {

class FormData {
public:
    /// `boundary`: letters, digits and `_-`, at most 70, and in none of the parts.
    explicit FormData(std::string boundary) : boundary_(std::move(boundary)) {}

    /// `name`: without quotes and control characters.
    void add_text(std::string_view name, std::string_view text) { add(name, {}, {}, text); }
    /// A file that is called as its part is.
    void add_file(std::string_view name, std::string_view type, std::string_view body) {
        add(name, name, type, body);
    }

    std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
    /// The whole body; the form is empty then.
    std::string finish() {
        body_ += "--" + boundary_ + "--\r\n";
        return std::move(body_);
    }

private:
    void add(std::string_view name,
             std::string_view filename,
             std::string_view type,
             std::string_view body) {
        body_ += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"";
        body_.append(name).append("\"");
        if (!filename.empty()) {
            body_.append("; filename=\"").append(filename).append("\"");
        }
        if (!type.empty()) {
            body_.append("\r\nContent-Type: ").append(type);
        }
        body_.append("\r\n\r\n").append(body).append("\r\n");
    }

    std::string boundary_;
    std::string body_;
};

}  // namespace origin::deploy
