// SPDX-License-Identifier: Apache-2.0
// git/odb/pack_judge: for tests only: a program that says what the intake thinks of each of many
// packs. tests/packs compares its words with Git's.
// In: stdin: for each pack its length and the size of the pieces to feed it in (both u32, high byte
// first), then the pack. Out: a line each on stdout: "taken"; the refusal's reason; "broken: why"
// if the intake failed in another way than by refusing, or took what it cannot read back. usage:
// pack_judge QUARANTINE [BASE]   BASE: a pack, taken first, that thin packs may lean on.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>

#include "git/odb/hash.h"
#include "git/odb/intake.h"
#include "git/odb/wire_numbers.h"

namespace git = origin::git;
using origin::bytes_of;

namespace {

/// The refusal, or what should never be said of a pack: that it is the server's fault.
std::string refusal(const origin::Error& error) {
    const bool is_refusal =
        error.code() == origin::Code::InvalidInput || error.code() == origin::Code::LimitExceeded;
    constexpr std::string_view kEmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    if (error.reason().starts_with("missing_") && error.told_to_peer().contains(kEmptyTree)) {
        return "missing_empty_tree";
    }
    if (is_refusal && !error.reason().empty()) {
        return std::string(error.reason());
    }
    return "broken: " + std::string(error.told_to_peer()) + ": " + std::string(error.kept_in_log());
}

/// Everything that was taken can be read back, under the id that it hashes to.
std::optional<std::string> unreadable(const git::PackIntake& intake) {
    const auto view = intake.view();
    if (!view) {
        return "broken: no view";
    }
    for (const auto& pack : (*view)->packs()) {
        if (!pack->verify()) {
            return "broken: a stored pack does not verify";
        }
        for (std::uint32_t i = 0; i < pack->count(); ++i) {
            const origin::Oid oid = pack->index().oid_at(i);
            const auto object = (*view)->read(oid);
            if (!object || git::hash_object(object->type, object->data).value() != oid) {
                return "broken: " + oid.hex() + " cannot be read back";
            }
        }
    }
    return std::nullopt;
}

std::string judge(const std::filesystem::path& quarantine,
                  const git::ObjectStoreRef& base,
                  std::string_view pack,
                  std::size_t piece) {
    git::PackIntake intake(quarantine, base);
    for (std::string_view rest = pack; !rest.empty();
         rest.remove_prefix(std::min(piece, rest.size()))) {
        if (!intake.feed(bytes_of(rest.substr(0, piece)))) {
            break;  // finish() repeats the error.
        }
    }
    if (const auto result = intake.finish(); !result) {
        return refusal(result.error());
    }
    if (auto why = unreadable(intake)) {
        return *why;
    }
    const auto connected = intake.check_connectivity();
    return connected ? "taken" : refusal(connected.error());
}

origin::Result<git::ObjectStoreRef> take_base(const std::filesystem::path& quarantine,
                                              const std::filesystem::path& pack) {
    std::ifstream file(pack, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    git::PackIntake intake(quarantine, nullptr);
    ORIGIN_CHECK(intake.feed(bytes_of(bytes)));
    ORIGIN_TRY(result, intake.finish());
    const auto folder = quarantine.string() + ".base";
    std::filesystem::create_directories(folder);
    ORIGIN_CHECK(intake.make_durable(folder));
    return git::ObjectStore::open(folder, {result.pack_name});
}

bool read_exactly(std::span<char> into) {
    return std::fread(into.data(), 1, into.size(), stdin) == into.size();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        return 2;
    }
    const std::filesystem::path quarantine = argv[1];
    git::ObjectStoreRef base;
    if (argc > 2) {
        auto taken = take_base(quarantine, argv[2]);
        if (!taken) {
            return 3;
        }
        base = *taken;
    }
    std::array<char, 8> head{};
    while (read_exactly(head)) {
        const auto numbers = std::as_bytes(std::span(head));
        std::string pack(git::be32(numbers, 0), '\0');
        if (!read_exactly(pack)) {
            return 4;
        }
        const std::size_t piece = std::max<std::size_t>(git::be32(numbers, 4), 1);
        std::string verdict = judge(quarantine, base, pack, piece);
        if (!std::filesystem::is_empty(quarantine)) {
            verdict = "broken: files are left in quarantine";
        }
        std::ranges::replace(verdict, '\n', ' ');
        std::printf("%s\n", verdict.c_str());
        std::fflush(stdout);
    }
    return 0;
}
