// SPDX-License-Identifier: Apache-2.0
// Goal: a ticket proves one key for three minutes, and nothing else does.
// Method: each byte changed, cut, of another server, early and late.
#include "gitssh/shell_ticket.h"

#include <gtest/gtest.h>

namespace origin::gitssh {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;
const std::string kBlob = std::string("\0\0\0\x0bssh-ed25519\0\xff.\n", 19);

class ShellTicket : public testing::Test {
protected:
    ShellTickets tickets_{Secret("a secret")};
    std::string ticket_ = tickets_.make(kBlob, kNow);
};

TEST_F(ShellTicket, GivesItsKeyBack) {
    EXPECT_EQ(tickets_.blob_of(ticket_, kNow), kBlob);
    EXPECT_EQ(tickets_.blob_of(ticket_, kNow + 179'999), kBlob);
}

TEST_F(ShellTicket, EndsAndDoesNotBeginEarly) {
    EXPECT_FALSE(tickets_.blob_of(ticket_, kNow + 180'000));
    EXPECT_FALSE(tickets_.blob_of(ticket_, kNow + 180'000'000));
    EXPECT_FALSE(tickets_.blob_of(ticket_, kNow - 1000)) << "the clock was set back";
}

TEST_F(ShellTicket, OfAnotherServerIsNone) {
    EXPECT_FALSE(ShellTickets(Secret("another")).blob_of(ticket_, kNow));
    EXPECT_FALSE(ShellTickets(Secret("")).blob_of(ticket_, kNow));
}

TEST_F(ShellTicket, WithAnyByteChangedOrCutIsNone) {
    for (std::size_t at = 0; at < ticket_.size(); ++at) {
        EXPECT_FALSE(tickets_.blob_of(ticket_.substr(0, at), kNow)) << at;
        EXPECT_FALSE(tickets_.blob_of(ticket_.substr(at + 1), kNow)) << at;
        for (const char change : {'A', '0', '.', '\n'}) {
            std::string altered = ticket_;
            altered[at] = altered[at] == change ? 'B' : change;
            EXPECT_FALSE(tickets_.blob_of(altered, kNow)) << altered;
        }
    }
    for (const char* none : {"", ".", "..", "...", "1..", "9999999999.QQ.QQ"}) {
        EXPECT_FALSE(tickets_.blob_of(none, kNow)) << none;
    }
    EXPECT_FALSE(tickets_.blob_of(ticket_ + "A", kNow));
    EXPECT_FALSE(tickets_.blob_of(ticket_ + "." + ticket_, kNow));
}

}  // namespace
}  // namespace origin::gitssh
