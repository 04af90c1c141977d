// SPDX-License-Identifier: Apache-2.0
// githttp/coded_blobs: small files of sites in gzip and Brotli, made once and kept by blob id, in
// memory and on the disk. They are made beside the requests: until one is there, its file is sent
// as it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/metrics.h"
#include "base/oid.h"
#include "githttp/coded_files.h"
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
    /// `folder`: of CodedFiles. `metrics` outlives what was given to `later`.
    CodedBlobs(std::filesystem::path folder, Later later, Metrics& metrics)
        : later_(std::move(later)), shared_(std::make_shared<Shared>(std::move(folder), metrics)) {}

    /// Null: there is none at hand, or it is not worth it; if not at hand, it is read or made soon.
    /// Never blocks.
    std::shared_ptr<const std::string> find(website::Coding coding,
                                            const Oid& oid,
                                            const std::shared_ptr<const std::string>& text);

private:
    struct Shared {
        Shared(std::filesystem::path folder, Metrics& metrics)
            : files(std::move(folder)),
              made(metrics.counter("site_codings_total{how=\"made\"}")),
              read(metrics.counter("site_codings_total{how=\"read\"}")) {}

        /// The coding, from the disk or made; empty: not worth it. Blocks.
        std::string get(website::Coding coding, const Oid& oid, const std::string& text);

        Lru<std::shared_ptr<const std::string>> kept{kCodedMemoryMax};  // Empty: not worth it.
        CodedFiles files;
        Counter& made;
        Counter& read;
        std::mutex mutex;
        std::set<std::string> begun;
    };

    const Later later_;
    const std::shared_ptr<Shared> shared_;
};

}  // namespace origin::githttp
