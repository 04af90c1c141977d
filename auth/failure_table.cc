// SPDX-License-Identifier: Apache-2.0
#include "auth/failure_table.h"

#include <algorithm>

#include "base/limits.h"

namespace origin::auth {
namespace {

constexpr int kFreeFailures = 5;
constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::minutes kForgottenAfter{10};

}  // namespace

std::chrono::seconds FailureTable::wait_for(std::string_view who) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(std::string(who));
    if (found == index_.end()) {
        return std::chrono::seconds(0);
    }
    const auto left = found->second->blocked_until - clock_.steady();
    return std::max(std::chrono::seconds(0), std::chrono::ceil<std::chrono::seconds>(left));
}

void FailureTable::record(std::string_view who) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    const auto found = index_.find(std::string(who));
    if (found == index_.end()) {
        rows_.push_front(Row{std::string(who), 0, now, now});
        index_.emplace(who, rows_.begin());
        if (rows_.size() > kFailureTableRowsMax) {
            index_.erase(rows_.back().who);
            rows_.pop_back();
        }
    } else {
        rows_.splice(rows_.begin(), rows_, found->second);
    }
    Row& row = rows_.front();
    if (now - row.last > kForgottenAfter) {
        row.failures = 0;
    }
    row.last = now;
    ++row.failures;
    if (row.failures > kFreeFailures) {
        const int doublings = std::min(row.failures - kFreeFailures - 1, 6);
        row.blocked_until = now + std::min(kLongestWait, std::chrono::seconds(1 << doublings));
    }
}

std::size_t FailureTable::size() const {
    const std::lock_guard lock(mutex_);
    return rows_.size();
}

}  // namespace origin::auth
