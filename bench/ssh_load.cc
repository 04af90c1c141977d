// SPDX-License-Identifier: Apache-2.0
// bench_ssh_load: opens SSH sessions against a server on this machine, several at once, and prints
// as one line of JSON what it measured. A session is a connection of its own: key exchange, proof
// of the key, one Git command whose advertisement is read to its end (v0), the command's exit
// status. With --hold it opens so many connections, proves the key, prints {"open": N}, keeps them
// without a command until its input ends, then runs the command over each.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <libssh/libssh.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "bench/latencies.h"

namespace origin::bench {
namespace {

struct SshPlan {
    unsigned port = 0;  // On 127.0.0.1.
    std::string user = "git";
    std::string key_file;
    std::string command;  // "git-upload-pack '/admin/small.git'"
    std::string cipher = "aes256-gcm@openssh.com";
    std::size_t workers = 4;
    std::int64_t milliseconds = 0;  // No session is begun later; 0: no bound.
    std::size_t sessions = 0;       // At most so many; 0: no bound.
    std::size_t hold = 0;
};

struct FreeSession {
    void operator()(ssh_session session) const {
        ::ssh_disconnect(session);
        ::ssh_free(session);
    }
};
using Session = std::unique_ptr<ssh_session_struct, FreeSession>;

struct FreeChannel {
    void operator()(ssh_channel channel) const { ::ssh_channel_free(channel); }
};
using Channel = std::unique_ptr<ssh_channel_struct, FreeChannel>;

struct FreeKey {
    void operator()(ssh_key key) const { ::ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, FreeKey>;

/// What one worker found.
struct Share {
    Latencies latencies;
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;
    std::string first_failure;

    void fail(std::string why) {
        if (failed++ == 0) {
            first_failure = std::move(why);
        }
    }
};

std::string told(const Session& session, const char* doing) {
    return std::string(doing) + ": " + ::ssh_get_error(session.get());
}

/// A connection whose key is proved, or nullptr.
Session open_session(const SshPlan& plan, ssh_key key, Share& share) {
    Session session(::ssh_new());
    const bool with_config = false;
    const int no_delay = 1;
    const long seconds = 60;
    ::ssh_options_set(session.get(), SSH_OPTIONS_HOST, "127.0.0.1");
    ::ssh_options_set(session.get(), SSH_OPTIONS_PORT, &plan.port);
    ::ssh_options_set(session.get(), SSH_OPTIONS_USER, plan.user.c_str());
    ::ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &with_config);
    ::ssh_options_set(session.get(), SSH_OPTIONS_TIMEOUT, &seconds);
    ::ssh_options_set(
        session.get(), SSH_OPTIONS_NODELAY, &no_delay);  // Else 40 ms twice a session.
    ::ssh_options_set(session.get(), SSH_OPTIONS_HOSTKEYS, "ssh-ed25519");
    ::ssh_options_set(session.get(), SSH_OPTIONS_KEY_EXCHANGE, "curve25519-sha256");
    ::ssh_options_set(session.get(), SSH_OPTIONS_CIPHERS_C_S, plan.cipher.c_str());
    ::ssh_options_set(session.get(), SSH_OPTIONS_CIPHERS_S_C, plan.cipher.c_str());
    if (::ssh_connect(session.get()) != SSH_OK) {
        share.fail(told(session, "connect"));
        return nullptr;
    }
    if (::ssh_userauth_publickey(session.get(), nullptr, key) != SSH_AUTH_SUCCESS) {
        share.fail(told(session, "prove the key"));
        return nullptr;
    }
    return session;
}

/// Reads pkt-lines up to the first flush. False: the stream ended before.
bool read_advertisement(ssh_channel channel, std::uint64_t& bytes) {
    std::string unread;
    char piece[16 * 1024];
    while (true) {
        const int got = ::ssh_channel_read(channel, piece, sizeof piece, 0);
        if (got <= 0) {
            return false;
        }
        bytes += static_cast<std::uint64_t>(got);
        unread.append(piece, static_cast<std::size_t>(got));
        std::size_t at = 0;
        while (unread.size() - at >= 4) {
            const std::size_t length = std::strtoul(unread.substr(at, 4).c_str(), nullptr, 16);
            if (length == 0) {
                return true;
            }
            if (unread.size() - at < length) {
                break;
            }
            at += length;
        }
        unread.erase(0, at);
    }
}

bool run_command(const SshPlan& plan, const Session& session, Share& share) {
    const Channel channel(::ssh_channel_new(session.get()));
    if (::ssh_channel_open_session(channel.get()) != SSH_OK ||
        ::ssh_channel_request_exec(channel.get(), plan.command.c_str()) != SSH_OK) {
        share.fail(told(session, "run the command"));
        return false;
    }
    if (!read_advertisement(channel.get(), share.bytes)) {
        share.fail("the advertisement ended early");
        return false;
    }
    ::ssh_channel_write(channel.get(), "0000", 4);
    ::ssh_channel_send_eof(channel.get());
    char rest[256];
    while (::ssh_channel_read(channel.get(), rest, sizeof rest, 0) > 0) {
    }
    if (const int status = ::ssh_channel_get_exit_status(channel.get()); status != 0) {
        share.fail("the command's exit status is " + std::to_string(status));
        return false;
    }
    return true;
}

Key read_key(const SshPlan& plan) {
    ssh_key key = nullptr;
    const int done =
        ::ssh_pki_import_privkey_file(plan.key_file.c_str(), "", nullptr, nullptr, &key);
    return Key(done == SSH_OK ? key : nullptr);
}

/// Workers take numbers from one counter until there are no more, or the time is over.
class Turns {
public:
    Turns(std::size_t most, std::chrono::milliseconds time, const Clock& clock)
        : most_(most), time_(time), clock_(clock), begun_(clock.steady()) {}

    bool take() {
        if (time_.count() > 0 && clock_.steady() - begun_ >= time_) {
            return false;
        }
        return most_ == 0 || next_++ < most_;
    }
    std::chrono::nanoseconds took() const { return clock_.steady() - begun_; }

private:
    std::size_t most_;
    std::chrono::milliseconds time_;
    const Clock& clock_;
    std::chrono::steady_clock::time_point begun_;
    std::atomic<std::size_t> next_{0};
};

template <class Work>
void in_workers(std::size_t count, const Work& work) {
    std::vector<std::jthread> threads;
    threads.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([&work, i] { work(i); });
    }
}

void print(std::vector<Share>& shares, std::chrono::nanoseconds took) {
    Share all;
    for (Share& share : shares) {
        all.latencies.add_all(share.latencies);
        all.failed += share.failed;
        all.bytes += share.bytes;
        if (all.first_failure.empty()) {
            all.first_failure = share.first_failure;
        }
    }
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const double seconds = std::chrono::duration<double>(took).count();
    const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    for (char& c : all.first_failure) {
        c = c < ' ' || c > '~' || c == '"' || c == '\\' ? '.' : c;
    }
    std::printf(
        "{\"sessions\": %zu, \"failed\": %llu, \"first_failure\": \"%s\", \"seconds\": %.6f, "
        "\"per_second\": %.3f, \"latency_us\": %s, \"bytes\": %llu, \"load_cpu_seconds\": %.3f}\n",
        all.latencies.count(),
        static_cast<unsigned long long>(all.failed),
        all.first_failure.c_str(),
        seconds,
        static_cast<double>(all.latencies.count()) / seconds,
        all.latencies.json().c_str(),
        static_cast<unsigned long long>(all.bytes),
        cpu);
}

void one_after_another(const SshPlan& plan, const Clock& clock) {
    std::vector<Share> shares(plan.workers);
    Turns turns(plan.sessions, std::chrono::milliseconds(plan.milliseconds), clock);
    in_workers(plan.workers, [&](std::size_t i) {
        const Key key = read_key(plan);
        while (turns.take()) {
            const auto begun = clock.steady();
            const Session session = open_session(plan, key.get(), shares[i]);
            if (session && run_command(plan, session, shares[i])) {
                shares[i].latencies.add(clock.steady() - begun);
            }
        }
    });
    print(shares, turns.took());
}

void hold(const SshPlan& plan, const Clock& clock) {
    std::vector<Share> shares(plan.workers);
    std::vector<std::vector<Session>> open(plan.workers);
    Turns turns(plan.hold, std::chrono::milliseconds(0), clock);
    in_workers(plan.workers, [&](std::size_t i) {
        const Key key = read_key(plan);
        while (turns.take()) {
            if (Session session = open_session(plan, key.get(), shares[i])) {
                open[i].push_back(std::move(session));
            }
        }
    });
    std::size_t count = 0;
    for (const auto& each : open) {
        count += each.size();
    }
    std::printf("{\"open\": %zu}\n", count);
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    in_workers(plan.workers, [&](std::size_t i) {
        for (const Session& session : open[i]) {
            const auto begun = clock.steady();
            if (run_command(plan, session, shares[i])) {
                shares[i].latencies.add(clock.steady() - begun);
            }
        }
        open[i].clear();
    });
    print(shares, turns.took());
}

}  // namespace
}  // namespace origin::bench

// NOLINTNEXTLINE(bugprone-exception-escape): without memory nothing can be said about it.
int main(int argc, char** argv) {
    origin::bench::SshPlan plan;
    CLI::App app("Opens SSH sessions and measures them.", "bench_ssh_load");
    app.add_option("--port", plan.port)->required();
    app.add_option("--user", plan.user)->capture_default_str();
    app.add_option("--key", plan.key_file, "a private key file without a passphrase")->required();
    app.add_option("--command", plan.command)->required();
    app.add_option("--cipher", plan.cipher)->capture_default_str();
    app.add_option("--workers", plan.workers, "sessions at once")->capture_default_str();
    app.add_option("--milliseconds", plan.milliseconds);
    app.add_option("--sessions", plan.sessions);
    app.add_option("--hold", plan.hold);
    CLI11_PARSE(app, argc, argv);
    if (plan.hold == 0 && plan.sessions == 0 && plan.milliseconds == 0) {
        std::fputs("bench_ssh_load: --milliseconds, --sessions or --hold\n", stderr);
        return 64;  // sysexits(3) EX_USAGE.
    }
    if (origin::bench::read_key(plan) == nullptr) {
        std::fputs("bench_ssh_load: the key cannot be read\n", stderr);
        return 1;
    }
    const origin::SystemClock clock;
    if (plan.hold > 0) {
        origin::bench::hold(plan, clock);
    } else {
        origin::bench::one_after_another(plan, clock);
    }
    return 0;
}
