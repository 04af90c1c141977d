// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace origin {
namespace {

std::tm utc_of(UnixMillis time) {
    // Floor, so that times before 1970 keep positive milliseconds.
    const UnixMillis shifted = time >= 0 ? time : time - 999;
    const std::time_t seconds = static_cast<std::time_t>(shifted / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

}  // namespace

UnixMillis SystemClock::now() const {
    using std::chrono::duration_cast;
    return duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::chrono::steady_clock::time_point SystemClock::steady() const {
    return std::chrono::steady_clock::now();
}

namespace {

constexpr UnixMillis kSecond = 1000;

// Each log line and each answer has one, and most are of the same second.
struct LastSecond {
    UnixMillis second = -1;
    std::string text = {};

    const std::string& print(UnixMillis time, std::string (*printer)(UnixMillis)) {
        if (time < 0 || second != time / kSecond) {
            text = printer(time);
            second = time < 0 ? -1 : time / kSecond;
        }
        return text;
    }
};

std::string print_date_time(UnixMillis time) {
    const std::tm parts = utc_of(time);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(),
                                   text.size(),
                                   "%04d-%02d-%02dT%02d:%02d:%02d.",
                                   parts.tm_year + 1900,
                                   parts.tm_mon + 1,
                                   parts.tm_mday,
                                   parts.tm_hour,
                                   parts.tm_min,
                                   parts.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string print_http_date(UnixMillis time) {
    static constexpr std::array<const char*, 7> kDays = {
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm parts = utc_of(time);
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(),
                                   text.size(),
                                   "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(parts.tm_wday)],
                                   parts.tm_mday,
                                   kMonths[static_cast<std::size_t>(parts.tm_mon)],
                                   parts.tm_year + 1900,
                                   parts.tm_hour,
                                   parts.tm_min,
                                   parts.tm_sec);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

std::string rfc3339(UnixMillis time) {
    static thread_local LastSecond last;
    std::string text = last.print(time, print_date_time);
    const std::string millis = std::to_string(kSecond + (time % kSecond + kSecond) % kSecond);
    return text.append(millis, 1).append("Z");
}

std::string http_date(UnixMillis time) {
    static thread_local LastSecond last;
    return last.print(time, print_http_date);
}

}  // namespace origin
