// SPDX-License-Identifier: Apache-2.0
#include "githttp/git_door.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "git/wire/protocol_version.h"
#include "githttp/git_refusal.h"
#include "net/credentials.h"
#include "net/http_text.h"
#include "net/inflating_sink.h"

namespace origin::githttp {
namespace {

using git::Service;
using net::RequestHead;

/// "application/x-git-upload-pack-<what>".
std::string media_type(Service service, std::string_view what) {
    return "application/x-" + std::string(git::name_of(service)) + "-" + std::string(what);
}

git::ProtocolVersion version_of(const RequestHead& head) {
    return git::parse_protocol_version(head.header("git-protocol"));
}

/// An answer of git/serve as a response's body.
class AnswerSource final : public net::BodySource {
public:
    /// `session`: what the answer lives in; null if it stands alone.
    AnswerSource(std::unique_ptr<git::ReceivePack::Session> session,
                 std::unique_ptr<git::Answer> answer,
                 auth::RateLimits::Fetch fetch = {})
        : fetch_(std::move(fetch)), session_(std::move(session)), answer_(std::move(answer)) {}

    Result<State> step(std::string& out) override {
        ORIGIN_TRY(progress, answer_->step(out));
        switch (progress) {
            case git::Answer::Progress::More:
                return State::More;
            case git::Answer::Progress::Wait:
                return State::Wait;
            case git::Answer::Progress::Done:
                break;
        }
        return State::Done;
    }

private:
    auth::RateLimits::Fetch fetch_;
    std::unique_ptr<git::ReceivePack::Session> session_;  // Before answer_: it must live longer.
    std::unique_ptr<git::Answer> answer_;
};

net::Response streamed(Service service, std::unique_ptr<net::BodySource> source) {
    net::Response response = git_response(media_type(service, "result"));
    response.stream = std::move(source);
    return response;
}

class FetchSink final : public net::BodySink {
public:
    FetchSink(const git::UploadPack& fetches,
              auth::Permit permit,
              git::ProtocolVersion version,
              auth::RateLimits::Fetch fetch)
        : fetches_(fetches),
          permit_(std::move(permit)),
          version_(version),
          fetch_(std::move(fetch)) {}

    Status feed(Bytes piece) override {
        body_ += text_of(piece);
        return {};
    }
    net::Reply finish() override {
        auto answer = fetches_.answer(permit_, version_, body_);
        if (!answer) {
            return git_refusal(answer.error());
        }
        // A ref listing or a kept pack is whole after its first step and needs no stream.
        std::string begun;
        const auto progress = (*answer)->step(begun);
        if (!progress) {
            return git_refusal(progress.error());
        }
        const bool is_whole = *progress == git::Answer::Progress::Done;
        net::Response response = streamed(
            Service::UploadPack,
            is_whole
                ? nullptr
                : std::make_unique<AnswerSource>(nullptr, std::move(*answer), std::move(fetch_)));
        response.body = std::move(begun);
        return response;
    }
    net::Reply failed(const Error& error) override { return git_refusal(error); }
    std::uint64_t body_bytes_max() const override { return kFetchRequestBytesMax; }

private:
    const git::UploadPack& fetches_;
    auth::Permit permit_;
    git::ProtocolVersion version_;
    auth::RateLimits::Fetch fetch_;
    std::string body_;
};

class PushSink final : public net::BodySink {
public:
    explicit PushSink(std::unique_ptr<git::ReceivePack::Session> session)
        : session_(std::move(session)) {}

    Status feed(Bytes piece) override { return session_->feed(piece); }
    net::Reply finish() override {
        auto answer = session_->answer();
        return streamed(Service::ReceivePack,
                        std::make_unique<AnswerSource>(std::move(session_), std::move(answer)));
    }
    net::Reply failed(const Error& error) override { return git_refusal(error); }
    std::uint64_t body_bytes_max() const override { return kPackBytesMax + kPushHeadBytesMax; }

private:
    std::unique_ptr<git::ReceivePack::Session> session_;
};

/// Git LFS stops at this and says the sentence. Source: git-lfs docs/api/server-discovery.md.
net::Response no_lfs() {
    net::Response response = git_response("application/vnd.git-lfs+json");
    response.status = 501;
    response.body =
        "{\"message\":\"This server does not keep Git LFS files; commit them to Git "
        "directly, or set lfs.url to a server that does.\"}\n";
    return response;
}

auth::Caller caller_of(const RequestHead& head) {
    return {.peer = head.peer, .via = "http", .agent = head.header("user-agent")};
}

std::string_view media_type_in(std::string_view header) {
    std::string_view type = header.substr(0, header.find(';'));
    while (type.ends_with(' ')) {
        type.remove_suffix(1);
    }
    return type;
}

}  // namespace

net::Begun GitDoor::begin(const RequestHead& head, const GitPath& path) {
    switch (path.call) {
        case GitCall::InfoRefs:
            return info_refs(head, path.project);
        case GitCall::UploadPack:
            return service(head, path.project, Service::UploadPack);
        case GitCall::ReceivePack:
            return service(head, path.project, Service::ReceivePack);
        case GitCall::Lfs:
            return no_lfs();
        case GitCall::Page:
        case GitCall::Unknown:
            break;
    }
    return git_refusal(404);
}

/// Whoever shows no good key is counted by address.
GitDoor::Or<auth::Identity> GitDoor::identify(const RequestHead& head, Service service) {
    const bool has_key = head.has_header("authorization");
    auto identity = head.local_operator && !has_key
                        ? around_.gatekeeper.local_operator()
                        : around_.gatekeeper.identify(net::key_text_of(head), caller_of(head));
    const auto who = identity ? auth::Party::of(identity->client) : auth::Party::at(head.peer);
    const auto excess =
        head.local_operator ? std::nullopt : around_.limits.take(auth::Counted::Requests, who);
    if (excess) {
        return std::unexpected(git_refusal(*excess));
    }
    if (!identity && !has_key && !head.local_operator && service == Service::UploadPack) {
        return auth::Gatekeeper::anonymous();
    }
    if (!identity) {
        return std::unexpected(refuse(head, identity.error()));
    }
    return std::move(*identity);
}

GitDoor::Or<git::Admitted> GitDoor::admit(const RequestHead& head,
                                          const std::string& project,
                                          Service service) {
    ORIGIN_TRY(identity, identify(head, service));
    auto admitted = around_.admission.admit(identity, project, service);
    if (!admitted) {
        // Without a key only what is public is there; Git asks for one when it is told to.
        const auto known = identity.is_anonymous()
                               ? around_.gatekeeper.identify({}, caller_of(head))
                               : Result<auth::Identity>(identity);
        return std::unexpected(refuse(head, known ? admitted.error() : known.error()));
    }
    return std::move(*admitted);
}

/// A push is counted when its pack begins to come; before that a look tells whether it may: only of
/// what is said then does Git show a sentence.
GitDoor::Or<void> GitDoor::count_work(const RequestHead& head,
                                      const auth::Permit& permit,
                                      Service service) {
    constexpr std::uint64_t kProbeBytes = 4;  // "0000": Git asks whether its key is good.
    if (head.local_operator) {
        return {};
    }
    const auto who = auth::Party::of(permit.identity(), head.peer);
    std::optional<auth::Excess> excess;
    if (service == Service::UploadPack) {
        excess = around_.limits.peek_fetch(who);
    } else if (head.method == "POST" && head.content_length != kProbeBytes) {
        excess = around_.limits.take(auth::Counted::Pushes, who);
    } else {
        excess = around_.limits.peek(auth::Counted::Pushes, who);
    }
    return excess ? Or<void>(std::unexpected(git_refusal(*excess))) : Or<void>();
}

net::Response GitDoor::refuse(const RequestHead& head, const Error& error) {
    return git_refusal(error, around_.gatekeeper.wait_for(head.peer));
}

net::Response GitDoor::info_refs(const RequestHead& head, const std::string& project) {
    if (head.method != "GET" && head.method != "HEAD") {
        return method_refusal("GET, HEAD");
    }
    const auto query = net::parse_query(head.query);
    const auto asked = query ? query->get("service") : std::nullopt;
    const auto service = git::service_of(asked.value_or(""));
    if (!service || *service == Service::UploadArchive) {
        return git_refusal(403);  // The dumb protocol, or a program that is not served here.
    }
    auto text = advertise(head, project, *service);
    if (!text) {
        return std::move(text).error();
    }
    net::Response response = git_response(media_type(*service, "advertisement"));
    response.body = std::move(*text);
    return response;
}

GitDoor::Or<std::string> GitDoor::advertise(const RequestHead& head,
                                            const std::string& project,
                                            Service service) {
    ORIGIN_TRY(admitted, admit(head, project, service));
    ORIGIN_CHECK(count_work(head, admitted.permit, service));
    const git::ProtocolVersion version = version_of(head);
    auto text = service == Service::UploadPack
                    ? around_.fetches.advertise(admitted.permit, version, true)
                    : around_.pushes.advertise(admitted.permit, version, true);
    if (!text) {
        return std::unexpected(refuse(head, text.error()));
    }
    return std::move(*text);
}

net::Begun GitDoor::service(const RequestHead& head, const std::string& project, Service service) {
    if (head.method != "POST") {
        return method_refusal("POST");
    }
    const std::string_view type = media_type_in(head.header("content-type"));
    if (!net::same_ignoring_case(type, media_type(service, "request"))) {
        return git_refusal(415);
    }
    auto sink = sink_for(head, project, service);
    if (!sink) {
        return std::move(sink).error();
    }
    return net::decoded_sink(head, std::move(*sink));
}

GitDoor::Or<std::unique_ptr<net::BodySink>> GitDoor::sink_for(const RequestHead& head,
                                                              const std::string& project,
                                                              Service service) {
    ORIGIN_TRY(admitted, admit(head, project, service));
    if (service == Service::UploadPack) {
        const auto who = auth::Party::of(admitted.permit.identity(), head.peer);
        auto fetch =
            head.local_operator ? auth::RateLimits::Fetch() : around_.limits.begin_fetch(who);
        if (!fetch) {
            return std::unexpected(git_refusal(fetch.error()));
        }
        return std::make_unique<FetchSink>(
            around_.fetches, admitted.permit, version_of(head), std::move(*fetch));
    }
    ORIGIN_CHECK(count_work(head, admitted.permit, service));
    auto session = around_.pushes.open(admitted.permit,
                                       {.via = "http",
                                        .new_project_slug = admitted.new_project_slug,
                                        .project_url = around_.urls.code(project)});
    if (!session) {
        return std::unexpected(refuse(head, session.error()));
    }
    return std::make_unique<PushSink>(std::move(*session));
}

}  // namespace origin::githttp
