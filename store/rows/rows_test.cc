// SPDX-License-Identifier: Apache-2.0
// Goal: the stored bytes of each row never change by accident (docs/formats.md).
// Method: one row of each kind with a value in every field, its golden bytes, and back again.
#include <gtest/gtest.h>

#include "store/row.h"
#include "store/rows/audit.h"
#include "store/rows/deploy.h"
#include "store/rows/gates.h"
#include "store/rows/grant.h"
#include "store/rows/identity.h"
#include "store/rows/policy.h"
#include "store/rows/project.h"
#include "store/rows/run.h"
#include "store/rows/webhook.h"

namespace origin::store {
namespace {

template <class Id>
Id id(unsigned char last) {
    Id made;
    made.raw[0] = 0x01;
    made.raw[kIdBytes - 1] = last;
    return made;
}

Oid oid(char digit) {
    return *Oid::from_hex(std::string(40, digit));
}

std::string hex(std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 0xf];
    }
    return out;
}

/// The row's bytes are `golden`, and they decode to a row with the same bytes; one fewer does not.
template <class Row>
void expect_golden(const Row& row, std::string_view golden) {
    const std::string bytes = encode(row);
    EXPECT_EQ(hex(bytes), golden);
    const auto back = decode<Row>(bytes);
    ASSERT_TRUE(back) << back.error().kept_in_log();
    EXPECT_EQ(hex(encode(*back)), golden);
    EXPECT_FALSE(decode<Row>(bytes.substr(0, bytes.size() - 1)));
    EXPECT_FALSE(decode<Row>(bytes + '\0'));
}

std::string unhex(std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

constexpr UnixMillis kThen = 0x0102030405;

TEST(Rows, Client) {
    const ClientRow row{.slug = "ada",
                        .display_name = "Ada L.",
                        .email = "ada@example.org",
                        .admin = true,
                        .disabled = false,
                        .created_at = kThen};
    expect_golden(row,
                  "010000000361646100000006416461204c2e0000000f616461406578616d706c652e6f7267010000"
                  "00000102030405");
}

TEST(Rows, Key) {
    const KeyRow row{.client = id<ClientId>(1),
                     .title = "ci",
                     .secret_sha256 = std::string(32, '\x5a'),
                     .scopes = 0x21,
                     .projects = {id<ProjectId>(2)},
                     .created_at = kThen,
                     .expires_at = kThen + 1,
                     .revoked_at = 0,
                     .public_key = "blob",
                     .kind = KeyKind::Jwt,
                     .kid = "k1",
                     .limits = {.refs = {{"refs/heads/f/*", true, false, true}},
                                .allow_paths = {"a"},
                                .deny_paths = {"b"},
                                .pushes = 1,
                                .pack_bytes = 2,
                                .files = 3},
                     .replaced_by = id<KeyId>(9),
                     .token = true,
                     .minted_by = std::nullopt};
    expect_golden(
        row,
        "0301000000000000000000000000000001000000026369000000205a5a5a5a5a5a5a5a5a5a5a5a5a"
        "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a000000210000000101000000000000000000000000"
        "00000200000001020304050000000102030406000000000000000000000004626c6f620200000002"
        "6b31000000010000000e726566732f68656164732f662f2a01000100000001000000016100000001"
        "00000001620000000100000000000000020000000301010000000000000000000000000000090100");
}

TEST(Rows, KeysOfOlderVersionsAreSecretsOrSshKeys) {
    KeyRow row;
    row.title = "ci";
    constexpr std::size_t kSince3 = 1 + 4 + 3 * 4 + 4 + 8 + 4 + 3;
    std::string bytes = encode(row);
    bytes.resize(bytes.size() - kSince3);
    bytes[0] = 2;
    const auto secret = decode<KeyRow>(bytes);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->kind, KeyKind::Secret);

    bytes[0] = 1;
    EXPECT_FALSE(decode<KeyRow>(bytes)) << "version 1 ends before the field";
    const auto old = decode<KeyRow>(bytes.substr(0, bytes.size() - 4));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->title, "ci");
    EXPECT_TRUE(old->public_key.empty());
    EXPECT_EQ(old->kind, KeyKind::Secret);

    row.public_key = "blob";
    bytes = encode(row);
    bytes.resize(bytes.size() - kSince3);
    bytes[0] = 2;
    const auto ssh = decode<KeyRow>(bytes);
    ASSERT_TRUE(ssh);
    EXPECT_EQ(ssh->kind, KeyKind::Ssh);
}

TEST(Rows, Audit) {
    const AuditRow row{
        .number = 7,
        .time = kThen,
        .type = "a.b",
        .actor = {.client = id<ClientId>(1), .key = id<KeyId>(2), .via = "api", .from = "::1"},
        .client = id<ClientId>(3),
        .project = std::nullopt,
        .subject = "s",
        .details = {{"k", "v"}},
        .count = 2};
    expect_golden(row,
                  "010000000000000007000000010203040500000003612e6201010000000000000000000000000000"
                  "01010100000000000000000000000000000200000003617069000000033a3a310101000000000000"
                  "00000000000000000300000000017300000001000000016b000000017600000002");
}

TEST(Rows, KeyUse) {
    expect_golden(KeyUseRow{.used_at = kThen, .peer = "::1", .agent = "git"},
                  "010000000102030405000000033a3a3100000003676974");
}

TEST(Rows, PoliciesAndStatuses) {
    const PoliciesRow policies{.policies = {{.pattern = "main",
                                             .pushers = {id<ClientId>(1)},
                                             .no_force = true,
                                             .no_delete = false,
                                             .signed_commits = true,
                                             .linear = false,
                                             .allow_paths = {"a"},
                                             .deny_paths = {},
                                             .file_bytes = 1,
                                             .files = 2,
                                             .statuses = {"ci"}}},
                               .changed_at = kThen};
    expect_golden(
        policies,
        "0100000001000000046d61696e000000010100000000000000000000000000000101000100000000"
        "01000000016100000000000000000000000100000002000000010000000263690000000102030405");
    const StatusRow status{.state = StatusState::Success,
                           .description = "built",
                           .target_url = "",
                           .client = id<ClientId>(1),
                           .updated_at = kThen};
    expect_golden(status,
                  "0101000000056275696c7400000000010000000000000000000000000000010000000102030405");
    std::string bytes = encode(status);
    bytes[1] = 4;
    EXPECT_FALSE(decode<StatusRow>(bytes)) << "no such state";
}

TEST(Rows, Project) {
    const ProjectRow row{.owner = id<ClientId>(1),
                         .slug = "shop",
                         .name = "Shop",
                         .site = "shop-x1",
                         .head = "refs/heads/main",
                         .protected_branches = {"release/*"},
                         .features = 3,
                         .gc_generation = 1,
                         .created_at = kThen,
                         .deleted_at = 0,
                         .is_public = true,
                         .promotes_together = true};
    expect_golden(row,
                  "03010000000000000000000000000000010000000473686f700000000453686f700000000773686f"
                  "702d78310000000f726566732f68656164732f6d61696e000000010000000972656c656173652f2a"
                  "00000000000000030000000000000001000000010203040500000000000000000101");
}

TEST(Rows, Grant) {
    expect_golden(GrantRow{Access::Admin, id<ClientId>(1), kThen},
                  "0103010000000000000000000000000000010000000102030405");
    const std::string unknown = "\1\4" + std::string(24, '\0');
    EXPECT_FALSE(decode<GrantRow>(unknown)) << "an access that is none";
}

TEST(Rows, Site) {
    expect_golden(SiteRow{id<ProjectId>(2), "a"}, "02010000000000000000000000000000020000000161");
}

TEST(Rows, Ref) {
    expect_golden(RefRow{oid('a'), oid('b'), 7, kThen},
                  "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                  "bbbb00000000000000070000000102030405");
    expect_golden(RefRow{oid('a'), std::nullopt, 7, kThen},
                  "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0000000000000000070000000102030405");
}

TEST(Rows, RefHistory) {
    expect_golden(RefHistoryRow{oid('a'), oid('b'), true, kThen},
                  "01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                  "bb010000000102030405");
}

TEST(Rows, Pack) {
    expect_golden(PackRow{4096, 12, kThen}, "0100000000000010000000000c0000000102030405");
    expect_golden(JournalRow{"ab", {{oid('a'), 12, 0xdeadbeef}}, kThen},
                  "01"
                  "00000002"
                  "6162"
                  "00000001"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "0000000c"
                  "deadbeef"
                  "0000000102030405");
    expect_golden(DeadPackRow{4096, kThen}, "0100000000000010000000000102030405");
}

TEST(Rows, Push) {
    const PushRow row{.actor = {id<ClientId>(1), id<KeyId>(3), "http"},
                      .refs = {{"refs/heads/main", Oid{}, oid('a'), true, false, ""},
                               {"refs/heads/x", oid('a'), oid('b'), false, true, "stale"}},
                      .options = {"deploy.skip"},
                      .run = id<RunId>(4),
                      .pack = "pack-1",
                      .pushed_at = kThen,
                      .undoes = 9};
    expect_golden(
        row,
        "02010000000000000000000000000000010101000000000000000000000000000003000000046874"
        "7470000000020000000f726566732f68656164732f6d61696e000000000000000000000000000000"
        "0000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0100000000000000000c726566732f"
        "68656164732f78aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bbbbbbbbbbbbbb0001000000057374616c65000000010000000b6465706c6f792e736b6970010100"
        "0000000000000000000000000004000000067061636b2d3100000001020304050000000000000009");
}

TEST(Rows, PushOfVersionOneUndidNothing) {
    PushRow row;
    row.actor = {id<ClientId>(1), std::nullopt, "http"};
    row.undoes = 9;
    std::string bytes = encode(row);
    bytes[0] = '\1';
    EXPECT_FALSE(decode<PushRow>(bytes)) << "version 1 ends before the field";
    const auto old = decode<PushRow>(bytes.substr(0, bytes.size() - 8));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->actor.via, "http");
    EXPECT_EQ(old->undoes, 0U);
}

TEST(Rows, Run) {
    const RunRow row{.client = id<ClientId>(1),
                     .key = id<KeyId>(3),
                     .project = id<ProjectId>(2),
                     .requirement = "a page",
                     .engine = "blueprint",
                     .branch = "refs/heads/feature/x-1",
                     .start_branch = "refs/heads/main",
                     .auto_merge = true,
                     .deploy_target = "production",
                     .state = RunState::Committed,
                     .attempts = 1,
                     .base_commit = oid('a'),
                     .commit = oid('b'),
                     .deployments = {id<DeploymentId>(5)},
                     .title = "x",
                     .traceability = {{"L1", "a page", "implemented", "", {"index.html"}}},
                     .checks = {{"html", true, "ok"}},
                     .error_code = "",
                     .error_text = "",
                     .created_at = kThen,
                     .updated_at = kThen + 1};
    expect_golden(row,
                  "01010000000000000000000000000000010101000000000000000000000000000003010000000000"
                  "000000000000000000020000000661207061676500000009626c75657072696e7400000016726566"
                  "732f68656164732f666561747572652f782d310000000f726566732f68656164732f6d61696e0100"
                  "00000a70726f64756374696f6e0200000001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb"
                  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb00000001010000000000000000000000000000050000"
                  "00017800000001000000024c31000000066120706167650000000b696d706c656d656e7465640000"
                  "0000000000010000000a696e6465782e68746d6c000000010000000468746d6c01000000026f6b00"
                  "0000000000000000000001020304050000000102030406");
}

TEST(Rows, Idempotency) {
    expect_golden(IdempotencyRow{std::string(32, '\x11'), {"run_1"}, kThen},
                  "01000000201111111111111111111111111111111111111111111111111111111111111111000000"
                  "010000000572756e5f310000000102030405");
}

TEST(Rows, Target) {
    const TargetRow row{.connector = "local",
                        .settings = {{"a", "b"}},
                        .sealed_secret = "s",
                        .publish_root = "public",
                        .live = id<DeploymentId>(5),
                        .releases = 2,
                        .created_at = kThen,
                        .job = id<JobId>(6),
                        .health = {"/h", 204, "ok", true}};
    expect_golden(row,
                  "03000000056c6f63616c00000001000000016100000001620000000173000000067075626c696301"
                  "010000000000000000000000000000050000000000000002000000010203040501"
                  "01000000000000000000000000000006"
                  "000000022f68000000cc000000026f6b01");
}

TEST(Rows, Rule) {
    expect_golden(RuleRow{"refs/heads/main", "production", kThen, true},
                  "020000000f726566732f68656164732f6d61696e0000000a70726f64756374696f6e000000010203"
                  "040501");
}

TEST(Rows, Deployment) {
    const DeploymentRow row{.target = "production",
                            .commit = oid('a'),
                            .ref = "refs/heads/main",
                            .push = 7,
                            .run = id<RunId>(4),
                            .rollback_of = id<DeploymentId>(5),
                            .state = DeploymentState::Live,
                            .release = 2,
                            .url = "http://x/",
                            .error = "",
                            .log = {{kThen, "live"}},
                            .created_at = kThen,
                            .updated_at = kThen + 1,
                            .preview = true,
                            .remote = {"r1", "p", "a", {{"k", "v"}}},
                            .progress = {kThen, 3, "w", kThen, 4, 5, 6, 7},
                            .health = Health::Healthy,
                            .unwanted = true,
                            .together = {id<DeploymentId>(6)},
                            .staged = true,
                            .released = true};
    expect_golden(row,
                  "040000000a70726f64756374696f6eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0000000f72"
                  "6566732f68656164732f6d61696e0000000000000007010100000000000000000000000000000401"
                  "0100000000000000000000000000000504000000000000000200000009687474703a2f2f782f0000"
                  "0000000000010000000102030405000000046c697665000000010203040500000001020304060100"
                  "000002723100000001700000000161000000010000000"
                  "16b0000000176"
                  "0000000102030405"
                  "00000003"
                  "0000000177"
                  "0000000102030405"
                  "0000000000000004000000000000000500000000000000060000000000000007"
                  "0201"
                  "00000001010000000000000000000000000000060101");
}

TEST(Rows, Preview) {
    expect_golden(PreviewRow{id<DeploymentId>(5)}, "0101000000000000000000000000000005");
}

TEST(Rows, BlobDigests) {
    expect_golden(BlobDigestsRow{5, "s", true, {{"js", "ab"}}},
                  "01000000000000000500000001730100000001000000026a73000000026162");
}

TEST(Rows, Gates) {
    expect_golden(GatesRow{true, "u", "s", true, 5, kThen},
                  "01010000000175000000017301000000050000000102030405");
}

TEST(Rows, TreeRules) {
    expect_golden(
        TreeRulesRow{"r", oid('a'), {{"p", "t", true}}, "f"},
        "010000000172aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa00000001000000017000000001740"
        "10000000166");
}

TEST(Rows, Release) {
    expect_golden(ReleaseRow{id<DeploymentId>(5), oid('a'), kThen},
                  "0101000000000000000000000000000005aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa000000"
                  "0102030405");
}

TEST(Rows, Webhook) {
    const WebhookRow row{.url = "https://x/",
                         .sealed_secret = "s",
                         .events = {"push"},
                         .state = WebhookState::Paused,
                         .reason = "gone",
                         .cursor = 9,
                         .attempts = 2,
                         .next_attempt_at = kThen,
                         .created_at = kThen,
                         .client = id<ClientId>(3),
                         .refs = {"r"},
                         .format = WebhookFormat::Github,
                         .scheme = WebhookScheme::Ed25519,
                         .public_key = "p",
                         .sealed_previous = "q",
                         .previous_public_key = "o",
                         .previous_until = kThen,
                         .failing_since = kThen,
                         .part = 1,
                         .quick = true};
    expect_golden(row,
                  "020000000a68747470733a2f2f782f00000001730000000100000004707573680200000004676f6e"
                  "65000000000000000900000002000000010203040500000001020304050101000000000000000000"
                  "000000000003000000010000000172010100000001700000000171000000016f0000000102030405"
                  "00000001020304050000000101");
}

// What version 1 wrote, read as it was meant: its bool `disabled` is a state.
TEST(Rows, AWebhookOfVersion1) {
    const std::string bytes = unhex(
        "010000000a68747470733a2f2f782f00000001730000000100000004707573680100000004676f6e"
        "6500000000000000090000000200000001020304050000000102030405");
    const auto row = decode<WebhookRow>(bytes);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, WebhookState::Disabled);
    EXPECT_EQ(row->reason, "gone");
    EXPECT_EQ(row->created_at, kThen);
    EXPECT_FALSE(row->client);
    EXPECT_EQ(row->scheme, WebhookScheme::Hmac);
    EXPECT_FALSE(decode<WebhookRow>(bytes + '\0')) << "version 1 ends before the field";
}

TEST(Rows, Delivery) {
    const DeliveryRow row{.event_type = "push",
                          .status = 204,
                          .error = "",
                          .milliseconds = 12,
                          .attempted_at = kThen,
                          .event = 7,
                          .attempt = 2,
                          .by_hand = true,
                          .message_id = "m",
                          .request_head = "h",
                          .request_body = "b",
                          .request_bytes = 5,
                          .response_head = "H",
                          .response_body = "B"};
    expect_golden(row,
                  "020000000470757368000000cc000000000000000c00000001020304050000000000000007000000"
                  "0201000000016d00000001680000000162000000000000000500000001480000000142");
    const auto old =
        decode<DeliveryRow>(unhex("010000000470757368000000cc000000000000000c0000000102030405"));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->status, 204U);
    EXPECT_EQ(old->attempt, 0U);
}

// States are stored as one byte: a new one is appended, never put between.
TEST(Rows, StatesKeepTheirNumbers) {
    EXPECT_EQ(static_cast<int>(WebhookState::Active), 0);
    EXPECT_EQ(static_cast<int>(WebhookState::Disabled), 1);
    EXPECT_EQ(static_cast<int>(WebhookState::Paused), 2);
    EXPECT_EQ(static_cast<int>(RunState::Pending), 0);
    EXPECT_EQ(static_cast<int>(RunState::Committed), 2);
    EXPECT_EQ(static_cast<int>(RunState::Cancelled), 8);
    EXPECT_EQ(static_cast<int>(DeploymentState::Queued), 0);
    EXPECT_EQ(static_cast<int>(DeploymentState::Live), 4);
    EXPECT_EQ(static_cast<int>(DeploymentState::RolledBack), 8);
}

}  // namespace
}  // namespace origin::store
