// SPDX-License-Identifier: Apache-2.0
// Goal: api/openapi.json and the route table say the same.
// Method: read the embedded file; compare methods, paths, scopes and the fields of every body both
// ways. A body's fields are those that its reader asks for.
#include "api/routes.h"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/openapi_file.h"
#include "net/http_text.h"

namespace origin::api {
namespace {

namespace json = boost::json;

const json::object& document() {
    static const json::object kDocument = json::parse(std::string(openapi_file())).as_object();
    return kDocument;
}

/// The object that a "#/a/b" reference means, or the value itself.
const json::object& resolve(const json::object& schema) {
    const json::value* ref = schema.if_contains("$ref");
    if (ref == nullptr) {
        // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): the document's own.
        return schema;
    }
    return document()
        .at("components")
        .at("schemas")
        .at(std::string(ref->as_string()).substr(sizeof("#/components/schemas/") - 1))
        .as_object();
}

void add_shape(BodyShape& shape, const json::object& schema, const std::string& path) {
    std::set<std::string> required;
    if (const json::value* names = schema.if_contains("required")) {
        for (const json::value& name : names->as_array()) {
            required.emplace(name.as_string());
        }
    }
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr) {
        return;
    }
    for (const auto& [key, value] : properties->as_object()) {
        const std::string name(key);
        shape[path + name] = required.contains(name);
        const json::object& property = resolve(value.as_object());
        add_shape(shape, property, path + name + ".");
        if (const json::value* items = property.if_contains("items")) {
            add_shape(shape, resolve(items->as_object()), path + name + "[].");
        }
    }
}

const json::object* operation_of(const Route& route) {
    const json::value* path = document().at("paths").as_object().if_contains(route.path);
    const json::value* operation =
        path != nullptr ? path->as_object().if_contains(net::lower_case(route.method)) : nullptr;
    return operation != nullptr ? &operation->as_object() : nullptr;
}

TEST(OpenApi, HasEveryRouteAndNoOther) {
    std::set<std::string> routed;
    for (const Route& route : routes()) {
        EXPECT_TRUE(
            routed.insert(net::lower_case(route.method) + " " + std::string(route.path)).second)
            << route.path << " twice";
    }
    std::set<std::string> written;
    for (const auto& [path, operations] : document().at("paths").as_object()) {
        for (const auto& [method, operation] : operations.as_object()) {
            written.insert(std::string(method) + " " + std::string(path));
        }
    }
    EXPECT_EQ(routed, written);
}

TEST(OpenApi, NamesTheFieldsThatEachBodyReads) {
    for (const Route& route : routes()) {
        const json::object* operation = operation_of(route);
        ASSERT_NE(operation, nullptr) << route.path;
        const json::value* body = operation->if_contains("requestBody");
        ASSERT_EQ(body != nullptr, route.shape != nullptr) << route.method << " " << route.path;
        if (body == nullptr) {
            continue;
        }
        BodyShape written;
        add_shape(written,
                  resolve(body->at("content").at("application/json").at("schema").as_object()),
                  "");
        EXPECT_EQ(route.shape(), written) << route.method << " " << route.path;
        EXPECT_FALSE(written.empty()) << route.path;
        const json::value* lines =
            body->at("content").as_object().if_contains("application/x-ndjson");
        ASSERT_EQ(lines != nullptr, route.line_shape != nullptr) << route.path;
        if (lines != nullptr) {
            written.clear();
            add_shape(written, resolve(lines->at("schema").as_object()), "");
            EXPECT_EQ(route.line_shape(), written) << route.path;
        }
    }
}

TEST(OpenApi, SaysWhatAKeyNeeds) {
    for (const Route& route : routes()) {
        const json::object* operation = operation_of(route);
        ASSERT_NE(operation, nullptr) << route.path;
        const json::value* scope = operation->if_contains("x-scope");
        EXPECT_EQ(scope == nullptr, route.access == Access::Open) << route.path;
        if (scope != nullptr) {
            EXPECT_EQ(std::string(scope->as_string()), route.scope) << route.path;
        }
    }
}

TEST(Routes, TakePathsApartOnceAndWhole) {
    const Match show = match_route("GET", "/api/projects/acme%2Fshop");
    ASSERT_NE(show.route, nullptr);
    EXPECT_EQ(show.route->path, "/api/projects/{project}");
    ASSERT_EQ(show.params.size(), 1U);
    EXPECT_EQ(show.params.front().second, "acme/shop");

    EXPECT_EQ(match_route("HEAD", "/healthz").route, match_route("GET", "/healthz").route);
    EXPECT_EQ(match_route("PUT", "/healthz").route, nullptr);
    EXPECT_FALSE(match_route("PUT", "/healthz").methods.empty());
    for (const char* path : {"",
                             "/",
                             "/api",
                             "/api/projects/",
                             "/api/projects/x/",
                             "/healthz/",
                             "//healthz",
                             "/api/projects/x/nothing",
                             "/api/projects/%zz"}) {
        EXPECT_TRUE(match_route("GET", path).methods.empty()) << path;
    }
}

}  // namespace
}  // namespace origin::api
