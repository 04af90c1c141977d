// SPDX-License-Identifier: Apache-2.0
// store/rows/deploy: what is stored about targets, rules, deployments and releases.
// docs/formats.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/oid.h"

namespace origin::store {

/// How a target is looked at once it is live.
struct HealthCheck {
    std::string path;            // Of the live URL: "/healthz"; empty: nobody looks.
    std::uint32_t status = 200;  // What it has to answer,
    std::string text;            // and what has to be in it; empty: anything.
    bool roll_back = false;      // If it does not: the release before it is put back.

    template <class F>
    void fields(F& f) {
        f(path);
        f(status);
        f(text);
        f(roll_back);
    }
};

/// What a project shows the world, whatever its connector is: its site's name has no label.
inline constexpr std::string_view kProductionTarget = "production";

/// Table Targets. Key: project id + target name.
struct TargetRow {
    static constexpr std::uint8_t kVersion = 3;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::string connector;  // "local", "netlify" ...: deploy/connectors.h.
    std::map<std::string, std::string> settings;
    std::string sealed_secret;  // crypto/seal; empty: none.
    std::string
        publish_root;  // Folder of the tree that is the site's root; empty: the tree itself.
    std::optional<DeploymentId> live;
    std::uint64_t releases = 0;  // How many there have been: the last release's number.
    UnixMillis created_at = 0;
    std::optional<JobId> job;  // Does its open deployments; none: there are none. Since version 2.
    HealthCheck health = {};   // Since version 3, as all below.

    template <class F>
    void fields(F& f) {
        f(connector);
        f(settings);
        f(sealed_secret);
        f(publish_root);
        f(live);
        f(releases);
        f(created_at);
        if (f.version() >= 2) {
            f(job);
        }
        if (f.version() >= 3) {
            f(health);
        }
    }
};

/// Table Rules. Key: project id + target name + pattern.
/// The pattern is a full ref name in which `*` stands for any characters.
struct RuleRow {
    static constexpr std::uint8_t kVersion = 2;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::string pattern;
    std::string target;
    UnixMillis created_at = 0;
    bool preview = false;  // What it deploys gets a URL of its own and replaces nothing.

    template <class F>
    void fields(F& f) {
        f(pattern);
        f(target);
        f(created_at);
        if (f.version() >= 2) {
            f(preview);
        }
    }
};

/// Meaning: docs/glossary.md, "deployment". Stored as one byte: append only.
enum class DeploymentState : std::uint8_t {
    Queued,
    Building,
    Uploading,
    Processing,
    Live,
    Superseded,
    Failed,
    Cancelled,
    RolledBack,
};

constexpr DeploymentState last_of(DeploymentState) {
    return DeploymentState::RolledBack;
}
std::string_view name_of(DeploymentState state);
/// True when nothing more will happen to it by itself (Live counts).
bool is_settled(DeploymentState state);

struct LogLine {
    UnixMillis time = 0;
    std::string text;

    friend bool operator==(const LogLine&, const LogLine&) = default;

    template <class F>
    void fields(F& f) {
        f(time);
        f(text);
    }
};

/// What a provider has answered about a deployment of ours, as it answered it.
struct RemoteDeployment {
    std::string id;                            // Its own name for it.
    std::string permalink;                     // Of this deployment alone.
    std::string admin_url;                     // Where its people look at it.
    std::map<std::string, std::string> notes;  // The connector's memory between two steps.

    template <class F>
    void fields(F& f) {
        f(id);
        f(permalink);
        f(admin_url);
        f(notes);
    }
};

/// How far a deployment has come.
struct DeployProgress {
    UnixMillis state_since = 0;  // When its state began.
    std::uint32_t failures = 0;  // In a row, in this state, that are worth another try.
    std::string waiting;         // What for; empty: it does not wait.
    UnixMillis waits_until = 0;
    std::uint64_t files = 0;  // Of the site.
    std::uint64_t bytes = 0;
    std::uint64_t files_sent = 0;  // Of those that the provider did not have.
    std::uint64_t bytes_sent = 0;

    template <class F>
    void fields(F& f) {
        f(state_since);
        f(failures);
        f(waiting);
        f(waits_until);
        f(files);
        f(bytes);
        f(files_sent);
        f(bytes_sent);
    }
};

/// What a health check says of a deployment that is live. Stored as one byte: append only.
enum class Health : std::uint8_t { Unknown, Checking, Healthy, Unhealthy };

constexpr Health last_of(Health) {
    return Health::Unhealthy;
}
std::string_view name_of(Health health);

/// Table Deployments. Key: project id + deployment id.
/// Table OpenDeployments: key project id + Label(target) + deployment id: one for each with which
/// something is to be done. Value: empty, or kCancelAsked.
/// Table Previews: key project id + Label(target) + ref, value the id of the preview that is live.
struct DeploymentRow {
    static constexpr std::uint8_t kVersion = 4;
    static constexpr std::uint8_t kOldestVersion = 1;
    std::string target;
    Oid commit;
    std::string ref;         // The ref whose move made it; empty for a rollback.
    std::uint64_t push = 0;  // Sequence of that push; without one, whose place it takes.
    std::optional<RunId> run;
    std::optional<DeploymentId>
        rollback_of;  // The earlier deployment whose commit this one puts back.
    DeploymentState state = DeploymentState::Queued;
    std::uint64_t release = 0;  // Its number once it became live.
    std::string url;
    std::string error;
    std::vector<LogLine> log;
    UnixMillis created_at = 0;
    UnixMillis updated_at = 0;
    bool preview = false;  // Since version 2, as all below.
    RemoteDeployment remote = {};
    DeployProgress progress = {};
    Health health = Health::Unknown;  // Since version 3, as all below.
    bool unwanted = false;            // A preview whose branch is gone: to be removed.
    /// The others that the same move of the same ref made, if they go live together or not at all.
    std::vector<DeploymentId> together = {};  // Since version 4, as all below.
    bool staged = false;    // It lacks nothing but going live, and waits for those.
    bool released = false;  // They all were: it goes live.

    template <class F>
    void fields(F& f) {
        f(target);
        f(commit);
        f(ref);
        f(push);
        f(run);
        f(rollback_of);
        f(state);
        f(release);
        f(url);
        f(error);
        f(log);
        f(created_at);
        f(updated_at);
        if (f.version() >= 2) {
            f(preview);
            f(remote);
            f(progress);
        }
        if (f.version() >= 3) {
            f(health);
            f(unwanted);
        }
        if (f.version() >= 4) {
            f(together);
            f(staged);
            f(released);
        }
    }
};

inline constexpr std::string_view kCancelAsked = "cancel";

/// Table Previews.
struct PreviewRow {
    static constexpr std::uint8_t kVersion = 1;
    DeploymentId deployment;

    template <class F>
    void fields(F& f) {
        f(deployment);
    }
};

/// Table BlobDigests. Key: blob id. What providers call the same bytes: made once.
struct BlobDigestsRow {
    static constexpr std::uint8_t kVersion = 1;
    std::uint64_t size = 0;
    std::string sha1;                           // 20 bytes, of the bytes alone.
    bool is_lfs_pointer = false;                // Git LFS keeps the file elsewhere.
    std::map<std::string, std::string> assets;  // File name's extension -> Cloudflare's 32 digits.

    template <class F>
    void fields(F& f) {
        f(size);
        f(sha1);
        f(is_lfs_pointer);
        f(assets);
    }
};

/// Table Releases. Key: project id + target name + number.
struct ReleaseRow {
    static constexpr std::uint8_t kVersion = 1;
    DeploymentId deployment;
    Oid commit;
    UnixMillis live_at = 0;

    template <class F>
    void fields(F& f) {
        f(deployment);
        f(commit);
        f(live_at);
    }
};

}  // namespace origin::store
