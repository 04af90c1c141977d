// SPDX-License-Identifier: Apache-2.0
#include "hooks/secret_patterns.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstdint>
#include <optional>

#include "auth/key_text.h"
#include "crypto/encode.h"

namespace origin::hooks {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kAlnum =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kWord =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kDashed =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
constexpr std::string_view kDotted =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.";
constexpr std::string_view kBase64 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
constexpr std::string_view kUpper = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr std::size_t kShownBytes = 4;
constexpr std::size_t kNearBytes = 400;  // Between the two halves of a pair.
constexpr std::size_t kKeyBodyBytes = 64;
constexpr double kBitsMin = 3.0;  // A character; of random base 62 it is above 4.

using Bytes256 = std::bitset<256>;

Bytes256 set_of(std::string_view alphabet) {
    Bytes256 set;
    for (const char c : alphabet) {
        set.set(static_cast<unsigned char>(c));
    }
    return set;
}

bool is_in(const Bytes256& set, char c) {
    return set[static_cast<unsigned char>(c)];
}

bool is_alnum(char c) {
    static const Bytes256 kSet = set_of(kAlnum);
    return is_in(kSet, c);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// Shannon's, of the characters of `text` by themselves.
double bits_a_character(std::string_view text) {
    std::array<unsigned, 256> counts{};
    for (const char c : text) {
        ++counts.at(static_cast<unsigned char>(c));
    }
    double bits = 0;
    for (const unsigned count : counts) {
        if (count != 0) {
            const double share = static_cast<double>(count) / static_cast<double>(text.size());
            bits -= share * std::log2(share);
        }
    }
    return bits;
}

/// Is it what people write where a secret would stand?
bool is_placeholder(std::string_view body) {
    static constexpr auto kWords = std::to_array<std::string_view>({"example",
                                                                    "placeholder",
                                                                    "redacted",
                                                                    "changeme",
                                                                    "your_",
                                                                    "yourtoken",
                                                                    "xxxx",
                                                                    "0000",
                                                                    "1111",
                                                                    "aaaa",
                                                                    "12345678",
                                                                    "abcdefgh"});
    const std::string small = lower(body);
    return bits_a_character(body) < kBitsMin ||
           std::ranges::any_of(kWords, [&](std::string_view word) { return small.contains(word); });
}

/// A candidate: the text from its prefix on, and where it stands.
struct Candidate {
    std::string_view text;      // The whole text.
    std::size_t at = 0;         // Of the prefix.
    std::string_view body;      // What follows the prefix, of the rule's alphabet.
    std::string_view complete;  // Prefix and body.
};

using Check = bool (*)(const Candidate&);

bool has_crc(const Candidate& found) {
    const std::string_view random = found.body.substr(0, found.body.size() - 6);
    return crypto::base62_checksum(random) == found.body.substr(random.size());
}

bool is_own_key(const Candidate& found) {
    return auth::key_id_of(found.complete).has_value();
}

bool is_openai(const Candidate& found) {
    return found.body.contains("T3BlbkFJ");  // "OpenAI" in base 64, in each of their keys.
}

bool is_slack(const Candidate& found) {
    return std::ranges::count(found.body, '-') >= 1 &&
           std::ranges::count_if(found.body, [](char c) { return kDigits.contains(c); }) >= 8;
}

bool is_sendgrid(const Candidate& found) {
    return found.body.size() == 66 && found.body[22] == '.' &&
           std::ranges::count(found.body, '.') == 1;
}

bool is_pat(const Candidate& found) {
    return found.body[22] == '_';
}

/// An access key id is known to many; with its secret beside it, it opens the account.
bool has_aws_secret(const Candidate& found) {
    static const Bytes256 kSet = set_of(kBase64);
    const std::size_t from = found.at < kNearBytes ? 0 : found.at - kNearBytes;
    const std::string_view near =
        found.text.substr(from, found.at - from + found.complete.size() + kNearBytes);
    for (std::size_t i = 0; i < near.size();) {
        std::size_t end = i;
        while (end < near.size() && is_in(kSet, near[end])) {
            ++end;
        }
        const std::string_view run = near.substr(i, end - i);
        const bool is_hex = run.find_first_not_of(kHex) == std::string_view::npos;
        if (run.size() == 40 && !is_hex && bits_a_character(run) > 4.0 && !is_placeholder(run)) {
            return true;
        }
        i = end + 1;
    }
    return false;
}

/// After the first line of a private key: so much base 64 that it is one, and no "...".
bool has_key_body(const Candidate& found) {
    static const Bytes256 kSet = set_of(kBase64);
    std::string_view rest = found.text.substr(found.at + found.complete.size());
    const bool is_private =
        found.body.ends_with("PRIVATE KEY") || found.body.ends_with("PRIVATE KEY BLOCK");
    if (!is_private || !rest.starts_with("-----")) {
        return false;
    }
    rest.remove_prefix(5);
    std::string body;
    // Lines end with a line feed, or with a backslash and an n inside of JSON and shell strings.
    for (std::size_t i = 0; i < rest.size() && i < 16 * kKeyBodyBytes; ++i) {
        const char c = rest[i];
        if (c == '\\' && i + 1 < rest.size() && (rest[i + 1] == 'n' || rest[i + 1] == 'r')) {
            ++i;
        } else if (is_in(kSet, c)) {
            body += c;
        } else if (c == ':') {
            const std::size_t end = rest.find('\n', i);  // A header: "Proc-Type: 4,ENCRYPTED".
            if (end == std::string_view::npos) {
                return false;
            }
            body.clear();
            i = end;
        } else if (c != '\n' && c != '\r' && c != ' ' && c != '\t' && c != '"' && c != '+' &&
                   c != '\'' && c != ',') {
            return false;
        }
        if (body.size() >= kKeyBodyBytes) {
            return bits_a_character(body) > kBitsMin;
        }
    }
    return false;
}

struct Rule {
    std::string_view name;
    std::string_view what;
    std::string_view prefix;
    std::string_view alphabet;
    std::size_t least = 0;  // Characters of the body.
    std::size_t most = 0;
    Check check = nullptr;
    bool any_words = false;  // The check alone decides.
};

// clang-format off
constexpr auto kRules = std::to_array<Rule>({
    {"github_token", "a GitHub token", "ghp_", kAlnum, 36, 36, has_crc},
    {"github_token", "a GitHub token", "gho_", kAlnum, 36, 36, has_crc},
    {"github_token", "a GitHub token", "ghu_", kAlnum, 36, 36, has_crc},
    {"github_token", "a GitHub token", "ghs_", kAlnum, 36, 36, has_crc},
    {"github_token", "a GitHub token", "ghr_", kAlnum, 36, 36, has_crc},
    {"github_token", "a GitHub token", "github_pat_", kWord, 82, 82, is_pat},
    {"gitlab_token", "a GitLab token", "glpat-", kDotted, 20, 320},
    {"aws_key", "an AWS access key with its secret", "AKIA", kUpper, 16, 16, has_aws_secret},
    {"aws_key", "an AWS access key with its secret", "ASIA", kUpper, 16, 16, has_aws_secret},
    {"google_api_key", "a Google API key", "AIza", kDashed, 35, 35},
    {"stripe_key", "a Stripe live key", "sk_live_", kAlnum, 24, 250},
    {"stripe_key", "a Stripe live key", "rk_live_", kAlnum, 24, 250},
    {"slack_token", "a Slack token", "xoxb-", kDashed, 40, 300, is_slack},
    {"slack_token", "a Slack token", "xoxp-", kDashed, 40, 300, is_slack},
    {"slack_token", "a Slack token", "xoxa-", kDashed, 40, 300, is_slack},
    {"slack_token", "a Slack token", "xoxs-", kDashed, 40, 300, is_slack},
    {"slack_token", "a Slack token", "xapp-", kDashed, 40, 300, is_slack},
    {"anthropic_key", "an Anthropic key", "sk-ant-", kDashed, 80, 200},
    {"openai_key", "an OpenAI key", "sk-", kDashed, 40, 300, is_openai},
    {"npm_token", "an npm token", "npm_", kAlnum, 36, 36, has_crc},
    {"netlify_token", "a Netlify token", "nfp_", kAlnum, 36, 64},
    {"cloudflare_token", "a Cloudflare token", "cfut_", kAlnum, 46, 48},
    {"cloudflare_token", "a Cloudflare token", "cfat_", kAlnum, 46, 48},
    {"cloudflare_token", "a Cloudflare key", "cfk_", kAlnum, 46, 48},
    {"vercel_token", "a Vercel token", "vcp_", kAlnum, 24, 80},
    {"vercel_token", "a Vercel token", "vca_", kAlnum, 24, 80},
    {"vercel_token", "a Vercel token", "vck_", kAlnum, 24, 80},
    {"sendgrid_key", "a SendGrid key", "SG.", kDotted, 66, 66, is_sendgrid},
    {"twilio_key", "a Twilio key", "SK", kHex, 32, 32},
    {"origind_key", "a key of this server", "ogk_", kAlnum, 71, 71, is_own_key, true},
    {"private_key", "a private key", "-----BEGIN ", " ABCDEFGHIJKLMNOPQRSTUVWXYZ", 11, 40,
     has_key_body, true},
});
// clang-format on

constexpr std::size_t pair_of(char a, char b) {
    return static_cast<std::size_t>(static_cast<unsigned char>(a)) << 8U |
           static_cast<unsigned char>(b);
}

/// Which two bytes some prefix begins with.
const std::bitset<65536>& beginnings() {
    static const std::bitset<65536> kSet = [] {
        std::bitset<65536> set;
        for (const Rule& rule : kRules) {
            set.set(pair_of(rule.prefix[0], rule.prefix[1]));
        }
        return set;
    }();
    return kSet;
}

const std::array<Bytes256, kRules.size()>& alphabets() {
    static const auto kSets = [] {
        std::array<Bytes256, kRules.size()> sets;
        for (std::size_t i = 0; i < kRules.size(); ++i) {
            sets.at(i) = set_of(kRules.at(i).alphabet);
        }
        return sets;
    }();
    return kSets;
}

/// The candidate at `at`, if it is what the rule says.
std::optional<Candidate> match(std::string_view text, std::size_t at, std::size_t number) {
    const Rule& rule = kRules.at(number);
    if (!text.substr(at).starts_with(rule.prefix)) {
        return std::nullopt;
    }
    const Bytes256& alphabet = alphabets().at(number);
    const std::size_t from = at + rule.prefix.size();
    std::size_t end = from;
    while (end < text.size() && end - from <= rule.most && is_in(alphabet, text[end])) {
        ++end;
    }
    if (end - from < rule.least || end - from > rule.most) {
        return std::nullopt;
    }
    const Candidate found{text, at, text.substr(from, end - from), text.substr(at, end - at)};
    const bool fits = rule.check == nullptr || rule.check(found);
    return fits && (rule.any_words || !is_placeholder(found.body)) ? std::optional(found)
                                                                   : std::nullopt;
}

}  // namespace

std::vector<SecretFound> find_secrets(std::string_view text, std::size_t most) {
    std::vector<SecretFound> all;
    const std::bitset<65536>& begins = beginnings();
    std::size_t line = 1;
    std::size_t counted = 0;  // Up to here.
    for (std::size_t at = 0; at + 1 < text.size() && all.size() < most; ++at) {
        if (!begins[pair_of(text[at], text[at + 1])] || (at > 0 && is_alnum(text[at - 1]))) {
            continue;
        }
        for (std::size_t number = 0; number < kRules.size(); ++number) {
            const auto found = match(text, at, number);
            if (!found) {
                continue;
            }
            line += static_cast<std::size_t>(
                std::ranges::count(text.substr(counted, at - counted), '\n'));
            counted = at;
            all.push_back({kRules.at(number).name,
                           kRules.at(number).what,
                           line,
                           std::string(found->complete.substr(0, kShownBytes))});
            at += found->complete.size() - 1;
            break;
        }
    }
    return all;
}

}  // namespace origin::hooks
