// SPDX-License-Identifier: Apache-2.0
// Goal: what we say first is, byte for byte, what git says about the same refs.
// Method: answers recorded from git 2.39.5, then the cases that it has no setting for.
// The same comparison with the git of this machine: git/wire/oracle_test.cc.
#include "git/wire/advertisement.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace origin::git {
namespace {

using std::string_literals::operator""s;

const std::string kOne = "8dbedbde1c860f1b6afd56e0a7ec4b176daa76f3";
const std::string kTwo = "0135d3874648cfab65a0a8f476e6199b76c83325";
const std::string kTag = "aa7bffe4a4a29ad9b2de0043ac19a494b9f83a04";

std::vector<AdvertisedRef> sample_refs() {
    return {{"refs/heads/feature", *Oid::from_hex(kOne)},
            {"refs/heads/main", *Oid::from_hex(kTwo)},
            {"refs/tags/light", *Oid::from_hex(kOne)},
            {"refs/tags/v1", *Oid::from_hex(kTag), Oid::from_hex(kOne)}};
}

std::string rendered(const Advertisement& advertisement) {
    std::string out;
    append_advertisement(out, advertisement);
    return out;
}

TEST(Advertisement, OfUploadPackIsGits) {
    const auto refs = sample_refs();
    const AdvertisedHead head{"refs/heads/main", Oid::from_hex(kTwo)};
    EXPECT_EQ(
        rendered({.over_http = true,
                  .agent = "git/2.39.5",
                  .features = {.deepen_by_history = true},
                  .head = &head,
                  .refs = refs}),
        "001e# service=git-upload-pack\n0000"
        "013f" +
            kTwo +
            " HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta shallow "
            "deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed "
            "allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done "
            "symref=HEAD:refs/heads/main "
            "object-format=sha1 agent=git/2.39.5\n"s
            "0040" +
            kOne +
            " refs/heads/feature\n"
            "003d" +
            kTwo +
            " refs/heads/main\n"
            "003d" +
            kOne +
            " refs/tags/light\n"
            "003a" +
            kTag +
            " refs/tags/v1\n"
            "003d" +
            kOne + " refs/tags/v1^{}\n0000");
}

TEST(Advertisement, OfReceivePackIsGits) {
    const auto refs = sample_refs();
    const AdvertisedHead head{"refs/heads/main", Oid::from_hex(kTwo)};
    const std::string expected =
        "00c1" + kOne +
        " refs/heads/feature\0report-status report-status-v2 delete-refs "
        "side-band-64k quiet atomic ofs-delta push-options object-format=sha1 agent=git/2.39.5\n"s
        "003d" +
        kTwo +
        " refs/heads/main\n"
        "003d" +
        kOne +
        " refs/tags/light\n"
        "003a" +
        kTag + " refs/tags/v1\n0000";
    Advertisement push{
        .service = Service::ReceivePack, .agent = "git/2.39.5", .head = &head, .refs = refs};
    EXPECT_EQ(rendered(push), expected);
    push.version = ProtocolVersion::V2;  // A push has no version 2.
    EXPECT_EQ(rendered(push), expected);
}

TEST(Advertisement, OfVersionOneHasOneLineMore) {
    const std::string v0 = rendered({.agent = "a"});
    EXPECT_EQ(rendered({.version = ProtocolVersion::V1, .agent = "a"}), "000eversion 1\n" + v0);
    EXPECT_TRUE(rendered({.service = Service::ReceivePack,
                          .version = ProtocolVersion::V1,
                          .over_http = true,
                          .agent = "a"})
                    .starts_with("001f# service=git-receive-pack\n0000"
                                 "000eversion 1\n"));
}

TEST(Advertisement, OfVersionTwoHasAbilitiesAndNoRefs) {
    const auto refs = sample_refs();
    EXPECT_EQ(rendered({.version = ProtocolVersion::V2,
                        .over_http = true,
                        .agent = "git/2.39.5",
                        .refs = refs}),
              "000eversion 2\n0015agent=git/2.39.5\n0013ls-refs=unborn\n"
              "0020fetch=shallow wait-for-done\n0012server-option\n0017object-format=sha1\n0000");
}

TEST(Advertisement, OfAnEmptyRepositoryCarriesItsCapabilities) {
    const AdvertisedHead unborn{"refs/heads/main", std::nullopt};
    const std::string out = rendered({.agent = "a", .head = &unborn});
    EXPECT_TRUE(out.substr(4).starts_with(std::string(40, '0') + " capabilities^{}\0multi_ack "s));
    EXPECT_FALSE(out.contains("symref"));
    EXPECT_TRUE(out.ends_with(" agent=a\n0000"));
}

TEST(Advertisement, OffersNoDoneOverHttpAlone) {
    EXPECT_TRUE(rendered({.over_http = true, .agent = "a"}).contains(" no-done "));
    EXPECT_FALSE(rendered({.agent = "a"}).contains("no-done"));
}

TEST(Advertisement, OffersHavesToAPusherAlone) {
    const std::array haves{*Oid::from_hex(kOne)};
    const std::string push =
        rendered({.service = Service::ReceivePack, .agent = "a", .haves = haves});
    EXPECT_TRUE(push.substr(4).starts_with(kOne + " .have\0report-status"s));
    EXPECT_FALSE(push.contains("capabilities^{}"));
    EXPECT_FALSE(rendered({.agent = "a", .haves = haves}).contains(".have"));
}

TEST(Advertisement, ADetachedHeadHasNoSymref) {
    const AdvertisedHead head{"", Oid::from_hex(kOne)};
    const std::string out = rendered({.agent = "a", .head = &head});
    EXPECT_TRUE(out.substr(4).starts_with(kOne + " HEAD\0"s));
    EXPECT_FALSE(out.contains("symref"));
}

}  // namespace
}  // namespace origin::git
