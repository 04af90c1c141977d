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
    if (!options.ssh.empty()) {
        ORIGIN_TRY(listen, Listen::parse(options.ssh));
        config.ssh = listen;
    }
    return config;
}

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it will start; they are waited for.
sigset_t hold_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

/// Returns the signal that asks for a stop.
int wait_for_stop(const sigset_t& signals, Service& service, Log& log) {
    while (true) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP) {
            return signal;
        }
        const auto reloaded = service.reload_certificates();
        if (!reloaded) {
            log.error("the certificates stay as they were",
                      {{"why", reloaded.error().kept_in_log()}});
        } else if (*reloaded) {
            log.info("the certificates of http.tls_folder are read anew");
        } else {
            log.warning("SIGHUP changes nothing: configuration is read at the start only");
        }
    }
}

}  // namespace

int run_serve(const ServeOptions& options) {
    const auto config = config_of(options);
    if (!config) {
        report(config.error());
        return kExitConfig;
    }
    const sigset_t signals = hold_signals();
    SystemClock clock;
    Log log(2, config->log_format, config->log_level, clock);
    const auto service = Service::serve(*config, log, clock);
    if (!service) {
        return report(service.error());
    }
    log.info("serving", {{"url", (*service)->public_url()}, {"data", config->data.string()}});
    std::printf("origind %s serves %s\n", kVersion, (*service)->public_url().c_str());
    for (const std::string& line : (*service)->ssh_lines()) {
        std::printf("%s\n", line.c_str());
    }
    std::fflush(stdout);
    log.info("stopping", {{"signal", wait_for_stop(signals, **service, log)}});
    (*service)->stop();
    log.info("stopped");
    return 0;
}

}  // namespace origin
