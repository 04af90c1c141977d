// SPDX-License-Identifier: Apache-2.0
// deploy/s3_bucket: calls of an S3 API about one bucket, signed, and what its answers mean for a
// deployment. Blocks: job threads only.
// Source: Amazon S3's REST API: ListObjectsV2, GetObject, PutObject, DeleteObject, errors.
#pragma once

#include <map>
#include <string>

#include "deploy/sigv4.h"
#include "deploy/task.h"
#include "net/http_client.h"

namespace origin::deploy {

/// The bucket that the target's settings name.
class S3Bucket {
public:
    /// Lifetime: borrows both.
    S3Bucket(const net::HttpClient& client, Task& task);

    struct Wish {
        std::string method = "GET";
        std::string key{};  // Below the prefix; empty: the bucket itself.
        std::map<std::string, std::string> query{};
        std::string body{};
        std::string content_type{};
        std::string cache_control{};
    };
    /// Any 2xx, and the 404 of an object that is read or deleted, is an answer.
    /// Errors: Unavailable `provider_busy`: 408, 429, 5xx; the task then holds off as asked.
    ///         Unauthenticated `provider_refuses_token`; NotFound; InvalidInput `provider_refused`:
    ///         the others, a wrong region among them; those of HttpClient::send().
    Result<net::ClientResponse> call(Wish wish);

    /// Path -> ETag of what is below the prefix. Limits: 200,000 objects; then no more are told.
    Result<std::map<std::string, std::string>> list();

private:
    Error refusal(const net::ClientResponse& response);

    const net::HttpClient& client_;
    Task& task_;
    std::string host_;
    std::string base_;
    std::string root_;    // Path of the bucket, with its last slash.
    std::string prefix_;  // Empty, or with its last slash.
    SigningKey key_;
};

}  // namespace origin::deploy
