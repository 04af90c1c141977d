// SPDX-License-Identifier: Apache-2.0
#include "git/wire/fetch_response.h"

#include <string_view>

#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

/// "<word> <oid><end>".
void append_oid_line(std::string& out,
                     std::string_view word,
                     const Oid& oid,
                     std::string_view end) {
    std::string line(word);
    line += ' ';
    line += oid.hex();
    line += end;
    append_pkt(out, line);
}

void append_changes(std::string& out, const ShallowChange& change) {
    for (const Oid& oid : change.shallow) {
        append_oid_line(out, "shallow", oid, "");
    }
    for (const Oid& oid : change.unshallow) {
        append_oid_line(out, "unshallow", oid, "");
    }
}

}  // namespace

void append_acknowledgments(std::string& out, std::span<const Oid> common, bool ready) {
    append_pkt(out, "acknowledgments\n");
    if (common.empty()) {
        append_pkt(out, "NAK\n");
    }
    for (const Oid& oid : common) {
        append_oid_line(out, "ACK", oid, "\n");
    }
    if (ready) {
        append_pkt(out, "ready\n");
        append_delim(out);
    } else {
        append_flush(out);
    }
}

void append_shallow_info(std::string& out, const ShallowChange& change) {
    append_pkt(out, "shallow-info\n");
    append_changes(out, change);
    append_delim(out);
}

void append_packfile_header(std::string& out) {
    append_pkt(out, "packfile\n");
}

void append_v0_shallow(std::string& out, const ShallowChange& change) {
    append_changes(out, change);
    append_flush(out);
}

void V0Acks::known(std::string& out, const Oid& have) {
    const bool first = !last_common_;
    batch_known_ = true;
    last_common_ = have;
    if (mode_ == MultiAck::Detailed) {
        append_oid_line(out, "ACK", have, " common\n");
    } else if (mode_ == MultiAck::Plain) {
        append_oid_line(out, "ACK", have, " continue\n");
    } else if (first) {
        append_oid_line(out, "ACK", have, "\n");
    }
}

void V0Acks::unknown(std::string& out, const Oid& have, bool enough) {
    batch_unknown_ = true;
    if (!enough || !last_common_ || mode_ == MultiAck::None) {
        return;
    }
    if (mode_ == MultiAck::Detailed) {
        sent_ready_ = true;
        append_oid_line(out, "ACK", have, " ready\n");
    } else {
        append_oid_line(out, "ACK", have, " continue\n");
    }
}

bool V0Acks::end_batch(std::string& out, bool enough) {
    const bool clean = batch_known_ && !batch_unknown_;
    if (mode_ == MultiAck::Detailed && clean && enough && last_common_) {
        sent_ready_ = true;
        append_oid_line(out, "ACK", *last_common_, " ready\n");
    }
    if (!last_common_ || mode_ != MultiAck::None) {
        append_pkt(out, "NAK\n");
    }
    batch_known_ = false;
    batch_unknown_ = false;
    if (!no_done_ || !sent_ready_ || !last_common_) {
        return false;
    }
    append_oid_line(out, "ACK", *last_common_, "\n");
    return true;
}

void V0Acks::done(std::string& out) const {
    if (!last_common_) {
        append_pkt(out, "NAK\n");
    } else if (mode_ != MultiAck::None) {
        append_oid_line(out, "ACK", *last_common_, "\n");
    }
}

}  // namespace origin::git
