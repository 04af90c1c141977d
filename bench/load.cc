// SPDX-License-Identifier: Apache-2.0
// bench_load: replays files of recorded requests against a server on this machine and prints, as
// one line of JSON, what it measured. See bench/load_run.h, bench/requests.h and
// docs/benchmarks.md.
#include <charconv>
#include <cstdio>
#include <functional>
#include <map>

#include <sys/resource.h>

#include "bench/load_run.h"

namespace origin::bench {
namespace {

constexpr const char* kUsage =
    "usage: bench_load --port N [--connections N] [--per-operation N] [--operations N]\n"
    "                  [--milliseconds N] [--warm N] [--once] [--expect TEXT] [--counter N] "
    "[--clients N]\n                  FILE...\n";
constexpr int kExitUsage = 64;  // sysexits(3) EX_USAGE.

struct Arguments {
    LoadPlan plan;
    std::vector<std::string> files;
};

template <class T>
auto into(T& number) {
    return [&number](std::string_view text) {
        const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
        return error == std::errc{} && end == text.end();
    };
}

bool read_arguments(std::vector<std::string> words, Arguments& read) {
    std::int64_t milliseconds = 0;
    LoadPlan& plan = read.plan;
    const std::map<std::string_view, std::function<bool(std::string_view)>> options = {
        {"--port", into(plan.port)},
        {"--connections", into(plan.connections)},
        {"--per-operation", into(plan.requests_per_operation)},
        {"--operations", into(plan.operations)},
        {"--milliseconds", into(milliseconds)},
        {"--warm", into(plan.warm_operations)},
        {"--counter", into(plan.counter)},
        {"--clients", into(plan.clients)},
        {"--expect", [&plan](std::string_view text) {
             plan.expected = text;
             return true;
         }}};
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--once") {
            plan.once = true;
        } else if (!words[i].starts_with("--")) {
            read.files.push_back(words[i]);
        } else {
            const auto option = options.find(words[i]);
            if (option == options.end() || ++i == words.size() || !option->second(words[i])) {
                return false;
            }
        }
    }
    plan.time = std::chrono::milliseconds(milliseconds);
    return plan.port != 0 && !read.files.empty();
}

std::string json_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        quoted += plain ? c : '.';
    }
    return quoted + "\"";
}

double seconds_of(const timeval& time) {
    constexpr double kMicroseconds = 1e6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kMicroseconds;
}

void print(const LoadOutcome& outcome) {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const double seconds = std::chrono::duration<double>(outcome.took).count();
    const auto measured = static_cast<double>(outcome.latencies.count());
    std::printf(
        "{\"operations\": %zu, \"failed\": %llu, \"first_failure\": %s, \"seconds\": %.6f, "
        "\"per_second\": %.3f, \"latency_us\": %s, \"body_bytes\": %llu, \"reconnects\": "
        "%llu, \"counter\": %llu, \"load_cpu_seconds\": %.3f, "
        "\"served\": %llu, \"refused\": %llu, \"served_in_time\": %llu, \"refused_in_time\": %llu, "
        "\"refused_without_retry_after\": %llu, \"drained_ms\": %.3f}\n",
        outcome.latencies.count(),
        static_cast<unsigned long long>(outcome.failed),
        json_text(outcome.first_failure).c_str(),
        seconds,
        seconds > 0 ? measured / seconds : 0,
        outcome.latencies.json().c_str(),
        static_cast<unsigned long long>(outcome.body_bytes),
        static_cast<unsigned long long>(outcome.reconnects),
        static_cast<unsigned long long>(outcome.counter),
        seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
        static_cast<unsigned long long>(outcome.all.served),
        static_cast<unsigned long long>(outcome.all.refused),
        static_cast<unsigned long long>(outcome.in_time.served),
        static_cast<unsigned long long>(outcome.in_time.refused),
        static_cast<unsigned long long>(outcome.refused_without_retry_after),
        std::chrono::duration<double, std::milli>(outcome.drained).count());
}

int run(const Arguments& arguments) {
    const SystemClock clock;
    std::vector<std::vector<Request>> files;
    for (const std::string& path : arguments.files) {
        auto requests = read_requests(path);
        if (!requests) {
            std::fprintf(stderr, "bench_load: %s\n", requests.error().told_to_peer().c_str());
            return 1;
        }
        files.push_back(std::move(*requests));
    }
    const auto outcome = run_load(arguments.plan, files, clock);
    if (!outcome) {
        std::fprintf(stderr, "bench_load: %s\n", outcome.error().told_to_peer().c_str());
        return 1;
    }
    print(*outcome);
    return 0;
}

}  // namespace
}  // namespace origin::bench

int main(int argc, char** argv) {
    origin::bench::Arguments arguments;
    if (!origin::bench::read_arguments({argv + 1, argv + argc}, arguments)) {
        std::fputs(origin::bench::kUsage, stderr);
        return origin::bench::kExitUsage;
    }
    return origin::bench::run(arguments);
}
