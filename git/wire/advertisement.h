// SPDX-License-Identifier: Apache-2.0
// git/wire/advertisement: the first thing a remote says: its refs (v0, v1) or its abilities (v2).
//   v0 = ["# service=<name>" flush] ["version 1"] ref NUL capabilities, ref*, flush
//   ref = oid SP name LF; a tag is followed by oid SP name^{}; no refs: 0{40} SP capabilities^{}
// In: refs from git/serve. Out: bytes for a door.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/oid.h"
#include "git/wire/capabilities.h"
#include "git/wire/protocol_version.h"
#include "git/wire/service.h"

namespace origin::git {

struct AdvertisedRef {
    std::string name;
    Oid oid;
    std::optional<Oid> peeled = {};  // What an annotated tag finally points to.
};

struct AdvertisedHead {
    std::string target;      // refs/heads/main; empty if HEAD is an id of its own.
    std::optional<Oid> oid;  // Empty while the branch is unborn.
};

/// What an advertisement is made of. Everything is borrowed for the call.
struct Advertisement {
    Service service = Service::UploadPack;
    ProtocolVersion version = ProtocolVersion::V0;
    bool over_http = false;  // Adds the service line, and offers `no-done`.
    std::string_view agent;  // origind/0.1.0
    FetchFeatures features = {};
    const AdvertisedHead* head = nullptr;      // upload-pack alone; may be null.
    std::span<const AdvertisedRef> refs = {};  // Sorted by name, bytewise.
    std::span<const Oid> haves = {};           // receive-pack: `.have` lines.
};

/// Appends the whole advertisement. V2 and upload-pack: the capabilities, no refs, and no service
/// line. V2 and receive-pack: as V0, since a push has no version 2.
/// Source: gitprotocol-pack(5), "Reference Discovery"; gitprotocol-http(5), "Smart Server
/// Response"; gitprotocol-v2(5), "Capability Advertisement".
void append_advertisement(std::string& out, const Advertisement& from);

/// The v2 part of it alone.
void append_v2_capabilities(std::string& out,
                            std::string_view agent,
                            const FetchFeatures& features);

}  // namespace origin::git
