// SPDX-License-Identifier: Apache-2.0
#include "origind/caller.h"

#include "api/in_process.h"
#include "base/limits.h"
#include "net/http_client.h"
#include "origind/data_folder.h"
#include "origind/service.h"

namespace origin {
namespace {

constexpr Milliseconds kCallTimeout{600'000};  // An import of a large repository is one call.
constexpr std::size_t kAnswerBytesMax = 64 * kMiB;

Result<CallAnswer> over_socket(const std::filesystem::path& socket,
                               std::string_view method,
                               std::string_view target,
                               std::string_view body) {
    const net::HttpClient client({});
    net::ClientRequest request;
    request.method = method;
    request.url = "http://localhost" + std::string(target);
    request.body = body;
    request.timeout = kCallTimeout;
    request.response_bytes_max = kAnswerBytesMax;
    request.unix_socket = socket.string();
    if (!body.empty()) {
        request.headers = {{"Content-Type", "application/json"}};
    }
    ORIGIN_TRY(answer, client.send(request));
    return CallAnswer{answer.status, std::move(answer.body)};
}

}  // namespace

Result<CallAnswer> call_server(const std::filesystem::path& data,
                               std::string_view method,
                               std::string_view target,
                               std::string_view body) {
    return over_socket(data / kSocketName, method, target, body);
}

Result<CallAnswer> call_api(const std::filesystem::path& data,
                            std::string_view method,
                            std::string_view target,
                            std::string_view body) {
    std::error_code ignored;
    if (std::filesystem::exists(data / kSocketName, ignored)) {
        auto answer = over_socket(data / kSocketName, method, target, body);
        if (answer || answer.error().reason() != "connect_failed") {
            return answer;
        }
        // Left by a server that was killed: whoever gets the lock below may go on.
    }
    SystemClock clock;
    Log log(2, LogFormat::Text, Level::Warning, clock);
    Config config;
    config.data = data;
    ORIGIN_TRY(service, Service::open(config, log, clock));
    const net::Response answer = api::call(service->api(), service->store(), method, target, body);
    return CallAnswer{answer.status, answer.body};
}

}  // namespace origin
