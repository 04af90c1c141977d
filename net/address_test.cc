// SPDX-License-Identifier: Apache-2.0
// Goal: no spelling of a private address passes for a public one.
// Method: table rows W1 and W2 as addresses, with the neighbours just outside each block.
#include "net/address.h"

#include <cstring>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace origin::net {
namespace {

Address address(std::string_view text) {
    const auto parsed = Address::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Address{});
}

TEST(PublicAddress, IsNoneOfTheSpecialOnes) {
    for (const char* text : {"0.0.0.0",
                             "0.255.255.255",
                             "10.0.0.1",
                             "100.64.0.0",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.255.255.255",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.0.0.1",
                             "192.0.2.1",
                             "192.88.99.1",
                             "192.168.255.255",
                             "198.18.0.1",
                             "198.19.255.255",
                             "198.51.100.7",
                             "203.0.113.7",
                             "224.0.0.1",
                             "239.255.255.255",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::127.0.0.1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:169.254.169.254",
                             "64:ff9b::a9fe:a9fe",
                             "64:ff9b::8.8.8.8",
                             "64:ff9b:1::1",
                             "100::1",
                             "2001::1",
                             "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                             "2001:2::1",
                             "2001:10::1",
                             "2001:db8::1",
                             "2002:a9fe:a9fe::",
                             "2002:7f00:1::",
                             "3fff::1",
                             "5f00::1",
                             "fc00::1",
                             "fd00:ec2::254",
                             "fe80::1",
                             "fe90::1",
                             "febf::1",
                             "fec0::1",
                             "ff02::1"}) {
        EXPECT_FALSE(is_public_address(address(text))) << text;
    }
}

TEST(PublicAddress, IsJustOutsideTheBlocks) {
    for (const char* text :
         {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",       "100.63.255.255",
          "100.128.0.0",     "126.255.255.255", "128.0.0.0",      "169.253.255.255",
          "169.255.0.0",     "172.15.255.255",  "172.32.0.0",     "192.0.1.0",
          "192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",
          "223.255.255.255", "::ffff:8.8.8.8",  "2001:200::1",    "2001:4860:4860::8888",
          "2606:4700::1111", "2a00:1450::1"}) {
        EXPECT_TRUE(is_public_address(address(text))) << text;
    }
}

TEST(Address, ReadsCanonicalTextOnly) {
    for (const char* text : {"",
                             "2130706433",
                             "0x7f.1",
                             "0177.0.0.1",
                             "127.1",
                             "[::1]",
                             "fe80::1%lo",
                             "localhost",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "1.2.3.4 ",
                             ":::"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
    EXPECT_EQ(address("0.0.0.0").str(), "0.0.0.0");
    EXPECT_EQ(address("255.255.255.255").str(), "255.255.255.255");
    EXPECT_EQ(address("192.0.2.1").str(), "192.0.2.1");
    EXPECT_EQ(address("::ffff:192.0.2.1").str(), "192.0.2.1");
    EXPECT_EQ(address("2001:DB8::0:1").str(), "2001:db8::1");
}

TEST(Address, ComesFromASocketAddress) {
    sockaddr_storage storage{};
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x7f000001);
    std::memcpy(&storage, &v4, sizeof v4);
    EXPECT_EQ(Address::from(reinterpret_cast<const sockaddr&>(storage)),
              Address::parse("127.0.0.1"));
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr.s6_addr[15] = 1;
    std::memcpy(&storage, &v6, sizeof v6);
    EXPECT_EQ(Address::from(reinterpret_cast<const sockaddr&>(storage)), Address::parse("::1"));
    storage.ss_family = AF_UNIX;
    EXPECT_FALSE(Address::from(reinterpret_cast<const sockaddr&>(storage)));
}

TEST(Cidr, MatchesToTheBit) {
    const auto block = Cidr::parse("10.16.0.0/12");
    ASSERT_TRUE(block);
    EXPECT_TRUE(block->contains(address("10.16.0.0")));
    EXPECT_TRUE(block->contains(address("10.31.255.255")));
    EXPECT_TRUE(block->contains(address("::ffff:10.20.0.1")));
    EXPECT_FALSE(block->contains(address("10.32.0.0")));
    EXPECT_FALSE(block->contains(address("10.15.255.255")));
    EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(address("8.8.8.8")));
    EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(address("::1")));
    EXPECT_TRUE(kEveryAddress.contains(address("8.8.8.8")));
    EXPECT_TRUE(kEveryAddress.contains(address("ff02::1")));
    EXPECT_TRUE(Cidr::parse("fe80::/10")->contains(address("febf::1")));
    EXPECT_TRUE(Cidr::parse("127.0.0.1")->contains(address("127.0.0.1")));
    EXPECT_FALSE(Cidr::parse("127.0.0.1")->contains(address("127.0.0.2")));
}

TEST(Cidr, RefusesNonsense) {
    for (const char* text : {"",
                             "/8",
                             "10.0.0.0/",
                             "10.0.0.0/33",
                             "10.0.0.0/-1",
                             "10.0.0.0/8x",
                             "::/129",
                             "10/8",
                             "localhost/8"}) {
        EXPECT_FALSE(Cidr::parse(text)) << text;
    }
}

}  // namespace
}  // namespace origin::net
