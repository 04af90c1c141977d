// SPDX-License-Identifier: Apache-2.0
#include "api/run_wait.h"

#include "api/answers.h"
#include "api/run_view.h"

namespace origin::api {
namespace {

net::Response show(const RunAnswer& wanted, RunView view) {
    for (const auto& member : wanted.extra) {
        view.body.insert_or_assign(member.key(), member.value());
    }
    net::Response response =
        json_answer(view.is_finished() ? 200 : wanted.unfinished_status, view.body);
    if (!wanted.location.empty()) {
        response.headers.push_back({"Location", wanted.location});
    }
    if (wanted.wait.count() > 0) {
        response.headers.push_back(
            {"Preference-Applied", "wait=" + std::to_string(wanted.wait.count())});
    }
    return response;
}

/// Looks again whenever the store has changed.
class RunWait final : public net::Deferred {
public:
    RunWait(const Around& around, RunAnswer wanted)
        : around_(around),
          wanted_(std::move(wanted)),
          until_(around.clock.steady() + wanted_.wait) {}

    std::optional<net::Response> poll() override {
        const bool is_late = around_.clock.steady() >= until_;
        const std::uint64_t version = around_.store.version();
        if (!is_late && seen_version_ == version) {
            return std::nullopt;
        }
        seen_version_ = version;
        auto view = read_store(around_.store, [&](store::Reader& reader) {
            return view_run(reader, around_, wanted_.id);
        });
        if (!view) {
            return problem(view.error());
        }
        if (!view->is_finished() && !is_late) {
            return std::nullopt;
        }
        return show(wanted_, std::move(*view));
    }

private:
    const Around& around_;
    const RunAnswer wanted_;
    const std::chrono::steady_clock::time_point until_;
    std::optional<std::uint64_t> seen_version_;
};

}  // namespace

Answer answer_run(const Around& around, RunAnswer wanted) {
    if (wanted.wait.count() > 0) {
        return std::unique_ptr<net::Deferred>(std::make_unique<RunWait>(around, std::move(wanted)));
    }
    ORIGIN_TRY(view, read_store(around.store, [&](store::Reader& reader) {
                   return view_run(reader, around, wanted.id);
               }));
    return show(wanted, std::move(view));
}

}  // namespace origin::api
