// SPDX-License-Identifier: Apache-2.0
// POST /api/projects/{project}/commits as application/x-ndjson: a large commit in lines.
// The body goes to a spool; then the commit is made in steps: ids, trees, a pack through the intake
// as a pushed one, and one push.
#include <memory>

#include "api/answers.h"
#include "api/commit_limits.h"
#include "api/commit_lines.h"
#include "api/commit_view.h"
#include "api/endpoints.h"
#include "api/new_commit.h"
#include "api/pushed.h"
#include "crypto/encode.h"
#include "crypto/hash.h"
#include "git/serve/commit.h"
#include "git/serve/spooled_pack.h"

namespace origin::api {
namespace {

constexpr Milliseconds kPollWork{5};

/// What a stream has brought, until it is a commit.
struct Received {
    Received(std::shared_ptr<Call> c, auth::Permit p, std::filesystem::path quarantine_dir)
        : call(std::move(c)), permit(std::move(p)), spool(std::move(quarantine_dir)) {}

    std::shared_ptr<Call> call;
    auth::Permit permit;
    git::Spool spool;
    CommitLines lines{spool};
};

/// Makes the commit, a step at a time.
class Making final : public net::Deferred {
public:
    explicit Making(std::unique_ptr<Received> received)
        : received_(std::move(received)), ids_(received_->spool, received_->lines.contents()) {}

    std::optional<net::Response> poll() override {
        const auto until = clock().steady() + kPollWork;
        do {
            const auto made = step();
            if (!made) {
                return answer(made.error());
            }
            if (*made) {
                return answer(std::nullopt);
            }
        } while (clock().steady() < until);
        return std::nullopt;
    }
    Milliseconds retry_after() const override { return Milliseconds{0}; }

private:
    const Call& call() const { return *received_->call; }
    const Clock& clock() const { return call().around.clock; }

    /// Returns: true when the pack is ready to be pushed.
    Result<bool> step() {
        if (pack_) {
            return pack_->step();
        }
        ORIGIN_TRY(known, ids_.step());
        if (known) {
            ORIGIN_CHECK(make());
        }
        return false;
    }

    /// The trees and the commit.
    Status make() {
        ORIGIN_TRY(view, open_view(call(), received_->permit));
        const CommitWish& wish = received_->lines.wish();
        ORIGIN_TRY(draft, open_draft(call().around.pushes, received_->permit, wish));
        draft_ = std::move(draft);
        ORIGIN_TRY(place, place_of(wish, *draft_, view));
        place_ = place;
        for (const git::SpooledFile& file : received_->lines.contents()) {
            draft_->builder().expect_blob(file.oid, file.size);
        }
        ORIGIN_TRY(edits,
                   edits_of(received_->lines.take_actions(), *draft_->objects(), place_.tree));
        if (edits.empty()) {
            return nothing_to_commit();
        }
        ORIGIN_TRY(tree, draft_->repository().edit_tree(place_.tree, edits));
        if (place_.tree == tree) {
            return nothing_to_commit();
        }
        ORIGIN_TRY(
            oid,
            draft_->add_commit(place_.commit(tree, received_->permit, wish.message, call().now())));
        commit_ = oid;
        pack_.emplace(git::SpooledPack::Parts{
            .spool = received_->spool,
            .files = received_->lines.contents(),
            .made = draft_->builder(),
            .quarantine = call().around.storage.quarantine(received_->permit.project())});
        return {};
    }

    Result<Pushed> push(const auth::Once& once) {
        ORIGIN_TRY(objects, git::NewObjects::from(pack_->intake()));
        const auto by_intake = [&](git::ProposedPush proposal) {
            proposal.objects = std::move(objects);
            return call().around.pushes.push(received_->permit, std::move(proposal));
        };
        return push_commit(
            by_intake, {.branch = place_.branch, .old_tip = place_.tip, .commit = commit_}, once);
    }

    /// The push, or the refusal; unless the same request has been answered before.
    net::Response answer(const std::optional<Error>& failed) {
        auto said = once_only(
            call(),
            [&](const auth::Once& once) -> Answer {
                if (failed) {
                    return std::unexpected(*failed);
                }
                ORIGIN_TRY(pushed, push(once));
                return answer_pushed(call(), pushed);
            },
            [&](const Ids& ids) -> Answer { return answer_pushed(call(), Pushed::from(ids)); });
        return said ? std::get<net::Response>(std::move(*said))
                    : refusal(call().around, call().head, said.error());
    }

    std::unique_ptr<Received> received_;
    git::SpooledIds ids_;
    std::unique_ptr<git::Draft> draft_;
    CommitPlace place_;
    Oid commit_;
    std::optional<git::SpooledPack> pack_;
};

class CommitSink final : public net::BodySink {
public:
    explicit CommitSink(std::unique_ptr<Received> received) : received_(std::move(received)) {}

    Status feed(Bytes piece) override {
        digest_.update(piece);
        return received_->lines.feed(piece);
    }
    net::Reply finish() override {
        if (const Status whole = received_->lines.finish(); !whole) {
            return failed(whole.error());
        }
        // What the Idempotency-Key stands for: the body itself is gone.
        received_->call->body = "sha256:" + crypto::hex(digest_.finish());
        return std::make_unique<Making>(std::move(received_));
    }
    net::Reply failed(const Error& error) override {
        const Call& call = *received_->call;
        return refusal(call.around, call.head, error);
    }
    std::uint64_t body_bytes_max() const override { return kCommitStreamBytesMax; }

private:
    std::unique_ptr<Received> received_;
    crypto::Sha256 digest_;
};

}  // namespace

Result<std::unique_ptr<net::BodySink>> stream_commit(std::shared_ptr<Call> call) {
    ORIGIN_TRY(permit, call->permit(auth::Action::Write));
    git::Storage& storage = call->around.storage;
    ORIGIN_CHECK(storage.prepare(permit.project()));
    auto quarantine = storage.quarantine_dir(permit.project());
    return std::make_unique<CommitSink>(
        std::make_unique<Received>(std::move(call), permit, std::move(quarantine)));
}

}  // namespace origin::api
