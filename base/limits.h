// SPDX-License-Identifier: Apache-2.0
// base/limits: the bounds that origind enforces: value, unit, reason. A bound of one mechanism
// stands in that one's header (git/odb/small_pack.h, api/commit_limits.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace origin {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// Names.
inline constexpr std::size_t kRefNameBytesMax =
    244;  // Project id (16) + name fit an LMDB key (511).
inline constexpr std::size_t kSlugBytesMax = 64;
inline constexpr std::size_t kSiteNameBytesMax = 30;  // `<label>--<site>` fits a DNS label (63).
inline constexpr std::size_t kDisplayNameBytesMax = 200;

// Git requests (wire).
inline constexpr std::size_t kPushCommandsMax = 10'000;  // Five rows each in one store transaction.
inline constexpr std::size_t kPushOptionsMax = 64;       // Free text from the client.
inline constexpr std::size_t kPushOptionBytesMax = 1024;
inline constexpr std::size_t kFetchLinesMax = 262'144;  // Wants + haves + shallows in one request.
inline constexpr std::size_t kFetchRequestBytesMax = 16 * kMiB;  // Inflated.
inline constexpr std::size_t kInflateRatioMax = 200;             // gzip request bodies.
inline constexpr std::size_t kInflateFreeBytes = 4 * kMiB;  // Below it no ratio counts: a clone of
                                                            // 2,000 refs to one commit is dense.
inline constexpr std::size_t kRefPrefixesMax = 65'536;  // Above it git ignores them all; so do we.
inline constexpr std::size_t kDeepenNotMax = 1024;      // Each is a ref lookup and a walk.
inline constexpr std::size_t kServerOptionsMax = 64;    // v2; bytes as a push option's.
inline constexpr std::size_t kPushHeadBytesMax = 8 * kMiB;  // 10,000 commands fit twice.
inline constexpr std::size_t kAgentBytesMax = 256;          // Kept for the log; the rest is cut.
inline constexpr std::size_t kErrTextBytesMax = 1000;       // One `ERR` line.
inline constexpr std::size_t kSshCommandBytesMax = 4096;    // The exec line.

// Packs and objects.
inline constexpr std::size_t kOpenProjectsMax = 256;  // Projects whose packs stay mapped.
inline constexpr std::uint64_t kPackBytesMax = 2ULL * 1024 * kMiB;
inline constexpr std::uint64_t kBlobBytesMax = 100ULL * kMiB;
inline constexpr std::uint64_t kTreeBytesMax = 64ULL * kMiB;
inline constexpr std::uint64_t kCommitBytesMax = 4ULL * kMiB;  // Commits and tags.
inline constexpr std::uint32_t kPackObjectsMax = 10'000'000;
inline constexpr std::uint32_t kDeltaChainMax = 4095;          // What git's own packs may hold.
inline constexpr std::size_t kDeltaCacheBytesMax = 32 * kMiB;  // Per reader: bases kept inflated.
inline constexpr std::size_t kTreeDepthMax = 256;
inline constexpr std::size_t kTagChainMax = 16;
inline constexpr std::uint64_t kPackInflatedBytesFloor =
    4096ULL * kMiB;                                           // All its objects together
inline constexpr std::uint64_t kPackInflateRatioMax = 500;    // ... or this many times the pack.
inline constexpr std::size_t kObjectHeapBytesMax = 1 * kMiB;  // Larger: in an unlinked file.
inline constexpr std::uint64_t kBuilderBytesMax = 256ULL * kMiB;  // One API commit, merge or run.
inline constexpr std::size_t kGitmodulesBytesMax = 1 * kMiB;
inline constexpr std::size_t kDiffFilesMax = 10'000;
inline constexpr std::size_t kDiffPatchBytesMax = 4 * kMiB;
inline constexpr std::size_t kDiffFileBytesMax = 8 * kMiB;  // Larger files are shown as binary.

// HTTP.
inline constexpr std::size_t kHttpHeadBytesMax = 16 * kKiB;
inline constexpr std::size_t kHttpHeaderCountMax = 100;
inline constexpr std::size_t kHttpTargetBytesMax = 8 * kKiB;
inline constexpr std::size_t kApiBodyBytesMax = 4 * kMiB;
inline constexpr std::size_t kStepBytes = 256 * kKiB;  // One step of a long answer or body.
inline constexpr std::chrono::seconds kHttpHeadTimeout{20};
inline constexpr std::chrono::seconds kHttpIdleTimeout{75};
inline constexpr std::chrono::seconds kHttpStallTimeout{
    60};  // A body or answer that does not move.
inline constexpr std::size_t kHttpConnectionsMax = 10'000;
inline constexpr std::size_t kHttpHostBytesMax = 255;   // A DNS name is at most 253, plus a port.
inline constexpr std::size_t kHttpMethodBytesMax = 32;  // The longest registered one has 17.
inline constexpr std::size_t kHttpDrainBytesMax =
    64 * kKiB;  // Unread body read to keep a connection.
inline constexpr std::chrono::seconds kHttpLingerMax{
    2};  // A closing peer may still read our answer.
inline constexpr std::size_t kHttpReadBytes = 64 * kKiB;  // One read of a body.
inline constexpr std::size_t kHttpProgressBytes =
    4 * kKiB;  // Less than this in a stall window is no progress: 68 bytes a second.
inline constexpr std::chrono::milliseconds kHttpSweepInterval{250};  // How late a deadline may be.
inline constexpr std::chrono::milliseconds kAcceptPause{50};  // Out of descriptors: then try again.
inline constexpr std::chrono::duration<int> kTcpKeepIdle{30};  // Then probes; gone after a minute.
inline constexpr std::chrono::duration<int> kTcpKeepInterval{10};
inline constexpr int kTcpKeepProbes = 3;
inline constexpr std::size_t kQueryParametersMax = 100;
inline constexpr std::size_t kClientHeadBytesMax = 64 * kKiB;  // Head of an answer to us.
inline constexpr std::size_t kOutboundUrlBytesMax = 8 * kKiB;
inline constexpr std::size_t kWorkQueueMax = 4096;  // Steps waiting for a worker; then 503.

// Sites and previews.
inline constexpr std::size_t kDnsLabelBytesMax = 63;           // RFC 1035.
inline constexpr std::size_t kPreviewWalkCommitsMax = 10'000;  // Looked at for one `c-` label.
inline constexpr std::size_t kPreviewRowsMax = 10'000;         // Deployments looked at for one.
inline constexpr std::size_t kPreviewCacheRowsMax = 1024;      // Commits found by such a walk.
inline constexpr std::size_t kPreviewCookiesMax = 4;           // Of our name, tried in one request.

// Importing repositories that somebody else made.
inline constexpr std::size_t kForeignRefsMax = 1'000'000;  // About 200 MB while they are sorted.
inline constexpr std::size_t kForeignLeftOutMax = 1000;    // Refs named as not taken over.
inline constexpr std::size_t kForeignRefFileBytesMax = 4 * kKiB;  // A loose ref, or HEAD.
inline constexpr std::size_t kForeignRefPathBytesMax = 1024;      // Deeper folders are not read.
inline constexpr std::size_t kForeignPackedRefsBytesMax = 256 * kMiB;
inline constexpr std::size_t kImportRefsPerPush = 2000;  // Each push is one store transaction.
inline constexpr std::uint64_t kImportMemoryBytesMax = 16ULL * 1024 * kMiB;  // Maps included.
inline constexpr std::uint64_t kImportCpuSecondsMax = 3600;      // Of the process that reads it.
inline constexpr std::chrono::seconds kImportTimeout{2 * 3600};  // The same by the wall's clock.
inline constexpr std::size_t kChildLineBytesMax = 4 * kKiB;      // A longer line is cut.
inline constexpr std::size_t kChildInputBytesMax = 4 * kKiB;     // Fits a pipe: never waits.
inline constexpr std::size_t kRemoteUrlBytesMax = 2 * kKiB;

// Requirements and generated trees (validator).
inline constexpr std::size_t kRequirementBytesMax = 256 * kKiB;
inline constexpr std::size_t kRequirementLinesMax = 5000;
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kPathComponentBytesMax = 255;
inline constexpr std::size_t kPathDepthMax = 32;
inline constexpr std::size_t kGeneratedFileBytesMax = 1 * kMiB;
inline constexpr std::size_t kGeneratedFilesMax = 200;
inline constexpr std::size_t kGeneratedPathsMax = 20'000;  // Of a tree that is generated from.
inline constexpr std::size_t kGeneratedBytesMax = 8 * kMiB;
inline constexpr std::size_t kGeneratedLineBytesMax = 64 * kKiB;

// Blueprint engine: what one requirement may become (a page and a test file per entity).
inline constexpr std::size_t kBlueprintEntitiesMax = 40;
inline constexpr std::size_t kBlueprintFieldsMax = 60;   // Per entity: a form a person can fill.
inline constexpr std::size_t kBlueprintPagesMax = 60;    // Each is a file in the navigation.
inline constexpr std::size_t kBlueprintChoicesMax = 50;  // Values of one choice field.
inline constexpr std::size_t kBlueprintClauseBytesMax = 2 * kKiB;  // Longer is prose, not a rule.
inline constexpr std::size_t kBlueprintClausesMax = 5000;          // Rows of TRACEABILITY.md.
inline constexpr std::size_t kBlueprintMatchStepsMax = 2000;  // Tries of one pattern on one clause.
inline constexpr std::size_t kBlueprintWorkMax =
    400'000;  // Words read by the grammar: some seconds.

// API.
inline constexpr std::size_t kIdempotencyKeyBytesMax = 255;
inline constexpr std::chrono::hours kIdempotencyKept{24};
inline constexpr std::size_t kIdempotencyKeysPerClientMax = 10'000;
inline constexpr std::chrono::seconds kPreferWaitMax{60};
inline constexpr std::size_t kPageRowsMax = 200;
inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kPageRowsDefault = 50;
inline constexpr std::size_t kPageScanMax = 10'000;  // Rows looked at for one page of a list.
inline constexpr std::size_t kJsonItemsMax = 100;    // Of a list of names in a body.
inline constexpr std::size_t kCommitMessageBytesMax = 64 * kKiB;
inline constexpr std::size_t kApiWalkCommitsMax = 100'000;  // Walked for one page of commits.
inline constexpr std::size_t kApiFileBytesMax = 32 * kMiB;  // One file in one answer.
inline constexpr std::size_t kTargetNameBytesMax = 24;      // `<target>--<site>` is a DNS label.
inline constexpr std::size_t kWebhooksPerProjectMax = 20;   // Each may cost a job per event.
inline constexpr std::chrono::hours kPreviewLinkKept{24};
inline constexpr std::chrono::seconds kReadyProbeKept{5};   // One probe answers for that long.
inline constexpr std::chrono::seconds kEventKeepAlive{15};  // A comment on a quiet stream.

// Runs, deployments, webhooks.
inline constexpr std::size_t kRulesPerProjectMax = 100;  // Each push reads them all.
inline constexpr std::size_t kDeploymentLogLinesMax = 200;
inline constexpr std::chrono::seconds kRunLease{30};
inline constexpr std::uint32_t kRunAttemptsMax = 3;
inline constexpr std::chrono::seconds kLocalDeployWait{5};  // A push shows them for so long.
inline constexpr std::chrono::seconds kPushKeepAlive{5};    // It says something this often.
inline constexpr std::chrono::seconds kWebhookTimeout{15};

// Sign-in.
inline constexpr std::size_t kFailureTableRowsMax = 10'000;  // Addresses and key ids being slowed.

// Store.
inline constexpr std::size_t kStoreBatchWritesMax = 64;
inline constexpr std::size_t kStoreBatchBytesMax = 8 * kMiB;
inline constexpr std::size_t kStoreRowsPerWriteMax =
    50'000;  // A push of kPushCommandsMax refs, 5 rows each.
inline constexpr std::size_t kStoreKeyBytesMax = 511;  // LMDB.
inline constexpr std::size_t kStoreQueueMax = 4096;
inline constexpr std::size_t kStoreBatchRowsMax = 10'000;  // Dirty pages stay below LMDB's 131,071.
inline constexpr std::size_t kStoreValueBytesMax = 8 * kMiB;  // Larger things are files.
inline constexpr std::size_t kStoreWriteBytesMax =
    32 * kMiB;                                     // One write's values; held in memory.
inline constexpr unsigned kStoreReadersMax = 512;  // Snapshots at once; more wait.
inline constexpr std::chrono::seconds kStoreSnapshotAgeMax{20};   // It keeps old pages from reuse.
inline constexpr std::uint64_t kStoreMapBytesFirst = 256 * kMiB;  // Address space only.
inline constexpr std::uint64_t kStoreMapBytesMax = 1024 * 1024 * kMiB;  // 1 TiB.
inline constexpr std::uint64_t kStoreDiskStepBytes = 16 * kMiB;         // Preallocation.
inline constexpr std::uint64_t kStoreDiskFreeBytesMin = 1024 * kMiB;    // Below: deletes only,
inline constexpr std::uint64_t kStoreDiskFreePercentMin = 20;           // or below this, if less.
inline constexpr std::size_t kStoreCheckRowsMax = 20'000;    // A table, walked before opening.
inline constexpr std::size_t kEventDataBytesMax = 4 * kMiB;  // A push of kPushCommandsMax refs.
inline constexpr std::size_t kEventPageMax = 1000;
inline constexpr std::size_t kEventPageBytesMax = 8 * kMiB;
inline constexpr std::size_t kJobKindBytesMax = 64;

}  // namespace origin
