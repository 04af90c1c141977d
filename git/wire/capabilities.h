// SPDX-License-Identifier: Apache-2.0
// git/wire/capabilities: what we offer, in one place, and how a client's choice is read.
// A v0 list is words joined by spaces, each `name` or `name=value`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::git {

/// What upload-pack offers beyond the floor. One value is both what is advertised and what the
/// parsers accept, so an offer and its reading cannot disagree.
struct FetchFeatures {
    bool filter = false;             // Partial clone.
    bool deepen_by_history = false;  // deepen-since, deepen-not. v2 cannot but offer them.
    bool reachable_wants = true;     // v0: any id reachable from a shown ref may be wanted.
};

/// v0/v1 upload-pack: these two, with what FetchFeatures adds between and behind.
inline constexpr std::string_view kUploadPackCapabilities =
    "multi_ack thin-pack side-band side-band-64k ofs-delta shallow";
inline constexpr std::string_view kMoreUploadPackCapabilities =
    "deepen-relative no-progress include-tag multi_ack_detailed";

/// v2, the line that says what `fetch` can do; FetchFeatures adds to it.
inline constexpr std::string_view kV2Fetch = "fetch=shallow wait-for-done";

/// receive-pack, without agent.
inline constexpr std::string_view kReceivePackCapabilities =
    "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options "
    "object-format=sha1";

/// The list for the first line of a v0/v1 advertisement, `agent` left out, in git's order.
/// `no_done` makes sense over HTTP alone. `head_target`: the branch HEAD points to, or empty.
std::string upload_pack_capabilities(const FetchFeatures& features,
                                     bool no_done,
                                     std::string_view head_target);

/// True if `list` has `name`, with or without a value.
bool has_capability(std::string_view list, std::string_view name);

/// The value of the first `name=value` in `list`.
std::optional<std::string_view> capability_value(std::string_view list, std::string_view name);

/// A client's word about itself (agent, session-id), fit for a log: printable, at most
/// kAgentBytesMax bytes.
std::string legible_agent(std::string_view text);

}  // namespace origin::git
