// SPDX-License-Identifier: Apache-2.0
#include "api/ready_probe.h"

#include "base/limits.h"
#include "store/key.h"

namespace origin::api {
namespace {

constexpr std::string_view kProbeKey = "ready_probe";  // Table Meta; value: UnixMillis of the last.

}  // namespace

Status ReadyProbe::check(store::Store& store, const Clock& clock) {
    const std::lock_guard lock(mutex_);
    const auto steady = clock.steady();
    if (asked_at_ && steady - *asked_at_ < kReadyProbeKept) {
        return found_;
    }
    asked_at_ = steady;
    const UnixMillis now = clock.now();
    found_ = store.write([&](store::Writer& writer) -> Status {
        ORIGIN_CHECK(writer.get(store::Table::Meta, kProbeKey));
        return writer.put(store::Table::Meta, kProbeKey, store::key(now));
    });
    return found_;
}

}  // namespace origin::api
