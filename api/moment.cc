// SPDX-License-Identifier: Apache-2.0
#include "api/moment.h"

#include <charconv>
#include <chrono>
#include <optional>

namespace origin::api {
namespace {

/// Takes exactly `digits` digits and then `after` (0: nothing) off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits, char after) {
    const std::size_t size = digits + (after == 0 ? 0 : 1);
    if (text.size() < size || (after != 0 && text[digits] != after)) {
        return std::nullopt;
    }
    int number = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        number = number * 10 + (c - '0');
    }
    text.remove_prefix(size);
    return number;
}

/// ".5" -> 500; nothing -> 0.
std::optional<int> take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) {
        return 0;
    }
    text.remove_prefix(1);
    int milliseconds = 0;
    int weight = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        milliseconds += (text.front() - '0') * weight;
        weight /= 10;
        any = true;
        text.remove_prefix(1);
    }
    return any ? std::optional(milliseconds) : std::nullopt;
}

/// Minutes east of UTC.
std::optional<int> take_offset(std::string_view& text) {
    if (text == "Z" || text == "z") {
        return 0;
    }
    if (!text.starts_with('+') && !text.starts_with('-')) {
        return std::nullopt;
    }
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_number(text, 2, ':');
    const auto minutes = hours ? take_number(text, 2, 0) : std::nullopt;
    if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    return sign * (*hours * 60 + *minutes);
}

std::optional<UnixMillis> read_moment(std::string_view text) {
    const auto year = take_number(text, 4, '-');
    const auto month = year ? take_number(text, 2, '-') : std::nullopt;
    const auto day = month ? take_number(text, 2, 'T') : std::nullopt;
    const auto hour = day ? take_number(text, 2, ':') : std::nullopt;
    const auto minute = hour ? take_number(text, 2, ':') : std::nullopt;
    const auto second = minute ? take_number(text, 2, 0) : std::nullopt;
    const auto fraction = second ? take_fraction(text) : std::nullopt;
    const auto offset = fraction ? take_offset(text) : std::nullopt;
    if (!offset || *hour > 23 || *minute > 59 || *second > 59) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    const UnixMillis days = std::chrono::sys_days(date).time_since_epoch().count();
    const UnixMillis minutes = days * 24 * 60 + *hour * 60L + *minute - *offset;
    return (minutes * 60 + *second) * 1000 + *fraction;
}

/// "36h" -> milliseconds.
std::optional<UnixMillis> read_age(std::string_view text) {
    constexpr std::int64_t kNumberMax = 1'000'000'000;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.begin()));
    if (error != std::errc() || number < 0 || number > kNumberMax) {
        return std::nullopt;
    }
    if (unit == "s") {
        return Milliseconds(std::chrono::seconds(number)).count();
    }
    if (unit == "m") {
        return Milliseconds(std::chrono::minutes(number)).count();
    }
    if (unit == "h") {
        return Milliseconds(std::chrono::hours(number)).count();
    }
    return unit == "d" ? std::optional(Milliseconds(std::chrono::days(number)).count())
                       : std::nullopt;
}

}  // namespace

Result<UnixMillis> parse_moment_or_age(std::string_view text, UnixMillis now) {
    const auto age = read_age(text);
    return age ? Result<UnixMillis>(now - *age) : parse_moment(text);
}

Result<UnixMillis> parse_moment(std::string_view text) {
    const auto moment = read_moment(text);
    if (!moment) {
        return std::unexpected(
            Error(Code::InvalidInput, "a time is written like 2026-11-22T12:34:56Z")
                .because("bad_time"));
    }
    return *moment;
}

}  // namespace origin::api
