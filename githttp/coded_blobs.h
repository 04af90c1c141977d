// SPDX-License-Identifier: Apache-2.0
// githttp/coded_blobs: small files of sites in gzip and Brotli, made once and kept by blob id.
// They are made beside the requests: until one is there, its file is sent as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/oid.h"
#include "githttp/blob_cache.h"
#include "githttp/lru.h"
#include "website/content_coding.h"

namespace origin::githttp {

inline constexpr std::uint64_t kCodedMemoryMax = 64ULL * 1024 * 1024;
inline constexpr std::size_t kCodedAtOnceMax = 64;  // Being made; more are asked for again later.

/// Has something done soon, on another thread. False: not now.
using Later = std::function<bool(std::function<void()>)>;

/// Thread-safe. What is still to be done when it goes is not done.
class CodedBlobs {
public:
    explicit CodedBlobs(Later later) : later_(std::move(later)) {}

    /// Null: there is none yet, or it is not worth it; if not yet, it is begun. Never blocks.
    std::shared_ptr<const std::string> find(website::Coding coding,
                                            const Oid& oid,
                                            const std::shared_ptr<const std::string>& text);

private:
    struct Shared {
        Lru<std::shared_ptr<const std::string>> kept{kCodedMemoryMax};  // Empty: not worth it.
        std::mutex mutex;
        std::set<std::string> begun;
    };

    const Later later_;
    const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace origin::githttp
