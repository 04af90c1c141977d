// SPDX-License-Identifier: Apache-2.0
// Goal: a signing key speaks for one client while it may, and opens no door.
// Method: bad input first; then each way in which a key stops to count.
#include "auth/signing_keys.h"

#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "auth/gatekeeper.h"
#include "base/random.h"
#include "crypto/encode.h"
#include "store/memory_store.h"
#include "store/rows/access.h"

namespace origin::auth {
namespace {

using store::Reader;
using store::Table;
using store::Writer;

constexpr std::string_view kLine =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPZn1R8xTa2OG0sPXnHwzCHlYWJhXTE4cu9TzRhoajjR ann";

class SigningKeys : public ::testing::Test {
protected:
    SigningKeys() {
        ann = add_client("ann", true);
        bob = add_client("bob", false);
    }

    ClientId add_client(const std::string& slug, bool admin) {
        const ClientId id = ClientId::make(clock, random);
        EXPECT_TRUE(store.write([&](Writer& writer) -> Status {
            ORIGIN_CHECK(create_client(
                writer,
                {.id = id, .slug = slug, .name = "", .email = "", .admin = admin, .now = 1}));
            return {};
        }));
        return id;
    }

    std::string add(const ClientId& client, const std::string& title = "") {
        last = KeyId::make(clock, random);
        const Status done = store.write([&](Writer& writer) -> Status {
            ORIGIN_CHECK(create_signing_key(
                writer,
                {.id = last, .key = key, .client = client, .title = title, .now = clock.now()}));
            return {};
        });
        return done ? "" : std::string(done.error().reason());
    }

    void remove(const KeyId& id) {
        ASSERT_TRUE(store.write([&](Writer& writer) { return erase_key(writer, id); }));
    }

    std::optional<SigningKey> found(const std::string& blob, UnixMillis now = 10) {
        std::optional<SigningKey> out;
        EXPECT_TRUE(store.read([&](Reader& reader) -> Status {
            ORIGIN_TRY(key, find_signing_key(reader, blob, now));
            out = key;
            return {};
        }));
        return out;
    }

    void change(const std::function<void(store::KeyRow&)>& by) {
        EXPECT_TRUE(store.write([&](Writer& writer) -> Status {
            ORIGIN_TRY(row,
                       store::need_row<store::KeyRow>(writer, Table::Keys, last.view(), "none"));
            by(row);
            return store::put_row(writer, Table::Keys, last.view(), row);
        }));
    }

    SystemClock clock;
    SystemRandom random;
    std::unique_ptr<store::Store> owned_store = store::make_memory_store();
    store::Store& store = *owned_store;
    SshPublicKey key = *parse_ssh_public_key(kLine);
    ClientId ann;
    ClientId bob;
    KeyId last;
};

TEST_F(SigningKeys, BelongToOneClientOnce) {
    EXPECT_FALSE(found(key.blob));
    EXPECT_FALSE(found(""));
    EXPECT_EQ(add(ClientId::make(clock, random)), "not_found");
    EXPECT_EQ(add(ann, "a\nb"), "bad_name");
    EXPECT_EQ(add(ann), "");
    const KeyId first = last;
    EXPECT_EQ(add(ann), "signing_key_taken");
    EXPECT_EQ(add(bob), "signing_key_taken");
    ASSERT_TRUE(found(key.blob));
    EXPECT_EQ(found(key.blob)->client, ann);
    EXPECT_EQ(found(key.blob)->id, first);
    remove(first);
    EXPECT_FALSE(found(key.blob));
    EXPECT_EQ(add(bob), "");
    EXPECT_EQ(found(key.blob)->client, bob);
}

TEST_F(SigningKeys, StopToCountWithTheirClientOrTime) {
    ASSERT_EQ(add(bob), "");
    change([](store::KeyRow& row) { row.expires_at = 20; });
    EXPECT_TRUE(found(key.blob, 19));
    EXPECT_FALSE(found(key.blob, 20));
    change([](store::KeyRow& row) { row.expires_at = 0; });
    change([](store::KeyRow& row) { row.revoked_at = 1; });
    EXPECT_FALSE(found(key.blob));
    change([](store::KeyRow& row) { row.revoked_at = 0; });
    ASSERT_TRUE(found(key.blob));
    ClientChange disabled;
    disabled.disabled = true;
    ASSERT_TRUE(store.write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(change_client(writer, bob, disabled));
        return {};
    }));
    EXPECT_FALSE(found(key.blob));
    ASSERT_TRUE(store.write([&](Writer& writer) { return delete_client(writer, bob); }));
    EXPECT_FALSE(found(key.blob));
    EXPECT_EQ(add(ann), "");
}

TEST_F(SigningKeys, OpenNoDoorAndAreNoLoginKeys) {
    Metrics metrics;
    Gatekeeper gatekeeper(store, clock, metrics);
    ASSERT_EQ(add(ann), "");
    const KeyId signing = last;
    EXPECT_FALSE(gatekeeper.identify_ssh(key.blob));
    ASSERT_FALSE(gatekeeper.identify(key.blob, "peer"));
    const KeyId login = KeyId::make(clock, random);
    ASSERT_TRUE(store.write([&](Writer& writer) -> Status {
        ORIGIN_CHECK(create_ssh_key(writer,
                                    {.id = login,
                                     .key = key,
                                     .client = ann,
                                     .title = "",
                                     .scopes = Scopes::all(),
                                     .projects = {},
                                     .now = 1}));
        return {};
    })) << "the same public key may do both";
    EXPECT_TRUE(gatekeeper.identify_ssh(key.blob));
    remove(signing);
    EXPECT_TRUE(gatekeeper.identify_ssh(key.blob)) << "the login key stays";
}

}  // namespace
}  // namespace origin::auth
