// SPDX-License-Identifier: Apache-2.0
#include "git/wire/advertisement.h"

#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

/// Writes ref lines; the capabilities ride on the first one, behind a NUL.
class RefLines {
public:
    RefLines(std::string& out, std::string capabilities)
        : out_(out), capabilities_(std::move(capabilities)) {}

    void add(const Oid& oid, std::string_view name) {
        std::string line = oid.hex();
        line += ' ';
        line += name;
        if (!capabilities_sent_) {
            line += '\0';
            line += capabilities_;
            capabilities_sent_ = true;
        }
        line += '\n';
        append_pkt(out_, line);
    }

    void end() {
        if (!capabilities_sent_) {
            add(Oid{}, "capabilities^{}");
        }
        append_flush(out_);
    }

private:
    std::string& out_;
    std::string capabilities_;
    bool capabilities_sent_ = false;
};

std::string first_line_capabilities(const Advertisement& from, bool shows_head) {
    std::string list(kReceivePackCapabilities);
    if (from.service == Service::UploadPack) {
        const std::string_view target = shows_head ? from.head->target : std::string_view();
        list = upload_pack_capabilities(from.features, from.over_http, target);
    }
    list += " agent=";
    list += from.agent;
    return list;
}

void append_service_line(std::string& out, Service service) {
    std::string line = "# service=";
    line += name_of(service);
    line += '\n';
    append_pkt(out, line);
    append_flush(out);
}

}  // namespace

void append_advertisement(std::string& out, const Advertisement& from) {
    const bool fetch = from.service == Service::UploadPack;
    if (fetch && from.version == ProtocolVersion::V2) {
        append_v2_capabilities(out, from.agent, from.features);
        return;
    }
    if (from.over_http) {
        append_service_line(out, from.service);
    }
    if (from.version == ProtocolVersion::V1) {
        append_pkt(out, "version 1\n");
    }
    const bool shows_head = fetch && from.head != nullptr && from.head->oid;
    RefLines lines(out, first_line_capabilities(from, shows_head));
    if (shows_head) {
        lines.add(*from.head->oid, "HEAD");
    }
    for (const AdvertisedRef& ref : from.refs) {
        lines.add(ref.oid, ref.name);
        if (fetch && ref.peeled) {
            lines.add(*ref.peeled, ref.name + "^{}");
        }
    }
    if (!fetch) {
        for (const Oid& have : from.haves) {
            lines.add(have, ".have");
        }
    }
    lines.end();
}

void append_v2_capabilities(std::string& out,
                            std::string_view agent,
                            const FetchFeatures& features) {
    append_pkt(out, "version 2\n");
    std::string line = "agent=";
    line += agent;
    line += '\n';
    append_pkt(out, line);
    append_pkt(out, "ls-refs=unborn\n");
    line = kV2Fetch;
    line += features.filter ? " filter\n" : "\n";
    append_pkt(out, line);
    append_pkt(out, "server-option\n");
    append_pkt(out, "object-format=sha1\n");
    append_flush(out);
}

}  // namespace origin::git
