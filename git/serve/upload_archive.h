// SPDX-License-Identifier: Apache-2.0
// git/serve/upload_archive: answers `git archive --remote`. No sockets: a door moves the bytes.
// In: a permit and a request's bytes. Out: an answer in steps.
// Source: git-upload-archive(1).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/gatekeeper.h"
#include "git/serve/archive.h"
#include "git/serve/storage.h"
#include "git/serve/upload_pack.h"
#include "git/wire/archive_request.h"
#include "store/store.h"

namespace origin::git {

/// Thread-safe.
class UploadArchive {
public:
    UploadArchive(store::Store& store, Storage& storage) : store_(store), storage_(storage) {}

    class Session;
    std::unique_ptr<Session> open(const auth::Permit& permit) const;

private:
    store::Store& store_;
    Storage& storage_;
};

/// feed() until has_all(), then answer(). Not thread-safe; calls may come from different threads.
class UploadArchive::Session {
public:
    Session(const UploadArchive& archives, auth::Permit permit)
        : archives_(archives), permit_(std::move(permit)) {}

    void feed(Bytes piece);
    bool has_all() const { return has_all_; }
    /// What is wrong with the request is an answer, too: NACK.
    std::unique_ptr<Answer> answer() const;

private:
    Result<Archive> begin(const ArchiveRequest& request) const;

    const UploadArchive& archives_;
    auth::Permit permit_;
    ArchiveRequestParser parser_;
    std::optional<Error> refused_;
    bool has_all_ = false;
};

}  // namespace origin::git
