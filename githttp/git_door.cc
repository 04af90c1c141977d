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
                 std::unique_ptr<git::Answer> answer)
        : session_(std::move(session)), answer_(std::move(answer)) {}

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
    FetchSink(const git::UploadPack& fetches, auth::Permit permit, git::ProtocolVersion version)
        : fetches_(fetches), permit_(std::move(permit)), version_(version) {}

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
            is_whole ? nullptr : std::make_unique<AnswerSource>(nullptr, std::move(*answer)));
        response.body = std::move(begun);
        return response;
    }
    net::Reply failed(const Error& error) override { return git_refusal(error); }
    std::uint64_t body_bytes_max() const override { return kFetchRequestBytesMax; }

private:
    const git::UploadPack& fetches_;
    auth::Permit permit_;
    git::ProtocolVersion version_;
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

Result<auth::Identity> GitDoor::identify(const RequestHead& head) {
    if (head.local_operator && !head.has_header("authorization")) {
        return around_.gatekeeper.local_operator();
    }
    return around_.gatekeeper.identify(
        net::key_text_of(head),
        {.peer = head.peer, .via = "http", .agent = head.header("user-agent")});
}

Result<git::Admitted> GitDoor::admit(const RequestHead& head,
                                     const std::string& project,
                                     Service service) {
    const bool has_no_key = !head.local_operator && !head.has_header("authorization");
    if (has_no_key && service == Service::UploadPack) {
        auto open_to_all = around_.admission.admit(auth::Gatekeeper::anonymous(), project, service);
        if (open_to_all) {
            return open_to_all;
        }
    }
    ORIGIN_TRY(identity, identify(head));
    return around_.admission.admit(identity, project, service);
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
        return refuse(head, text.error());
    }
    net::Response response = git_response(media_type(*service, "advertisement"));
    response.body = std::move(*text);
    return response;
}

Result<std::string> GitDoor::advertise(const RequestHead& head,
                                       const std::string& project,
                                       Service service) {
    ORIGIN_TRY(admitted, admit(head, project, service));
    const git::ProtocolVersion version = version_of(head);
    return service == Service::UploadPack
               ? around_.fetches.advertise(admitted.permit, version, true)
               : around_.pushes.advertise(admitted.permit, version, true);
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
        return refuse(head, sink.error());
    }
    return net::decoded_sink(head, std::move(*sink));
}

Result<std::unique_ptr<net::BodySink>> GitDoor::sink_for(const RequestHead& head,
                                                         const std::string& project,
                                                         Service service) {
    ORIGIN_TRY(admitted, admit(head, project, service));
    if (service == Service::UploadPack) {
        return std::make_unique<FetchSink>(around_.fetches, admitted.permit, version_of(head));
    }
    ORIGIN_TRY(session,
               around_.pushes.open(admitted.permit,
                                   {.via = "http",
                                    .new_project_slug = admitted.new_project_slug,
                                    .project_url = around_.urls.code(project)}));
    return std::make_unique<PushSink>(std::move(session));
}

}  // namespace origin::githttp
