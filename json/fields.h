// SPDX-License-Identifier: Apache-2.0
// json/fields: a request's JSON body, read strictly: what is wrong is named by its path.
// In: bytes from a peer. Out: typed fields, or the first thing that is wrong with them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>
#include <boost/json/object.hpp>

#include "base/result.h"

namespace origin {

/// The names a body may have, with what they need: "deployment.platform" -> required.
/// A list of objects is "files[].path".
using BodyShape = std::map<std::string, bool>;

/// A whole body. No bytes at all are an empty object.
/// Errors: InvalidInput `bad_json` (broken, not UTF-8, a key twice, deeper than kJsonDepthMax);
///         `wrong_type`: it is no object.
Result<boost::json::object> parse_body(std::string_view body);

/// Takes the fields of one object. The first error stays; after it every field reads as absent.
/// `null` is an absent field.
class Fields {
public:
    /// Lifetime: borrows `object`.
    explicit Fields(const boost::json::object& object);
    /// Reads nothing: only learns which fields are asked for, for shape().
    static Fields probe();

    std::string text(std::string_view name) { return read_text(name, true).value_or(""); }
    std::optional<std::string> maybe_text(std::string_view name) { return read_text(name, false); }
    bool flag(std::string_view name) { return maybe_flag(name).value_or(false); }
    std::optional<bool> maybe_flag(std::string_view name);
    /// A whole one, not negative.
    std::uint64_t number(std::string_view name) { return read_number(name, true).value_or(0); }
    /// A whole one from 1 to `most`.
    std::optional<std::uint64_t> maybe_number(std::string_view name, std::uint64_t most);
    /// A whole one from 0 to `most`.
    std::optional<std::uint64_t> maybe_count(std::string_view name, std::uint64_t most);
    /// Is it there, and `null`? Asked beside a maybe_..., to which both are absent.
    bool is_null(std::string_view name) const;
    bool is_empty_list(std::string_view name) const;
    std::vector<std::string> texts(std::string_view name);
    std::optional<std::vector<std::string>> maybe_texts(std::string_view name);
    /// An object's fields, read by `read` if it is there. Returns: whether it was.
    using Read = std::function<void(Fields&)>;
    bool object(std::string_view name, const Read& read);
    /// A list of objects, at most `most`.
    void objects(std::string_view name, std::size_t most, const Read& read) {
        read_objects(name, most, read, true);
    }
    void maybe_objects(std::string_view name, std::size_t most, const Read& read) {
        read_objects(name, most, read, false);
    }
    /// An object of any names with text values.
    std::map<std::string, std::string> text_map(std::string_view name);

    /// Errors: InvalidInput `missing_field`, `wrong_type`, `unknown_field`, all naming the path;
    ///         LimitExceeded `too_many_items`.
    Status finish();
    const BodyShape& shape() const { return shape_; }

private:
    Fields(const boost::json::object* object, std::string path);
    const boost::json::value* take(std::string_view name, bool required);
    std::optional<std::string> read_text(std::string_view name, bool required);
    std::optional<std::uint64_t> read_number(std::string_view name, bool required);
    void read_objects(std::string_view name, std::size_t most, const Read& read, bool required);
    std::optional<std::vector<std::string>> read_texts(std::string_view name, bool required);
    std::string path_of(std::string_view name) const { return path_ + std::string(name); }
    void fail(Error error);
    void wrong_type(const std::string& path, std::string_view wanted);
    void adopt(Fields& inner);

    const boost::json::object* object_;  // Null: a probe.
    std::string path_;                   // Ends in '.', or empty.
    std::set<std::string, std::less<>> known_;
    BodyShape shape_;
    std::optional<Error> error_;
};

/// The shape of a body type: `static T read(Fields&)` asks for every field it knows.
template <class T>
BodyShape shape_of() {
    Fields fields = Fields::probe();
    T::read(fields);
    return fields.shape();
}

/// Errors: those of parse_body and Fields::finish.
template <class T>
Result<T> read_body(std::string_view body) {
    ORIGIN_TRY(object, parse_body(body));
    Fields fields(object);
    T value = T::read(fields);
    ORIGIN_CHECK(fields.finish());
    return value;
}

}  // namespace origin
