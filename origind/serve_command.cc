// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>

#include <pthread.h>

#include "origind/commands.h"
#include "origind/service.h"

namespace origin {
namespace {

Result<Config> config_of(const ServeOptions& options) {
    Config config;
    config.data = options.data;
    if (!options.config.empty()) {
        ORIGIN_CHECK(read_config(options.config, config));
    }
    if (!options.http.empty()) {
        ORIGIN_TRY(listen, Listen::parse(options.http));
        config.http = listen;
    }
    return config;
}

/// Blocks SIGINT and SIGTERM in this thread and those it will start; they are waited for instead.
sigset_t hold_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

}  // namespace

int run_serve(const ServeOptions& options) {
    const auto config = config_of(options);
    if (!config) {
        report(config.error());
        return kExitConfig;
    }
    const sigset_t signals = hold_stop_signals();
    SystemClock clock;
    Log log(2, config->log_format, config->log_level, clock);
    const auto service = Service::open(*config, log, clock);
    if (!service) {
        return report(service.error());
    }
    if (const Status started = (*service)->start(); !started) {
        return report(started.error());
    }
    log.info("serving", {{"url", (*service)->public_url()}, {"data", config->data.string()}});
    std::printf("origind %s serves %s\n", kVersion, (*service)->public_url().c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    log.info("stopping", {{"signal", signal}});
    (*service)->stop();
    log.info("stopped");
    return 0;
}

}  // namespace origin
