// SPDX-License-Identifier: Apache-2.0
// origind/service: the wiring: each object of the server built once, from the ground up.
// Reading service.cc from top to bottom is reading the architecture.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "net/http.h"
#include "origind/config.h"
#include "store/store.h"

namespace origin {

class Service {
public:
    /// Opens the data folder (which must be initialised), recovers what a crash left, wires what
    /// calls of this process need: api().
    /// Errors: NotFound (`not_initialised`), Conflict (`data_folder_in_use`), Corrupt, ...
    static Result<std::unique_ptr<Service>> open(const Config& config, Log& log, Clock& clock);
    /// The same with workers, jobs and listeners. Returns once requests are taken.
    static Result<std::unique_ptr<Service>> serve(const Config& config, Log& log, Clock& clock);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    ~Service();

    /// The API alone, for the operator's own calls.
    net::Handler& api();
    /// What an answer that is not ready waits for.
    store::Store& store();
    /// Takes no more requests, finishes what runs, joins every thread.
    void stop();

    /// For SIGHUP: see Certificates::reload().
    Result<bool> reload_certificates();

    /// For people: where the SSH door is and its keys' fingerprints. Empty: no door.
    std::vector<std::string> ssh_lines() const;

    /// "http://127.0.0.1:8080"
    const std::string& public_url() const;

private:
    struct Parts;
    explicit Service(std::unique_ptr<Parts> parts);
    static std::unique_ptr<Service> around(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

/// The program's name and version as it introduces itself: "origind/0.1.0".
inline constexpr const char* kAgent = "origind/0.1.0";
inline constexpr const char* kVersion = "0.1.0";

}  // namespace origin
