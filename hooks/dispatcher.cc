// SPDX-License-Identifier: Apache-2.0
#include "hooks/dispatcher.h"

#include <algorithm>

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
    for (std::size_t i = 0; i < consumers_.size(); ++i) {
        ORIGIN_TRY(news, step(i));
        any = any || news;
    }
    return any;
}

Result<bool> Dispatcher::step(std::size_t number) {
    const Consumer& consumer = consumers_[number];
    std::uint64_t& passed = passed_[number];
    std::uint64_t cursor = 0;
    const auto page = [&](store::Reader& reader) -> Result<std::vector<store::Event>> {
        ORIGIN_TRY(stored, store::get_cursor(reader, consumer.name));
        cursor = stored;
        return store::read_events(reader, std::max(cursor, passed), kPage);
    };
    std::uint64_t last = 0;
    bool concerned = false;
    ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(events, page(reader));
        if (!events.empty()) {
            last = events.back().sequence;
            ORIGIN_TRY(wanted, consumer.concerns(reader, events));
            concerned = wanted;
        }
        return {};
    }));
    if (last == 0) {
        return false;
    }
    if (!concerned && last - cursor < kPassedMax) {
        passed = last;
        return true;
    }
    ORIGIN_CHECK(store_.write([&](store::Writer& writer) -> Status {
        ORIGIN_TRY(events, page(writer));
        if (events.empty()) {
            return {};
        }
        ORIGIN_CHECK(consumer.consume(writer, events));
        return store::put_cursor(writer, consumer.name, events.back().sequence);
    }));
    return true;
}

void Dispatcher::run() {
    while (!stopping_) {
        const std::uint64_t seen = store_.version_of(store::Table::Events);
        const auto any = step();
        if (!any) {
            log_.error("events cannot be dispatched", {{"why", any.error().kept_in_log()}});
        }
        if (!any || !*any) {
            store_.wait_for_change_of(store::Table::Events, seen, kLongestSleep);
        }
    }
}

}  // namespace origin::hooks
