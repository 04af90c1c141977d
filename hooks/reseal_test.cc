// SPDX-License-Identifier: Apache-2.0
// Goal: after a replacement each secret opens with the new key, whatever was broken off before.
// Method: endpoints in the in-memory store, more of them than one step takes.
#include "hooks/reseal.h"

#include <gtest/gtest.h>

#include "hooks/webhook_secret.h"
#include "hooks/webhooks.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {
namespace {

constexpr int kEndpoints = 1100;

class Reseal : public ::testing::Test {
protected:
    void SetUp() override {
        for (int i = 0; i < kEndpoints; ++i) {
            ids_.push_back(WebhookId::make(clock_, random_));
        }
        ASSERT_TRUE(store_->write([&](store::Writer& writer) -> Status {
            for (const WebhookId& id : ids_) {
                ORIGIN_CHECK(create_webhook(
                    writer,
                    {.id = id,
                     .scope = project_,
                     .url = "https://example.org/",
                     .sealed_secret = seal_webhook_secret(old_, id, "raw " + id.str(), random_),
                     .events = {},
                     .now = 1}));
            }
            return {};
        }));
    }

    int opened_with(const Secret& key) {
        int count = 0;
        EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Status {
            for (const WebhookId& id : ids_) {
                ORIGIN_TRY(row,
                           store::need_row<store::WebhookRow>(reader,
                                                              store::Table::Webhooks,
                                                              store::webhook_key(project_, id),
                                                              "a webhook"));
                const auto raw = open_webhook_secret(key, id, row.sealed_secret);
                count += raw && *raw == "raw " + id.str() ? 1 : 0;
            }
            return {};
        }));
        return count;
    }

    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<store::Store> store_ = store::make_memory_store();
    ProjectId project_ = ProjectId::make(clock_, random_);
    std::vector<WebhookId> ids_;
    Secret old_{std::string(32, 'o')};
    Secret new_{std::string(32, 'n')};
};

TEST_F(Reseal, SealsEverySecretAnewOnce) {
    EXPECT_EQ(reseal_secrets(*store_, old_, new_, random_), kEndpoints);
    EXPECT_EQ(opened_with(new_), kEndpoints);
    EXPECT_EQ(opened_with(old_), 0);
    EXPECT_EQ(reseal_secrets(*store_, old_, new_, random_), 0U);
    EXPECT_EQ(opened_with(new_), kEndpoints);
}

TEST_F(Reseal, SealsTheSecretBeforeARotationToo) {
    const WebhookId& id = ids_.front();
    const std::string key = store::webhook_key(project_, id);
    store::WebhookRow row;
    row.sealed_secret = seal_webhook_secret(old_, id, "current", random_);
    row.sealed_previous = seal_webhook_secret(old_, id, "previous", random_);
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return store::put_row(writer, store::Table::Webhooks, key, row);
    }));
    EXPECT_EQ(reseal_secrets(*store_, old_, new_, random_), kEndpoints);
    ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(
            read,
            store::need_row<store::WebhookRow>(reader, store::Table::Webhooks, key, "a webhook"));
        EXPECT_EQ(open_webhook_secret(new_, id, read.sealed_previous), "previous");
        return {};
    }));
}

TEST_F(Reseal, LeavesWhatAnotherKeySealed) {
    const Secret foreign(std::string(32, 'f'));
    EXPECT_EQ(reseal_secrets(*store_, foreign, new_, random_), 0U);
    EXPECT_EQ(opened_with(old_), kEndpoints);
}

TEST_F(Reseal, NamesADamagedRow) {
    ASSERT_TRUE(store_->write([&](store::Writer& writer) {
        return writer.put(
            store::Table::Webhooks, store::webhook_key(project_, ids_.front()), "damaged");
    }));
    const auto resealed = reseal_secrets(*store_, old_, new_, random_);
    ASSERT_FALSE(resealed);
    EXPECT_EQ(resealed.error().code(), Code::Corrupt);
}

}  // namespace
}  // namespace origin::hooks
