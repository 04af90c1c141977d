// SPDX-License-Identifier: Apache-2.0
// /healthz, /readyz, /metrics, /api/openapi.json: for whoever runs or explores the server.
#include <boost/json.hpp>

#include "api/answers.h"
#include "api/endpoints.h"
#include "api/openapi_file.h"
#include "api/ready_probe.h"

namespace origin::api {

Answer get_health(const Call& call) {
    return json_answer(200, {{"status", "ok"}, {"version", call.around.server_version}});
}

Answer get_ready(const Call& call) {
    const Status ready = call.ready.check(call.around.store, call.around.clock);
    if (!ready) {
        call.around.log.error("not ready", {{"why", ready.error().kept_in_log()}});
        return std::unexpected(
            Error(Code::Unavailable, "the store does not answer").because("not_ready"));
    }
    boost::json::object body{{"status", "ready"}};
    if (call.around.sandbox) {
        // Not being able to build is no reason to send this server no requests.
        const Status usable = call.around.sandbox();
        body["sandbox"] = usable ? "ready" : usable.error().told_to_peer();
    }
    return json_answer(200, body);
}

Answer get_metrics(const Call& call) {
    net::Response response;
    response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                        {"Cache-Control", "no-store"}};
    response.body = call.around.metrics.text();
    return response;
}

Answer get_openapi(const Call&) {
    net::Response response;
    response.headers = {{"Content-Type", "application/json"},
                        {"Cache-Control", "no-cache"},
                        {"Access-Control-Allow-Origin", "*"}};
    response.body = std::string(openapi_file());
    return response;
}

}  // namespace origin::api
