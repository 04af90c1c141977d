// SPDX-License-Identifier: Apache-2.0
// Goal: what is a secret is found, with its line; what only looks like one is not.
// Method: a table of each rule's text, made here so that this file holds none, and of the texts
// that people write in its place. Random bytes and base 64 as a test of silence.
#include "hooks/secret_patterns.h"

#include <gtest/gtest.h>

#include "auth/key_text.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/encode.h"

namespace origin::hooks {
namespace {

/// `count` characters that look random; the same in each run.
std::string random_text(std::size_t count, std::string_view alphabet, std::uint32_t seed = 7) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        seed = seed * 1664525U + 1013904223U;
        text += alphabet[(seed >> 16U) % alphabet.size()];
    }
    return text;
}

constexpr std::string_view kAlnum =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string with_crc(const std::string& prefix, const std::string& random) {
    return prefix + random + crypto::base62_checksum(random);
}

std::string rule_of(std::string_view text) {
    const auto found = find_secrets(text, 1);
    return found.empty() ? "" : std::string(found[0].rule);
}

std::string own_key() {
    SystemRandom random;
    SystemClock clock;
    return auth::make_key_text(KeyId::make(clock, random), random).reveal();
}

std::string pem(const std::string& kind, const std::string& end = "\n") {
    const std::string dashes = "-----";
    std::string text = dashes + "BEGIN " + kind + dashes + end;
    for (std::uint32_t i = 0; i < 3; ++i) {
        text += random_text(64, kAlnum, i + 1) + end;
    }
    return text + dashes + "END " + kind + dashes + end;
}

struct Row {
    std::string text;
    std::string rule;
};

std::vector<Row> secrets() {
    const std::string x = random_text(100, kAlnum);
    const std::string hex = random_text(32, "0123456789abcdef");
    const std::string aws = "AKIA" + random_text(16, "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return {
        {with_crc("ghp_", x.substr(0, 30)), "github_token"},
        // Of a talk of GitHub's about the format: the checksum is not only our own reading of it.
        {std::string("ghp") + "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17", "github_token"},
        {with_crc("gho_", x.substr(1, 30)), "github_token"},
        {"github_pat_" + x.substr(0, 22) + "_" + x.substr(22, 59), "github_token"},
        {"glpat-" + x.substr(0, 20), "gitlab_token"},
        {aws + "\nsecret = \"" + random_text(40, kAlnum, 5) + "\"\n", "aws_key"},
        {"AIza" + x.substr(0, 35), "google_api_key"},
        {"sk_live_" + x.substr(0, 24), "stripe_key"},
        {"xoxb-8472930184-" + std::string("9182736455-") + x.substr(0, 24), "slack_token"},
        {"sk-ant-api03-" + x.substr(0, 93) + "AA", "anthropic_key"},
        {"sk-proj-" + x.substr(0, 40) + "T3BlbkFJ" + x.substr(40, 40), "openai_key"},
        {with_crc("npm_", x.substr(5, 30)), "npm_token"},
        {"nfp_" + x.substr(0, 36), "netlify_token"},
        {"cfut_" + x.substr(0, 40) + hex.substr(0, 8), "cloudflare_token"},
        {"vcp_" + x.substr(0, 56), "vercel_token"},
        {"SG." + x.substr(0, 22) + "." + x.substr(22, 43), "sendgrid_key"},
        {"SK" + hex, "twilio_key"},
        {own_key(), "origind_key"},
        {pem("RSA PRIVATE KEY"), "private_key"},
        {pem("PRIVATE KEY", "\\n"), "private_key"},
        {pem("OPENSSH PRIVATE KEY", "\r\n"), "private_key"},
        {pem("EC PRIVATE KEY", " "), "private_key"},
        {pem("PGP PRIVATE KEY BLOCK"), "private_key"},
    };
}

TEST(SecretPatterns, EachIsFoundWhereItStands) {
    for (const auto& [text, rule] : secrets()) {
        EXPECT_EQ(rule_of(text), rule) << text;
        for (const std::string before : {"a = \"", "KEY=", "\n\n\t", "https://x:", "_"}) {
            EXPECT_EQ(rule_of(before + text + "\"\n"), rule) << before + text;
        }
        const auto found = find_secrets("one\ntwo\r\n  " + text + "\nfour", 9);
        ASSERT_EQ(found.size(), 1U) << text;
        EXPECT_EQ(found[0].line, 3U);
        EXPECT_EQ(found[0].begins, text.substr(0, 4));
    }
}

TEST(SecretPatterns, OneCharacterMakesTheDifference) {
    for (const auto& [text, rule] : secrets()) {
        EXPECT_EQ(rule_of("x" + text), "") << "inside of a word: " << text;
        EXPECT_EQ(rule_of(text.substr(0, text.size() / 4)), "") << "cut off: " << text;
    }
    for (const std::string prefix : {"ghp_", "npm_", "ogk_"}) {
        std::string text = prefix == "ogk_" ? own_key() : with_crc(prefix, random_text(30, kAlnum));
        EXPECT_NE(rule_of(text), "");
        text[20] = text[20] == 'a' ? 'b' : 'a';
        EXPECT_EQ(rule_of(text), "") << "a wrong checksum";
        EXPECT_EQ(rule_of(text + "a"), "");
    }
}

TEST(SecretPatterns, WhatPeopleWriteInTheirPlaceIsNone) {
    const std::string dashes = "-----";
    for (const std::string& text : {
             std::string("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
             std::string("glpat-xxxxxxxxxxxxxxxxxxxx"),
             std::string("glpat-EXAMPLE1a2b3c4d5e6f7"),
             std::string("AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
             "AKIA" + random_text(16, "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ") + " by itself",
             "AKIA" + random_text(16, "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ") +
                 " da39a3ee5e6b4b0d3255bfef95601890afd80709",
             std::string("sk_test_") + random_text(24, kAlnum),
             std::string("sk_live_your_key_here_0123456789abcd"),
             std::string("sk-learn-is-a-library-of-many-functions-and-classes-for-all"),
             std::string("SG.") + std::string(22, 'a') + "." + std::string(43, 'b'),
             std::string("AIzaSyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
             std::string("SKILLSKILLSKILL SK00000000000000000000000000000000"),
             dashes + "BEGIN RSA PRIVATE KEY" + dashes + "\n...\n" + dashes + "END",
             dashes + "BEGIN PRIVATE KEY" + dashes + "\nMIIE\n" + dashes + "END",
             dashes + "BEGIN PRIVATE KEY" + dashes + "\n" + std::string(100, 'A'),
             pem("PUBLIC KEY"),
             pem("CERTIFICATE"),
             pem("PGP PUBLIC KEY BLOCK"),
             std::string("if (line.starts_with(\"") + dashes + "BEGIN PRIVATE KEY" + dashes +
                 "\")) {",
         }) {
        EXPECT_EQ(rule_of(text), "") << text;
    }
}

TEST(SecretPatterns, RandomTextHasNone) {
    std::string all(4 << 20, '\0');
    SystemRandom random;
    for (const std::string& text : {random_bytes(random, 1 << 20),
                                    crypto::base64(random_bytes(random, 3 << 20)),
                                    crypto::hex(random_bytes(random, 1 << 20)),
                                    all}) {
        EXPECT_TRUE(find_secrets(text, 9).empty());
    }
}

TEST(SecretPatterns, AtMostSoManyAreTold) {
    std::string text;
    for (std::uint32_t i = 0; i < 9; ++i) {
        text += with_crc("ghp_", random_text(30, kAlnum, i + 100)) + "\n";
    }
    const auto found = find_secrets(text, 5);
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[4].line, 5U);
    EXPECT_TRUE(find_secrets("", 5).empty());
    EXPECT_TRUE(find_secrets("g", 5).empty());
}

}  // namespace
}  // namespace origin::hooks
