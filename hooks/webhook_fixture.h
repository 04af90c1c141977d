// SPDX-License-Identifier: Apache-2.0
// hooks/webhook_fixture: what the tests of webhooks share: a client with a project in the in-memory
// store, its endpoints and events, and jobs claimed as a runner would.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "auth/accounts.h"
#include "git/serve/catalogue.h"
#include "hooks/webhook_secret.h"
#include "hooks/webhooks.h"
#include "store/memory_store.h"
#include "store/rows/access.h"
#include "store/rows/keys.h"

namespace origin::hooks {

struct WebhookWorld {
    WebhookWorld() {
        EXPECT_TRUE(store->write([&](store::Writer& writer) -> Status {
            for (const auto& [id, slug] : {std::pair(ann, "ann"), std::pair(bob, "bob")}) {
                ORIGIN_CHECK(auth::create_client(
                    writer, {.id = id, .slug = slug, .name = {}, .email = {}, .now = 1}));
            }
            for (const auto& [id, owner, slug] : {std::tuple(shop, ann, "shop"),
                                                  std::tuple(site, ann, "site"),
                                                  std::tuple(other, bob, "other")}) {
                ORIGIN_CHECK(git::create_project(
                    writer,
                    {.id = id, .owner = owner, .slug = slug, .name = slug, .actor = {}, .now = 1}));
            }
            return {};
        }));
    }

    WebhookId endpoint(NewWebhook wanted) {
        wanted.id = WebhookId::make(clock, random);
        wanted.sealed_secret = seal_webhook_secret(master, wanted.id, std::string(32, 's'), random);
        EXPECT_TRUE(
            store->write([&](store::Writer& writer) { return create_webhook(writer, wanted); }));
        return wanted.id;
    }

    std::uint64_t event(store::Event event) {
        std::uint64_t sequence = 0;
        event.time = 1;
        event.data = event.data.empty() ? "{}" : event.data;
        EXPECT_TRUE(store->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(made, store::append_event(writer, event));
            sequence = made;
            return {};
        }));
        return sequence;
    }
    std::uint64_t event(const ProjectId& project, const std::string& type, std::string data = {}) {
        return event({.type = type, .project = project, .client = {}, .data = std::move(data)});
    }
    /// A push that moves these refs.
    std::uint64_t push(const ProjectId& project, const std::vector<std::string>& refs) {
        std::string list;
        for (const std::string& ref : refs) {
            list += (list.empty() ? "" : ",") + (R"({"ref":")" + ref + "\"}");
        }
        return event(project, "push", R"({"refs":[)" + list + "]}");
    }

    void dispatch(std::uint64_t after = 0) {
        EXPECT_TRUE(store->write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(events, store::read_events(writer, after, 1000));
            return queue_webhooks(writer, events);
        }));
    }

    std::optional<store::Job> claim(UnixMillis now = 1000) {
        std::optional<store::Job> job;
        for (const std::string_view kind : {kWebhookJob, kSlowWebhookJob}) {
            EXPECT_TRUE(store->write([&](store::Writer& writer) -> Status {
                ORIGIN_TRY(claimed, store::claim(writer, {kind, now, Milliseconds(60'000), 1}));
                job = claimed;
                return {};
            }));
            if (job) {
                break;
            }
        }
        return job;
    }

    store::WebhookRow row(const WebhookScope& scope, const WebhookId& id) {
        store::WebhookRow found;
        EXPECT_TRUE(store->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(read,
                       store::need_row<store::WebhookRow>(
                           reader, store::Table::Webhooks, webhook_key(scope, id), "none"));
            found = std::move(read);
            return {};
        }));
        return found;
    }

    std::vector<store::DeliveryRow> deliveries(const WebhookId& id) {
        std::vector<store::DeliveryRow> found;
        EXPECT_TRUE(store->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(rows,
                       store::scan_rows<store::DeliveryRow>(
                           reader, store::Table::Deliveries, store::Range::prefix(id.view())));
            for (auto& [key, each] : rows) {
                found.push_back(std::move(each));
            }
            return {};
        }));
        return found;
    }

    /// The types of all events, in order.
    std::vector<std::string> told() {
        std::vector<std::string> types;
        EXPECT_TRUE(store->read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(events, store::read_events(reader, 0, 1000));
            for (const store::Event& each : events) {
                types.push_back(each.type);
            }
            return {};
        }));
        return types;
    }

    SystemClock clock;
    SystemRandom random;
    Secret master{std::string(32, 'k')};
    std::unique_ptr<store::Store> store = store::make_memory_store();
    ClientId ann = ClientId::make(clock, random);
    ClientId bob = ClientId::make(clock, random);
    ProjectId shop = ProjectId::make(clock, random);
    ProjectId site = ProjectId::make(clock, random);
    ProjectId other = ProjectId::make(clock, random);
};

}  // namespace origin::hooks
