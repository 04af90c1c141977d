// SPDX-License-Identifier: Apache-2.0
// Goal: a client gets the highest version it asks for, and no text confuses that.
// Method: one table, hostile values first.
#include "git/wire/protocol_version.h"

#include <gtest/gtest.h>

#include "git/wire/service.h"

namespace origin::git {
namespace {

TEST(ProtocolVersion, IsTheHighestOneNamedThatWeKnow) {
    struct Case {
        std::string_view text;
        ProtocolVersion version;
    };
    for (const auto& [text, version] : {
             Case{"", ProtocolVersion::V0},
             Case{":::", ProtocolVersion::V0},
             Case{"version", ProtocolVersion::V0},
             Case{"version=", ProtocolVersion::V0},
             Case{"version=3", ProtocolVersion::V0},
             Case{"version=22", ProtocolVersion::V0},
             Case{"version=2 ", ProtocolVersion::V0},
             Case{"Version=2", ProtocolVersion::V0},
             Case{"xversion=2", ProtocolVersion::V0},
             Case{"version=-2", ProtocolVersion::V0},
             Case{"version=0", ProtocolVersion::V0},
             Case{"version=1", ProtocolVersion::V1},
             Case{"version=2", ProtocolVersion::V2},
             Case{"version=2:version=1", ProtocolVersion::V2},
             Case{"version=1:version=2", ProtocolVersion::V2},
             Case{"version=1:version=9", ProtocolVersion::V1},
             Case{"unknown:key=value:version=2:", ProtocolVersion::V2},
         }) {
        EXPECT_EQ(parse_protocol_version(text), version) << '"' << text << '"';
    }
}

TEST(ProtocolVersion, ALongListIsReadOnce) {
    EXPECT_EQ(parse_protocol_version(std::string(1'000'000, ':') + "version=1"),
              ProtocolVersion::V1);
}

TEST(Service, HasExactlyThreeNames) {
    for (const std::string_view bad : {"",
                                       "git-foo",
                                       "git-upload-pack;id",
                                       "git-upload-pack ",
                                       "upload-pack",
                                       "GIT-UPLOAD-PACK"}) {
        EXPECT_FALSE(service_of(bad)) << bad;
    }
    for (const Service service :
         {Service::UploadPack, Service::ReceivePack, Service::UploadArchive}) {
        EXPECT_EQ(service_of(name_of(service)), service);
    }
}

}  // namespace
}  // namespace origin::git
