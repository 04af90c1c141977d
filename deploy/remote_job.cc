// SPDX-License-Identifier: Apache-2.0
#include "deploy/remote_job.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>

#include <boost/json.hpp>

#include "base/limits.h"
#include "sandbox/confine.h"

namespace origin::deploy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint64_t kCpuSecondsMax = 3600;

std::unexpected<Error> bad_job() {
    return std::unexpected(Error(Code::InvalidInput, "the child's orders are damaged"));
}

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

}  // namespace

std::string RemoteJob::text() const {
    json::array addresses;
    for (const std::string& address : peer.addresses) {
        addresses.emplace_back(address);
    }
    json::object others;
    for (const auto& [name, value] : words) {
        others[name] = value;
    }
    return json::serialize(json::object{{"verb", verb},
                                        {"host", peer.host},
                                        {"addresses", std::move(addresses)},
                                        {"port", peer.port},
                                        {"user", peer.user},
                                        {"hostKey", peer.host_key},
                                        {"secret", peer.private_key.reveal()},
                                        {"words", std::move(others)}});
}

Result<RemoteJob> RemoteJob::parse(std::string_view text) {
    boost::system::error_code broken;
    const json::value value = json::parse(text, broken);
    const json::object* object = broken ? nullptr : value.if_object();
    if (object == nullptr) {
        return bad_job();
    }
    RemoteJob job{.verb = text_of(*object, "verb"),
                  .peer = {.host = text_of(*object, "host"),
                           .addresses = {},
                           .port = 0,
                           .user = text_of(*object, "user"),
                           .host_key = text_of(*object, "hostKey"),
                           .private_key = Secret(text_of(*object, "secret"))},
                  .words = {}};
    const json::value* port = object->if_contains("port");
    const json::value* addresses = object->if_contains("addresses");
    const json::value* words = object->if_contains("words");
    if (port == nullptr || !port->is_int64() || addresses == nullptr || !addresses->is_array() ||
        words == nullptr || !words->is_object()) {
        return bad_job();
    }
    job.peer.port = static_cast<std::uint16_t>(port->get_int64());
    for (const json::value& address : addresses->get_array()) {
        job.peer.addresses.emplace_back(address.is_string() ? std::string(address.get_string())
                                                            : std::string());
    }
    for (const auto& [name, word] : words->get_object()) {
        job.words[name] = word.is_string() ? std::string(word.get_string()) : std::string();
    }
    return job;
}

std::string RemoteJob::word(std::string_view name) const {
    const auto found = words.find(std::string(name));
    return found == words.end() ? std::string() : found->second;
}

Status run_remote_job(Task& task,
                      std::string_view kind,
                      const RemoteJob& job,
                      const sandbox::WorkFolder& folder) {
    ORIGIN_CHECK(task.check_time());
    const SystemClock clock;
    std::vector<std::string> lines;
    const Status ended =
        sandbox::run_worker({.arguments = {std::string(kind), folder.path().string()},
                             .input = job.text(),
                             .folder = folder.path(),
                             .time_max = kRemoteTimeMax,
                             .progress = [&](std::string_view line) { lines.emplace_back(line); },
                             .may_go_on =
                                 [&] {
                                     return task.check_time();
                                 }},
                            clock);
    for (std::string& line : lines) {
        ORIGIN_CHECK(task.say(std::move(line)));
    }
    return ended;
}

Result<RemoteJob> read_remote_job() {
    std::array<char, kChildInputBytesMax> bytes{};
    const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), stdin);
    return RemoteJob::parse(std::string_view(bytes.data(), size));
}

Status confine_remote(const fs::path& folder, const std::vector<fs::path>& more) {
    sandbox::Confinement confinement{.memory_bytes_max = kImportMemoryBytesMax,
                                     .cpu_seconds_max = kCpuSecondsMax,
                                     .file_bytes_max = kPackBytesMax,
                                     .network = sandbox::Network::Clients,
                                     .readable = {folder},
                                     .writable = {folder / "out"}};
    confinement.readable.insert(confinement.readable.end(), more.begin(), more.end());
    ORIGIN_TRY(confined, sandbox::confine(confinement));
    if (!confined.files) {
        sandbox::tell_parent("note: this kernel has no Landlock; files are open to the process");
    }
    return {};
}

Status write_text(const fs::path& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    return file ? Status()
                : Status(std::unexpected(Error(Code::Unavailable,
                                               "a temporary file could not be written (is the "
                                               "folder for temporary files full?)",
                                               path.string())));
}

Result<std::string> read_text(const fs::path& path, std::size_t bytes_max) {
    std::error_code error;
    const auto status = fs::symlink_status(path, error);
    const std::uintmax_t size = fs::is_regular_file(status) ? fs::file_size(path, error) : 0;
    std::ifstream file(path, std::ios::binary);
    if (error || size > bytes_max || !fs::is_regular_file(status) || !file) {
        return std::unexpected(Error(Code::Unavailable, "the child left no answer", path.string())
                                   .because("broken_answer"));
    }
    std::string text(size, '\0');
    file.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

Result<std::uint32_t> number_setting(const TargetSettings& settings,
                                     std::string_view name,
                                     std::uint32_t unset,
                                     std::uint32_t most) {
    const std::string_view text = settings.get(name);
    std::uint32_t number = unset;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool good = text.empty() || (error == std::errc() && end == text.data() + text.size());
    if (!good || number < 1 || number > most) {
        return std::unexpected(Error(Code::InvalidInput,
                                     "'settings." + std::string(name) + "' is a number from 1 to " +
                                         std::to_string(most))
                                   .because("bad_setting"));
    }
    return number;
}

}  // namespace origin::deploy
