// SPDX-License-Identifier: Apache-2.0
#include "git/serve/upload_pack.h"

#include <algorithm>

#include "git/serve/fetch.h"
#include "git/wire/fetch_response.h"
#include "git/wire/ls_refs.h"
#include "git/wire/pkt_line.h"
#include "git/wire/v2_request.h"

namespace origin::git {
namespace {

constexpr FetchFeatures kFeatures{
    .filter = false, .deepen_by_history = true, .reachable_wants = true};

/// Bytes that are ready.
class TextAnswer final : public Answer {
public:
    explicit TextAnswer(std::string text) : text_(std::move(text)) {}
    Result<Progress> step(std::string& out) override {
        out += text_;
        return Progress::Done;
    }

private:
    std::string text_;
};

std::unique_ptr<Answer> text_answer(std::string text) {
    return std::make_unique<TextAnswer>(std::move(text));
}

std::unique_ptr<Answer> refusal(const Error& error) {
    std::string out;
    append_err(out, error.told_to_peer());
    return text_answer(std::move(out));
}

std::vector<Oid> known_of(const ObjectStore& objects, const std::vector<Oid>& haves) {
    std::vector<Oid> known;
    std::ranges::copy_if(
        haves, std::back_inserter(known), [&](const Oid& have) { return objects.contains(have); });
    return known;
}

/// The commits among the wants, tags peeled.
std::vector<Oid> wanted_commits(const ObjectStore& objects, const std::vector<Oid>& wants) {
    std::vector<Oid> commits;
    for (const Oid& want : wants) {
        if (const auto commit = commit_at(objects, want)) {
            commits.push_back(*commit);
        }
    }
    return commits;
}

/// Shallow lines may name commits we do not have: git skips them, and so do we.
FetchRequest with_known_shallows(FetchRequest request, const ObjectStore& objects) {
    std::erase_if(request.shallows, [&](const Oid& oid) { return !objects.commit_links(oid); });
    return request;
}

Result<ShallowPlan> shallow_plan(const FetchView& view, const FetchRequest& request) {
    std::vector<Oid> excluded;
    for (const std::string& name : request.deepen_not) {
        const auto found = std::ranges::find_if(view.refs.refs, [&](const AdvertisedRef& ref) {
            return ref.name == name || ref.name == "refs/heads/" + name ||
                   ref.name == "refs/tags/" + name;
        });
        if (found == view.refs.refs.end()) {
            return std::unexpected(Error(Code::InvalidInput, "deepen-not names no ref we have"));
        }
        excluded.push_back(found->peeled.value_or(found->oid));
    }
    return plan_shallow(
        *view.objects, request, wanted_commits(*view.objects, request.wants), excluded);
}

Result<std::unique_ptr<Answer>> answer_v2_fetch(FetchView view, FetchRequest sent) {
    const FetchRequest request = with_known_shallows(std::move(sent), *view.objects);
    if (const Status shown = check_wants(view, request.wants); !shown) {
        return refusal(shown.error());
    }
    std::string head;
    const std::vector<Oid> common = known_of(*view.objects, request.haves);
    if (!request.done && !request.haves.empty()) {
        bool ready = false;
        if (!request.wait_for_done && !request.wants.empty()) {
            ORIGIN_TRY(enough, enough_in_common(*view.objects, request.wants, common));
            ready = enough;
        }
        append_acknowledgments(head, common, ready);
        if (!ready) {
            return text_answer(std::move(head));
        }
    }
    if (request.wants.empty()) {
        append_flush(head);
        return text_answer(std::move(head));
    }
    auto shallow = shallow_plan(view, request);
    if (!shallow) {
        return refusal(shallow.error());
    }
    if (request.deepens() || !request.shallows.empty()) {
        append_shallow_info(head, shallow->change);
    }
    append_packfile_header(head);
    return std::make_unique<PackAnswer>(
        std::move(view), request, common, std::move(*shallow), std::move(head));
}

/// A v0 or v1 request: wants, batches of haves, perhaps `done`. Over HTTP its body comes in one go.
class V0Conversation final : public UploadPack::Session {
public:
    explicit V0Conversation(FetchView view) : view_(std::move(view)), parser_(kFeatures) {}

    void feed(Bytes piece) override { unread_ += text_of(piece); }
    bool ended() const override { return ended_; }

    Result<std::unique_ptr<Answer>> next() override {
        Bytes rest = bytes_of(unread_);
        while (!ended_ && !rest.empty()) {
            const auto step = parser_.feed(rest);
            if (!step) {
                return last(refusal(step.error()));
            }
            ORIGIN_TRY(answer, take(*step));
            if (answer) {
                return std::move(answer);
            }
        }
        unread_.clear();
        return out_.empty() ? nullptr : text_answer(std::exchange(out_, {}));
    }

    /// The input ended. Errors: InvalidInput if that was inside a request.
    Status finish() const { return ended_ ? Status() : parser_.finish(); }

private:
    /// Null: nothing to say yet but what is in out_.
    Result<std::unique_ptr<Answer>> take(FetchStep step) {
        switch (step) {
            case FetchStep::NeedMore:
                break;
            case FetchStep::NothingWanted:
                return last(text_answer({}));
            case FetchStep::WantsEnd:
                if (const Status begun = begin(); !begun) {
                    return last(refusal(begun.error()));
                }
                break;
            case FetchStep::BatchEnd:
                ORIGIN_CHECK(take_haves());
                if (acks_->end_batch(out_, enough_)) {
                    return last(pack());
                }
                break;
            case FetchStep::Done:
                ORIGIN_CHECK(take_haves());
                acks_->done(out_);
                return last(pack());
        }
        return nullptr;
    }

    std::unique_ptr<Answer> last(std::unique_ptr<Answer> answer) {
        ended_ = true;
        unread_.clear();
        return answer;
    }

    Status begin() {
        request_ = with_known_shallows(parser_.request(), *view_.objects);
        ORIGIN_CHECK(check_wants(view_, request_.wants));
        ORIGIN_TRY(shallow, shallow_plan(view_, request_));
        shallow_ = std::move(shallow);
        if (request_.deepens()) {
            append_v0_shallow(out_, shallow_.change);
        }
        acks_.emplace(request_.multi_ack, request_.no_done);
        return {};
    }

    Status take_haves() {
        const std::vector<Oid>& haves = parser_.request().haves;
        for (; taken_ < haves.size(); ++taken_) {
            if (view_.objects->contains(haves[taken_])) {
                common_.push_back(haves[taken_]);
                acks_->known(out_, haves[taken_]);
                ORIGIN_TRY(enough, enough_in_common(*view_.objects, request_.wants, common_));
                enough_ = enough;
            } else {
                acks_->unknown(out_, haves[taken_], enough_);
            }
        }
        return {};
    }

    std::unique_ptr<Answer> pack() {
        request_.done = true;
        return std::make_unique<PackAnswer>(std::move(view_),
                                            std::move(request_),
                                            std::move(common_),
                                            std::move(shallow_),
                                            std::move(out_));
    }

    FetchView view_;
    V0FetchParser parser_;
    FetchRequest request_;
    ShallowPlan shallow_;
    std::optional<V0Acks> acks_;
    std::vector<Oid> common_;
    std::size_t taken_ = 0;
    bool enough_ = false;
    bool ended_ = false;
    std::string unread_;
    std::string out_;
};

/// One request of protocol v2 after the other, each over the project as it is then.
class V2Conversation final : public UploadPack::Session {
public:
    using Look = std::function<Result<FetchView>()>;
    explicit V2Conversation(Look look) : look_(std::move(look)), parser_(kFeatures) {}

    void feed(Bytes piece) override { unread_ += text_of(piece); }
    bool ended() const override { return ended_; }

    Result<std::unique_ptr<Answer>> next() override {
        if (ended_) {
            return nullptr;
        }
        Bytes rest = bytes_of(unread_);
        const auto step = parser_.feed(rest);
        unread_.erase(0, unread_.size() - rest.size());
        if (!step) {
            ended_ = true;
            return refusal(step.error());
        }
        if (*step == V2Step::NeedMore) {
            return nullptr;
        }
        if (*step == V2Step::Closed) {
            ended_ = true;
            return nullptr;
        }
        ORIGIN_TRY(view, look_());
        V2Request request = parser_.take();
        if (const auto* ls_refs = std::get_if<LsRefsRequest>(&request.command)) {
            std::string out;
            append_ls_refs(out, *ls_refs, view.refs.head, view.refs.refs);
            return text_answer(std::move(out));
        }
        return answer_v2_fetch(std::move(view), std::get<FetchRequest>(std::move(request.command)));
    }

    Status finish() const { return ended_ ? Status() : parser_.finish(); }

private:
    Look look_;
    V2RequestParser parser_;
    std::string unread_;
    bool ended_ = false;
};

/// What a whole conversation of one request is answered with.
template <class Conversation>
Result<std::unique_ptr<Answer>> answer_at_once(Conversation conversation, std::string_view body) {
    conversation.feed(bytes_of(body));
    ORIGIN_TRY(answer, conversation.next());
    const bool is_whole = answer && (conversation.ended() || conversation.finish());
    if (is_whole) {
        return std::move(answer);
    }
    const Status ended = conversation.finish();
    return ended ? text_answer({}) : refusal(ended.error());
}

}  // namespace

Result<std::string> UploadPack::advertise(const auth::Permit& permit,
                                          ProtocolVersion version,
                                          bool over_http) const {
    metrics_.counter("fetch_advertisements_total").add();
    RefsSnapshot refs;
    if (version != ProtocolVersion::V2) {
        ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(snapshot, read_fetch_refs(reader, permit.project()));
            refs = std::move(snapshot);
            return {};
        }));
    }
    std::string out;
    append_advertisement(out,
                         {.service = Service::UploadPack,
                          .version = version,
                          .over_http = over_http,
                          .agent = agent_,
                          .features = kFeatures,
                          .head = &refs.head,
                          .refs = refs.refs});
    return out;
}

Result<std::unique_ptr<Answer>> UploadPack::answer(const auth::Permit& permit,
                                                   ProtocolVersion version,
                                                   std::string_view body) const {
    if (version == ProtocolVersion::V2) {
        return answer_at_once(V2Conversation([&] { return view(permit); }), body);
    }
    ORIGIN_TRY(now, view(permit));
    return answer_at_once(V0Conversation(std::move(now)), body);
}

Result<std::unique_ptr<UploadPack::Session>> UploadPack::open(const auth::Permit& permit,
                                                              ProtocolVersion version) const {
    if (version == ProtocolVersion::V2) {
        return std::make_unique<V2Conversation>([this, permit] { return view(permit); });
    }
    ORIGIN_TRY(now, view(permit));
    return std::make_unique<V0Conversation>(std::move(now));
}

Result<FetchView> UploadPack::view(const auth::Permit& permit) const {
    metrics_.counter("fetch_requests_total").add();
    FetchView view;
    ORIGIN_CHECK(store_.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(refs, read_fetch_refs(reader, permit.project()));
        ORIGIN_TRY(objects, storage_.open(reader, permit.project()));
        view = {objects, std::move(refs), permit.project(), &packs_};
        return {};
    }));
    return view;
}

}  // namespace origin::git
