// SPDX-License-Identifier: Apache-2.0
// deploy/connectors: every connector there is, by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/connector.h"
#include "net/http_client.h"

namespace origin::deploy {

class Connectors {
public:
    struct Settings {
        bool allow_api_base = false;  ///< Targets may send what is a provider's to another host.
        std::vector<net::Cidr> outbound_allow = {};  ///< Addresses that may be reached anyway.
    };
    /// Lifetime: borrows `client`.
    Connectors(const net::HttpClient& client, Settings settings);

    void add(std::unique_ptr<Connector> connector) { all_.push_back(std::move(connector)); }

    /// Null: there is none of this name, or it is `local`, which needs none.
    Connector* find(std::string_view name) const;

    /// Errors: InvalidInput `platform_unavailable`: there is none of this name.
    Status check_name(std::string_view name) const;
    /// Errors: those of check_name() and Connector::check().
    Status check(std::string_view name,
                 const std::map<std::string, std::string>& settings,
                 bool has_secret) const;

private:
    Settings settings_;
    std::vector<std::unique_ptr<Connector>> all_;
};

}  // namespace origin::deploy
