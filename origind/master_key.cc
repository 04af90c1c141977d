// SPDX-License-Identifier: Apache-2.0
#include "origind/master_key.h"

#include <optional>

#include "auth/audit.h"
#include "crypto/hmac.h"
#include "crypto/seal.h"
#include "hooks/reseal.h"
#include "origind/environment.h"

namespace origin {
namespace {

constexpr std::string_view kSampleRow = "master_key";  // Of Table::Meta: an empty text, sealed.

Result<std::optional<std::string>> read_sample(store::Store& store) {
    std::optional<std::string> sample;
    ORIGIN_CHECK(store.read([&](store::Reader& reader) -> Status {
        ORIGIN_TRY(found, reader.get(store::Table::Meta, kSampleRow));
        sample = std::move(found);
        return {};
    }));
    return sample;
}

Status write_sample(store::Store& store, const Secret& key, Random& random) {
    const std::string sample = crypto::seal(key.reveal(), {}, kSampleRow, random);
    return store.write(
        [&](store::Writer& writer) { return writer.put(store::Table::Meta, kSampleRow, sample); });
}

bool opens(const Secret& key, const std::string& sample) {
    return crypto::open(key.reveal(), sample, kSampleRow).has_value();
}

std::unexpected<Error> missing() {
    return std::unexpected(
        Error(Code::NotFound,
              "The master key is missing that the stored secrets are sealed with: put back "
              "master.key, or give the credential or variable that it came from.")
            .because("master_key_missing"));
}

std::unexpected<Error> wrong() {
    return std::unexpected(
        Error(Code::Forbidden,
              "The master key is not the one that the stored secrets are sealed with: give that "
              "one, or both if it was replaced.")
            .because("master_key_wrong"));
}

}  // namespace

crypto::MasterKeySources master_key_sources(const std::filesystem::path& data) {
    return {.folder = data,
            .credentials = variable("CREDENTIALS_DIRECTORY"),
            .text = Secret(variable(crypto::kMasterKeyVariable)),
            .previous_text = Secret(variable(crypto::kPreviousKeyVariable))};
}

Result<Secret> open_master_key(store::Store& store,
                               const crypto::MasterKeySources& sources,
                               Random& random,
                               Log& log,
                               const Clock& clock) {
    ORIGIN_TRY(keys, crypto::find_master_keys(sources));
    ORIGIN_TRY(sample, read_sample(store));
    if (!keys && sample) {
        return missing();
    }
    if (!keys) {
        ORIGIN_TRY(made, crypto::create_master_key(sources.folder, random));
        keys.emplace(std::move(made), std::nullopt);
    }
    const bool is_current = !sample || opens(keys->current, *sample);
    if (!is_current && !(keys->previous && opens(*keys->previous, *sample))) {
        return wrong();
    }
    if (keys->previous) {
        ORIGIN_TRY(count, hooks::reseal_secrets(store, *keys->previous, keys->current, random));
        log.info("the master key was replaced", {{"secrets_sealed_anew", count}});
        const store::AuditRow event{
            .time = clock.now(),
            .type = "master_key.replaced",
            .actor = {.client = {}, .key = {}, .via = "operator", .from = {}},
            .details = {{"secretsSealedAnew", std::to_string(count)}}};
        ORIGIN_CHECK(
            store.write([&](store::Writer& writer) { return auth::record_audit(writer, event); }));
    }
    if (!sample || !is_current) {
        ORIGIN_CHECK(write_sample(store, keys->current, random));
    }
    if (keys->previous) {
        ORIGIN_CHECK(crypto::forget_previous_key(sources.folder));
    }
    return std::move(keys->current);
}

Secret derived_key(const Secret& master, std::string_view purpose) {
    return Secret(crypto::hmac_sha256(master.reveal(), purpose));
}

}  // namespace origin
