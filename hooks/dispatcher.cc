// SPDX-License-Identifier: Apache-2.0
#include "hooks/dispatcher.h"

#include "base/thread_name.h"

namespace origin::hooks {
namespace {

constexpr Milliseconds kLongestSleep{500};
constexpr std::size_t kPage = 500;

}  // namespace

void Dispatcher::start() {
    thread_ = std::thread([this] {
        name_thread("dispatcher");
        run();
    });
}

void Dispatcher::stop() {
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

Result<bool> Dispatcher::step() {
    bool any = false;
    for (const Consumer& consumer : consumers_) {
        const auto page = [&](store::Reader& reader) -> Result<std::vector<store::Event>> {
            ORIGIN_TRY(after, store::get_cursor(reader, consumer.name));
            return store::read_events(reader, after, kPage);
        };
        bool news = false;
        ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(events, page(reader));
            news = !events.empty();
            return {};
        }));
        if (!news) {
            continue;
        }
        any = true;
        ORIGIN_CHECK(store_.write([&](store::Writer& writer) -> Status {
            ORIGIN_TRY(events, page(writer));
            if (events.empty()) {
                return {};
            }
            ORIGIN_CHECK(consumer.consume(writer, events));
            return store::put_cursor(writer, consumer.name, events.back().sequence);
        }));
    }
    return any;
}

void Dispatcher::run() {
    while (!stopping_) {
        const std::uint64_t seen = store_.version();
        const auto any = step();
        if (!any) {
            log_.error("events cannot be dispatched", {{"why", any.error().kept_in_log()}});
        }
        if (!any || !*any) {
            store_.wait_for_change(seen, kLongestSleep);
        }
    }
}

}  // namespace origin::hooks
