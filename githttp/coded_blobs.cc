// SPDX-License-Identifier: Apache-2.0
#include "githttp/coded_blobs.h"

#include <utility>

namespace origin::githttp {

std::string CodedBlobs::Shared::get(website::Coding coding,
                                    const Oid& oid,
                                    const std::string& text) {
    if (auto there = files.read(coding, oid)) {
        read.add();
        return std::move(*there);
    }
    std::string coded = website::encode(coding, text).value_or(std::string());
    made.add();
    files.keep(coding, oid, coded);
    return coded;
}

std::shared_ptr<const std::string> CodedBlobs::find(
    website::Coding coding, const Oid& oid, const std::shared_ptr<const std::string>& text) {
    const std::string key = std::string(website::name_of(coding)) + std::string(oid.view());
    if (auto kept = shared_->kept.find(key)) {
        return (*kept)->empty() ? nullptr : std::move(*kept);
    }
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->begun.size() >= kCodedAtOnceMax || !shared_->begun.insert(key).second) {
            return nullptr;
        }
    }
    const bool taken = later_([shared = shared_, key, coding, oid, text] {
        auto coded = std::make_shared<const std::string>(shared->get(coding, oid, *text));
        const std::uint64_t bytes = coded->size();
        shared->kept.add(key, std::move(coded), bytes);
        const std::lock_guard lock(shared->mutex);
        shared->begun.erase(key);
    });
    if (!taken) {
        const std::lock_guard lock(shared_->mutex);
        shared_->begun.erase(key);
    }
    return nullptr;
}

}  // namespace origin::githttp
