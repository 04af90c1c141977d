// SPDX-License-Identifier: Apache-2.0
#include "git/serve/receive_pack.h"

#include <algorithm>

#include "base/limits.h"
#include "git/serve/catalogue.h"
#include "git/serve/refs.h"
#include "git/wire/pkt_line.h"

namespace origin::git {
namespace {

constexpr std::string_view kPackTooLarge = "pack_bytes";  // The intake's reason.
constexpr std::uint64_t kEmptyPackBytes = 32;             // Who only makes a branch sends one.

}  // namespace

Result<std::string> ReceivePack::advertise(const auth::Permit& permit,
                                           ProtocolVersion version,
                                           bool over_http) const {
    RefsSnapshot refs;
    if (!permit.creates()) {
        ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(snapshot, read_refs(reader, permit.project()));
            refs = std::move(snapshot);
            return {};
        }));
    }
    for (AdvertisedRef& ref : refs.refs) {
        ref.peeled.reset();  // Pushers get no peeled lines.
    }
    std::string out;
    append_advertisement(out,
                         {.service = Service::ReceivePack,
                          .version = version,
                          .over_http = over_http,
                          .agent = around_.agent,
                          .refs = refs.refs});
    return out;
}

Result<std::unique_ptr<ReceivePack::Session>> ReceivePack::open(const auth::Permit& permit,
                                                                Opening opening) const {
    Storage& storage = around_.pushes.storage();
    ObjectStoreRef objects = ObjectStore::empty(storage.pack_dir(permit.project()));
    ClientId owner = permit.identity().client;
    if (!permit.creates()) {
        ORIGIN_CHECK(around_.pushes.store().read([&](store::Reader& reader) -> Status {
            ORIGIN_TRY(opened, storage.open(reader, permit.project()));
            objects = opened;
            ORIGIN_TRY(row, need_project(reader, permit.project()));
            owner = row.owner;
            return {};
        }));
    }
    return std::make_unique<Session>(*this, permit, std::move(opening), objects, owner);
}

/// The session's steps, as an Answer.
class ReceivePack::Session::Report final : public Answer {
public:
    explicit Report(Session& session) : session_(session) {}
    Result<Progress> step(std::string& out) override { return session_.step(out); }

private:
    Session& session_;
};

ReceivePack::Session::Session(const ReceivePack& door,
                              const auth::Permit& permit,
                              Opening opening,
                              ObjectStoreRef objects,
                              const ClientId& owner)
    : door_(door),
      permit_(permit),
      opening_(std::move(opening)),
      objects_(std::move(objects)),
      owner_(owner) {}

ReceivePack::Session::~Session() = default;

Status ReceivePack::Session::begin_pack() {
    request_ = parser_.take();
    head_complete_ = true;
    if (request_.is_probe() || !request_.expects_pack()) {
        return {};
    }
    ORIGIN_TRY(limits, this->limits());
    Storage& storage = door_.around_.pushes.storage();
    ORIGIN_CHECK(storage.prepare(permit_.project()));
    intake_.emplace(
        storage.quarantine(permit_.project()), objects_, limits, door_.around_.side_work);
    return {};
}

/// A pack that is too large for the key or the owner's quota is refused while it comes.
Result<IntakeLimits> ReceivePack::Session::limits() {
    IntakeLimits limits;
    if (const std::uint64_t most = permit_.identity().limits.pack_bytes; most != 0) {
        limits.pack_bytes_max = std::max(most, kEmptyPackBytes);
    }
    Quotas* const quotas = door_.around_.pushes.quotas();
    if (quotas == nullptr) {
        return limits;
    }
    ORIGIN_TRY(room, quotas->room(owner_));
    if (room < limits.pack_bytes_max) {
        room_ = room;
        limits.pack_bytes_max = std::max(room, kEmptyPackBytes);
    }
    return limits;
}

/// What the intake refused; in the words of the quota or the key if it was that.
Error ReceivePack::Session::refusal_of(const Error& error) const {
    const store::KeyLimits& key = permit_.identity().limits;
    if (error.reason() != kPackTooLarge || (!room_ && key.pack_bytes == 0)) {
        return error;
    }
    if (!room_) {
        return check_pack_limit(key, key.pack_bytes + 1).error();
    }
    const Quotas& quotas = *door_.around_.pushes.quotas();
    return quotas.used_up(quotas.stored_bytes_max() - *room_, 0);
}

Status ReceivePack::Session::feed(Bytes piece) {
    if (refused_) {
        return {};
    }
    if (!head_complete_) {
        const auto complete = parser_.feed(piece);
        if (!complete) {
            refused_ = complete.error();
            head_refused_ = true;
            return {};
        }
        if (!*complete) {
            return {};
        }
        if (Status begun = begin_pack(); !begun) {
            refused_ = std::move(begun).error();  // In the report: Git shows no other answer.
        }
    }
    if (refused_ || !intake_ || piece.empty()) {
        return {};
    }
    if (const Status fed = intake_->feed(piece); !fed) {
        refused_ = refusal_of(fed.error());
    }
    return {};
}

bool ReceivePack::Session::has_all() const {
    return head_refused_ || (head_complete_ && !refused_ && (!intake_ || intake_->at_end()));
}

std::unique_ptr<Answer> ReceivePack::Session::answer() {
    return std::make_unique<Report>(*this);
}

Result<Answer::Progress> ReceivePack::Session::step_resolve(std::string& out) {
    if (!head_complete_ && !refused_) {
        if (const Status ended = parser_.finish(); !ended) {
            refused_ = ended.error();
            head_refused_ = true;
        }
    }
    if (head_refused_) {
        append_err(out, refused_->told_to_peer());
        phase_ = Phase::Done;
        return Answer::Progress::Done;
    }
    if (!head_complete_ || request_.is_probe()) {
        phase_ = Phase::Done;
        return Answer::Progress::Done;
    }
    ORIGIN_TRY(resolved, resolve());
    if (resolved) {
        phase_ = Phase::Push;
    }
    return Answer::Progress::More;
}

Result<Answer::Progress> ReceivePack::Session::step(std::string& out) {
    switch (phase_) {
        case Phase::Resolve:
            return step_resolve(out);
        case Phase::Push:
            push(out);
            return phase_ == Phase::Show ? Answer::Progress::More : end(out);
        case Phase::Show:
            return show(out);
        case Phase::Done:
            break;
    }
    return Answer::Progress::Done;
}

/// Returns: true when the pack is ready, or refused.
Result<bool> ReceivePack::Session::resolve() {
    if (refused_ || !intake_) {
        return true;
    }
    const auto done = intake_->resolve_some();
    if (!done) {
        refused_ = refusal_of(done.error());
        return true;
    }
    if (!*done) {
        return false;
    }
    const auto finished = intake_->finish();
    if (!finished) {
        refused_ = finished.error();
        return true;
    }
    if (const Status connected = intake_->check_connectivity(); !connected) {
        refused_ = connected.error();
    }
    return true;
}

void ReceivePack::Session::report(std::string& out, const PushReport& report) {
    append_report_status(out, report, request_.capabilities);
}

void ReceivePack::Session::say(std::string& out, std::string_view line) const {
    if (request_.capabilities.side_band != SideBand::None) {
        const std::string text = sanitize_progress_text(line) + "\n";
        append_band(out, Band::Progress, bytes_of(text), request_.capabilities.side_band);
    }
}

/// More than Git shows of a report.
void ReceivePack::Session::say_quota(std::string& out, const Error& error) const {
    if (error.reason() == kQuotaExceeded) {
        say(out, error.told_to_peer());
    }
}

void ReceivePack::Session::push(std::string& out) {
    PushReport answer;
    const auto refuse_all = [&](const Error& error, const std::string& unpack) {
        say_quota(out, refused_ ? *refused_ : error);
        answer.unpack_error = unpack;
        answer.refs.clear();
        for (const RefCommand& command : request_.commands) {
            answer.refs.push_back({command.raw_name, error.told_to_peer()});
        }
        report(out, answer);
    };
    if (refused_) {
        refuse_all(Error(refused_->code(), "unpacker error"), refused_->told_to_peer());
        return;
    }
    ProposedPush proposal{.via = opening_.via,
                          .atomic = request_.capabilities.atomic,
                          .options = request_.options,
                          .objects = NewObjects::none(objects_),
                          .new_project_slug = opening_.new_project_slug};
    if (intake_) {
        auto objects = NewObjects::from(*intake_);
        if (!objects) {
            refuse_all(objects.error(), objects.error().told_to_peer());
            return;
        }
        proposal.objects = std::move(*objects);
    }
    std::vector<RefReport> named_badly;
    for (const RefCommand& command : request_.commands) {
        if (command.refusal.empty()) {
            proposal.refs.push_back({command.raw_name, command.old_id, command.new_id});
        } else {
            named_badly.push_back({command.raw_name, command.refusal});
        }
    }
    if (!named_badly.empty() && proposal.atomic) {
        refuse_all(Error(Code::InvalidInput, "atomic push failure"), {});
        return;
    }
    const auto outcome = door_.around_.pushes.push(permit_, proposal);
    if (!outcome) {
        refuse_all(outcome.error(), {});
        return;
    }
    for (const store::RefOutcome& ref : outcome->refs) {
        answer.refs.push_back(
            {.name = ref.name, .refusal = ref.reason, .forced_update = ref.forced});
    }
    answer.refs.insert(answer.refs.end(), named_badly.begin(), named_badly.end());
    for (const std::string& line : outcome->lines) {
        say(out, line);
    }
    report(out, answer);
    announce(out, *outcome);
}

void ReceivePack::Session::announce(std::string& out, const PushOutcome& outcome) {
    if (outcome.sequence == 0) {
        return;
    }
    if (outcome.created_project) {
        say(out, "Created project " + opening_.project_url);
    }
    if (door_.around_.progress && request_.capabilities.side_band != SideBand::None) {
        progress_ = door_.around_.progress(permit_.project(), outcome, request_.options);
    }
    if (progress_) {
        last_said_ = door_.around_.pushes.clock().steady();
        show_until_ = last_said_ + progress_->patience();
        phase_ = Phase::Show;
    }
}

Answer::Progress ReceivePack::Session::show(std::string& out) {
    std::vector<std::string> lines;
    const auto finished = progress_->poll(lines);
    for (const std::string& line : lines) {
        say(out, line);
    }
    const auto now = door_.around_.pushes.clock().steady();
    if (!finished || *finished || now >= show_until_) {
        return end(out);
    }
    if (!lines.empty()) {
        last_said_ = now;
    } else if (now - last_said_ >= kPushKeepAlive) {
        append_keep_alive(out);  // As git's receive.keepAlive.
        last_said_ = now;
    }
    return Answer::Progress::Wait;
}

Answer::Progress ReceivePack::Session::end(std::string& out) {
    append_push_end(out, request_.capabilities);
    phase_ = Phase::Done;
    return Answer::Progress::Done;
}

}  // namespace origin::git
