// SPDX-License-Identifier: Apache-2.0
// Goal: a body is read strictly, and what is wrong with it is named.
// Method: one body type with every kind of field; tables of good and bad texts.
#include "json/fields.h"

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace origin {
namespace {

struct Sample {
    std::string name;
    std::optional<std::string> note;
    bool flag = false;
    std::vector<std::string> tags;
    std::string inner;
    std::vector<std::string> paths;
    std::map<std::string, std::string> settings;

    static Sample read(Fields& in) {
        Sample sample;
        sample.name = in.text("name");
        sample.note = in.maybe_text("note");
        sample.flag = in.flag("flag");
        sample.tags = in.maybe_texts("tags").value_or(std::vector<std::string>());
        in.object("object", [&](Fields& fields) { sample.inner = fields.text("inner"); });
        in.objects(
            "files", 2, [&](Fields& fields) { sample.paths.push_back(fields.text("path")); });
        sample.settings = in.text_map("settings");
        return sample;
    }
};

std::string many_keys(int count) {
    std::string body = "{";
    for (int i = 0; i < count; ++i) {
        body += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    }
    return body + "}";
}

struct Bad {
    std::string body;
    std::string_view reason;
    std::string_view named;  // A part of the text.
};

TEST(JsonFields, SayWhatIsWrong) {
    const std::string ok = R"("name":"n","files":[])";
    const std::vector<Bad> cases = {
        {"{", "bad_json", "not JSON"},
        {"{\"name\":\"n\",}", "bad_json", "not JSON"},
        {"{} {}", "bad_json", "not JSON"},
        {"{\"name\":\"\xff\"}", "bad_json", "UTF-8"},
        {R"({"name":"a","name":"b"})", "bad_json", "'name' comes twice"},
        {R"({"object":{"inner":"a","inner":"b"}})", "bad_json", "'inner' comes twice"},
        {R"({"a\u0062":1,"ab":2})", "bad_json", "'ab' comes twice"},
        {std::string(kJsonDepthMax + 1, '['), "bad_json", "deeper"},
        {many_keys(10'001), "bad_json", "more than 10000 keys"},
        {many_keys(10'000), "missing_field", "'name'"},
        {"[]", "wrong_type", "object"},
        {"null", "wrong_type", "object"},
        {"\"text\"", "wrong_type", "object"},
        {"{}", "missing_field", "'name'"},
        {"", "missing_field", "'name'"},
        {R"({"name":null,"files":[]})", "missing_field", "'name'"},
        {R"({"name":"n"})", "missing_field", "'files'"},
        {R"({"name":1,"files":[]})", "wrong_type", "'name'"},
        {"{" + ok + R"(,"flag":"yes"})", "wrong_type", "'flag'"},
        {"{" + ok + R"(,"tags":"a"})", "wrong_type", "'tags'"},
        {"{" + ok + R"(,"tags":["a",2]})", "wrong_type", "'tags[1]'"},
        {"{" + ok + R"(,"object":[]})", "wrong_type", "'object'"},
        {"{" + ok + R"(,"object":{}})", "missing_field", "'object.inner'"},
        {"{" + ok + R"(,"object":{"inner":[]}})", "wrong_type", "'object.inner'"},
        {"{" + ok + R"(,"object":{"inner":"a","more":1}})", "unknown_field", "'object.more'"},
        {R"({"name":"n","files":{}})", "wrong_type", "'files'"},
        {R"({"name":"n","files":[1]})", "wrong_type", "'files[0]'"},
        {R"({"name":"n","files":[{"path":"a"},{"path":1}]})", "wrong_type", "'files[1].path'"},
        {R"({"name":"n","files":[{"path":"a","x":1}]})", "unknown_field", "'files[0].x'"},
        {R"({"name":"n","files":[{},{},{}]})", "too_many_items", "'files'"},
        {"{" + ok + R"(,"settings":{"a":1}})", "wrong_type", "'settings.a'"},
        {"{" + ok + R"(,"nmae":"n"})", "unknown_field", "'nmae'"},
    };
    for (const Bad& bad : cases) {
        const auto read = read_body<Sample>(bad.body);
        ASSERT_FALSE(read) << bad.body;
        EXPECT_EQ(read.error().reason(), bad.reason) << bad.body;
        EXPECT_NE(read.error().told_to_peer().find(bad.named), std::string::npos)
            << bad.body << ": " << read.error().told_to_peer();
    }
}

TEST(JsonFields, ReadEveryKind) {
    const auto read = read_body<Sample>(
        R"({"name":"n","note":null,"flag":true,"tags":["a","b"],"object":{"inner":"i"},
            "files":[{"path":"p"},{"path":"q"}],"settings":{"k":"v"}})");
    ASSERT_TRUE(read) << read.error().told_to_peer();
    EXPECT_EQ(read->name, "n");
    EXPECT_FALSE(read->note);
    EXPECT_TRUE(read->flag);
    EXPECT_EQ(read->tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(read->inner, "i");
    EXPECT_EQ(read->paths, (std::vector<std::string>{"p", "q"}));
    EXPECT_EQ(read->settings.at("k"), "v");
}

TEST(JsonFields, ReadLongTextsWithEscapesWhole) {
    // Longer than any buffer of the parser, so that keys and texts come in parts.
    std::string written;
    std::string wanted;
    for (int i = 0; i < 5000; ++i) {
        written += R"(line \u00e9\n\"é\" \ud83d\ude00 )";
        wanted += "line \xc3\xa9\n\"\xc3\xa9\" \xf0\x9f\x98\x80 ";
    }
    const auto read = parse_body(R"({"a":[1,-2,2.5,true,null,{}],")" + written + R"(":")" +
                                 written + R"(","":""} )");
    ASSERT_TRUE(read) << read.error().told_to_peer();
    EXPECT_EQ(read->size(), 3U);
    const boost::json::value list = {1, -2, 2.5, true, nullptr, boost::json::object()};
    EXPECT_EQ(read->at("a"), list);
    EXPECT_EQ(read->at(wanted).as_string(), wanted);
    EXPECT_EQ(read->at("").as_string(), "");
}

TEST(JsonFields, TakeTheDeepestAllowed) {
    // One object and kJsonDepthMax - 1 lists in a field that nobody knows: deep enough to be read.
    const std::string lists =
        std::string(kJsonDepthMax - 1, '[') + std::string(kJsonDepthMax - 1, ']');
    const auto read = read_body<Sample>(R"({"name":"n","files":[],"x":)" + lists + "}");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason(), "unknown_field");
}

TEST(JsonFields, TellTheirShape) {
    const BodyShape wanted = {{"name", true},
                              {"note", false},
                              {"flag", false},
                              {"tags", false},
                              {"object", false},
                              {"object.inner", true},
                              {"files", true},
                              {"files[].path", true},
                              {"settings", false}};
    EXPECT_EQ(shape_of<Sample>(), wanted);
}

}  // namespace
}  // namespace origin
