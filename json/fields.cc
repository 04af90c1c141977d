// SPDX-License-Identifier: Apache-2.0
#include "json/fields.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include "base/limits.h"
#include "base/utf8.h"

namespace origin {
namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t kKeysMax = 10'000;  // Of one object: no body asks for more than a few.

/// Makes the value, and sees each key of each object: one that comes twice ends the parse.
class ValueMaker {
public:
    // NOLINTBEGIN(readability-identifier-naming): Boost.JSON asks for these names.
    static constexpr std::size_t max_object_size = kKeysMax;
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();
    // NOLINTEND(readability-identifier-naming)

    const std::string& repeated() const { return repeated_; }
    /// After a parse without an error.
    json::value release() { return made_.release(); }

    bool on_object_begin(error_code&) {
        open_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t count, error_code&) {
        made_.push_object(count);
        open_.pop_back();
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        key_.append(part.data(), part.size());
        made_.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, error_code& error) {
        key_.append(part.data(), part.size());
        if (!open_.back().insert(key_).second) {
            repeated_ = key_;
            error = json::error::syntax;
            return false;
        }
        key_.clear();
        made_.push_key(part);
        return true;
    }
    bool on_array_end(std::size_t count, error_code&) {
        made_.push_array(count);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, error_code&) {
        made_.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, error_code&) {
        made_.push_string(part);
        return true;
    }
    bool on_int64(std::int64_t number, json::string_view, error_code&) {
        made_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
        made_.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, error_code&) {
        made_.push_double(number);
        return true;
    }
    bool on_bool(bool flag, error_code&) {
        made_.push_bool(flag);
        return true;
    }
    bool on_null(error_code&) {
        made_.push_null();
        return true;
    }
    bool on_document_begin(error_code&) {
        made_.reset();
        return true;
    }
    // clang-format off
    bool on_document_end(error_code&) { return true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }
    // clang-format on

private:
    json::value_stack made_;
    std::vector<std::set<std::string>> open_;
    std::string key_;
    std::string repeated_;
};

std::unexpected<Error> bad_json(std::string text) {
    return std::unexpected(Error(Code::InvalidInput, std::move(text)).because("bad_json"));
}

json::parse_options strict() {
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    return options;
}

}  // namespace

Result<json::object> parse_body(std::string_view body) {
    if (body.empty()) {
        return json::object();
    }
    if (!is_utf8(body)) {
        return bad_json("the body is not UTF-8");
    }
    error_code error;
    json::basic_parser<ValueMaker> parser(strict());
    const std::size_t read = parser.write_some(false, body.data(), body.size(), error);
    if (!parser.handler().repeated().empty()) {
        return bad_json("the key '" + printable(parser.handler().repeated()) +
                        "' comes twice in one object");
    }
    if (error == json::error::too_deep) {
        return bad_json("the JSON is nested deeper than " + std::to_string(kJsonDepthMax));
    }
    if (error == json::error::object_too_large) {
        return bad_json("an object of the JSON has more than " + std::to_string(kKeysMax) +
                        " keys");
    }
    if (!error && read < body.size()) {
        error = json::error::extra_data;
    }
    if (error) {
        return bad_json("the body is not JSON: " + error.message() + ", near byte " +
                        std::to_string(read));
    }
    json::value value = parser.handler().release();
    if (!value.is_object()) {
        return std::unexpected(
            Error(Code::InvalidInput, "the body has to be a JSON object").because("wrong_type"));
    }
    return std::move(value).as_object();
}

Fields::Fields(const json::object& object) : Fields(&object, {}) {}
Fields::Fields(const json::object* object, std::string path)
    : object_(object), path_(std::move(path)) {}

Fields Fields::probe() {
    return {nullptr, {}};
}

void Fields::fail(Error error) {
    if (!error_) {
        error_ = std::move(error);
    }
}

void Fields::wrong_type(const std::string& path, std::string_view wanted) {
    fail(Error(Code::InvalidInput, "'" + printable(path) + "' has to be " + std::string(wanted))
             .because("wrong_type"));
}

const json::value* Fields::take(std::string_view name, bool required) {
    known_.emplace(name);
    shape_[path_of(name)] = required;
    if (object_ == nullptr || error_) {
        return nullptr;
    }
    const json::value* value = object_->if_contains(name);
    if (value != nullptr && !value->is_null()) {
        return value;
    }
    if (required) {
        fail(Error(Code::InvalidInput, "'" + path_of(name) + "' is missing")
                 .because("missing_field"));
    }
    return nullptr;
}

std::optional<std::string> Fields::read_text(std::string_view name, bool required) {
    const json::value* value = take(name, required);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        wrong_type(path_of(name), "a string");
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::optional<bool> Fields::maybe_flag(std::string_view name) {
    const json::value* value = take(name, false);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_bool()) {
        wrong_type(path_of(name), "true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<std::uint64_t> Fields::read_number(std::string_view name, bool required) {
    const json::value* value = take(name, required);
    if (value == nullptr) {
        return std::nullopt;
    }
    error_code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error || value->is_double()) {
        wrong_type(path_of(name), "a whole number");
        return std::nullopt;
    }
    return number;
}

std::optional<std::uint64_t> Fields::maybe_number(std::string_view name, std::uint64_t most) {
    const auto number = read_number(name, false);
    if (number && (*number == 0 || *number > most)) {
        wrong_type(path_of(name), "a whole number from 1 to " + std::to_string(most));
        return std::nullopt;
    }
    return number;
}

std::optional<std::uint64_t> Fields::maybe_count(std::string_view name, std::uint64_t most) {
    const json::value* value = take(name, false);
    if (value == nullptr) {
        return std::nullopt;
    }
    error_code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error || value->is_double() || number > most) {
        wrong_type(path_of(name), "a whole number from 0 to " + std::to_string(most));
        return std::nullopt;
    }
    return number;
}

bool Fields::is_null(std::string_view name) const {
    const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(name);
    return value != nullptr && value->is_null();
}

bool Fields::is_empty_list(std::string_view name) const {
    const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(name);
    return value != nullptr && value->is_array() && value->get_array().empty();
}

std::optional<std::vector<std::string>> Fields::read_texts(std::string_view name, bool required) {
    const json::value* value = take(name, required);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_array()) {
        wrong_type(path_of(name), "a list of strings");
        return std::nullopt;
    }
    if (value->get_array().size() > kJsonItemsMax) {
        fail(Error(Code::LimitExceeded,
                   "'" + path_of(name) + "' has more than " + std::to_string(kJsonItemsMax) +
                       " items")
                 .because("too_many_items"));
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const json::value& item : value->get_array()) {
        if (!item.is_string()) {
            wrong_type(path_of(name) + "[" + std::to_string(texts.size()) + "]", "a string");
            return std::nullopt;
        }
        texts.emplace_back(item.get_string());
    }
    return texts;
}

std::vector<std::string> Fields::texts(std::string_view name) {
    return read_texts(name, true).value_or(std::vector<std::string>());
}

std::optional<std::vector<std::string>> Fields::maybe_texts(std::string_view name) {
    return read_texts(name, false);
}

void Fields::adopt(Fields& inner) {
    if (const Status status = inner.finish(); !status) {
        fail(status.error());
    }
    shape_.merge(inner.shape_);
}

bool Fields::object(std::string_view name, const Read& read) {
    const json::value* value = take(name, false);
    if (value != nullptr && !value->is_object()) {
        wrong_type(path_of(name), "an object");
        return false;
    }
    if (value == nullptr && object_ != nullptr) {
        return false;
    }
    Fields inner(value == nullptr ? nullptr : &value->get_object(), path_of(name) + ".");
    read(inner);
    adopt(inner);
    return value != nullptr;
}

void Fields::read_objects(std::string_view name,
                          std::size_t most,
                          const Read& read,
                          bool required) {
    const json::value* value = take(name, required);
    const std::string path = path_of(name);
    if (object_ == nullptr) {
        Fields inner(nullptr, path + "[].");
        read(inner);
        adopt(inner);
    }
    if (value == nullptr) {
        return;
    }
    if (!value->is_array()) {
        return wrong_type(path, "a list of objects");
    }
    if (value->get_array().size() > most) {
        return fail(Error(Code::LimitExceeded,
                          "'" + path + "' has more than " + std::to_string(most) + " items")
                        .because("too_many_items"));
    }
    std::size_t index = 0;
    for (const json::value& item : value->get_array()) {
        const std::string item_path = path + "[" + std::to_string(index++) + "]";
        if (!item.is_object()) {
            return wrong_type(item_path, "an object");
        }
        Fields inner(&item.get_object(), item_path + ".");
        read(inner);
        if (const Status status = inner.finish(); !status) {
            return fail(status.error());
        }
    }
}

std::map<std::string, std::string> Fields::text_map(std::string_view name) {
    std::map<std::string, std::string> pairs;
    const json::value* value = take(name, false);
    if (value == nullptr) {
        return pairs;
    }
    if (!value->is_object() || value->get_object().size() > kJsonItemsMax) {
        wrong_type(path_of(name), "an object of at most 100 strings");
        return pairs;
    }
    for (const auto& [key, item] : value->get_object()) {
        if (!item.is_string()) {
            wrong_type(path_of(name) + "." + std::string(key), "a string");
            return {};
        }
        pairs.emplace(key, item.get_string());
    }
    return pairs;
}

Status Fields::finish() {
    if (object_ != nullptr && !error_) {
        for (const auto& [key, value] : *object_) {
            if (!known_.contains(std::string_view(key.data(), key.size()))) {
                fail(Error(Code::InvalidInput,
                           "there is no field '" + printable(path_of(std::string(key))) + "' here")
                         .because("unknown_field"));
                break;
            }
        }
    }
    if (error_) {
        return std::unexpected(*error_);
    }
    return {};
}

}  // namespace origin
