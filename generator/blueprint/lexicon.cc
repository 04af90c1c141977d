// SPDX-License-Identifier: Apache-2.0
#include "generator/blueprint/lexicon.h"

#include <algorithm>
#include <array>
#include <utility>

#include "generator/blueprint/text.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr std::array kTypeWords = {
    Entry{"text", "text"},
    Entry{"string", "text"},
    Entry{"varchar", "text"},
    Entry{"short text", "text"},
    Entry{"char", "text"},
    Entry{"uuid", "text"},
    Entry{"long text", "longtext"},
    Entry{"longtext", "longtext"},
    Entry{"multiline", "longtext"},
    Entry{"textarea", "longtext"},
    Entry{"paragraph", "longtext"},
    Entry{"markdown", "longtext"},
    Entry{"rich text", "longtext"},
    Entry{"multi-line text", "longtext"},
    Entry{"free text", "longtext"},
    Entry{"integer", "integer"},
    Entry{"int", "integer"},
    Entry{"number", "integer"},
    Entry{"whole number", "integer"},
    Entry{"count", "integer"},
    Entry{"decimal", "decimal"},
    Entry{"float", "decimal"},
    Entry{"double", "decimal"},
    Entry{"decimal number", "decimal"},
    Entry{"money", "money"},
    Entry{"currency", "money"},
    Entry{"price", "money"},
    Entry{"amount of money", "money"},
    Entry{"yes/no", "boolean"},
    Entry{"boolean", "boolean"},
    Entry{"bool", "boolean"},
    Entry{"checkbox", "boolean"},
    Entry{"true/false", "boolean"},
    Entry{"flag", "boolean"},
    Entry{"date", "date"},
    Entry{"day", "date"},
    Entry{"time", "time"},
    Entry{"datetime", "datetime"},
    Entry{"timestamp", "datetime"},
    Entry{"date and time", "datetime"},
    Entry{"date/time", "datetime"},
    Entry{"email", "email"},
    Entry{"e-mail", "email"},
    Entry{"email address", "email"},
    Entry{"phone", "phone"},
    Entry{"phone number", "phone"},
    Entry{"telephone", "phone"},
    Entry{"url", "url"},
    Entry{"link", "url"},
    Entry{"web address", "url"},
    Entry{"colour", "colour"},
    Entry{"color", "colour"},
    Entry{"percent", "percent"},
    Entry{"percentage", "percent"},
    Entry{"rating", "rating"},
    Entry{"tags", "tags"},
    Entry{"list of strings", "tags"},
    Entry{"list of text", "tags"},
    Entry{"string[]", "tags"},
    Entry{"image url", "url"},
};

// By the last word of a field's name, then by any word of it.
constexpr std::array kNameWords = {
    Entry{"email", "email"},
    Entry{"e-mail", "email"},
    Entry{"phone", "phone"},
    Entry{"mobile", "phone"},
    Entry{"telephone", "phone"},
    Entry{"website", "url"},
    Entry{"url", "url"},
    Entry{"link", "url"},
    Entry{"homepage", "url"},
    Entry{"price", "money"},
    Entry{"cost", "money"},
    Entry{"amount", "money"},
    Entry{"fee", "money"},
    Entry{"salary", "money"},
    Entry{"budget", "money"},
    Entry{"total", "money"},
    Entry{"date", "date"},
    Entry{"birthday", "date"},
    Entry{"due", "date"},
    Entry{"deadline", "date"},
    Entry{"day", "date"},
    Entry{"time", "time"},
    Entry{"quantity", "integer"},
    Entry{"count", "integer"},
    Entry{"stock", "integer"},
    Entry{"age", "integer"},
    Entry{"capacity", "integer"},
    Entry{"guests", "integer"},
    Entry{"rating", "rating"},
    Entry{"stars", "rating"},
    Entry{"description", "longtext"},
    Entry{"notes", "longtext"},
    Entry{"note", "longtext"},
    Entry{"bio", "longtext"},
    Entry{"body", "longtext"},
    Entry{"message", "longtext"},
    Entry{"comment", "longtext"},
    Entry{"comments", "longtext"},
    Entry{"instructions", "longtext"},
    Entry{"tags", "tags"},
    Entry{"image", "url"},
    Entry{"photo", "url"},
    Entry{"thumbnail", "url"},
    Entry{"colour", "colour"},
    Entry{"color", "colour"},
    Entry{"percent", "percent"},
    Entry{"percentage", "percent"},
    Entry{"discount", "percent"},
};

constexpr std::array kCurrencies = {
    Entry{"gbp", "GBP"},    Entry{"\xC2\xA3", "GBP"}, Entry{"pounds", "GBP"},
    Entry{"pound", "GBP"},  Entry{"eur", "EUR"},      Entry{"\xE2\x82\xAC", "EUR"},
    Entry{"euro", "EUR"},   Entry{"euros", "EUR"},    Entry{"usd", "USD"},
    Entry{"$", "USD"},      Entry{"dollars", "USD"},  Entry{"dollar", "USD"},
    Entry{"jpy", "JPY"},    Entry{"inr", "INR"},      Entry{"chf", "CHF"},
    Entry{"sek", "SEK"},    Entry{"nok", "NOK"},      Entry{"dkk", "DKK"},
    Entry{"pln", "PLN"},    Entry{"cad", "CAD"},      Entry{"aud", "AUD"},
    Entry{"rupees", "INR"},
};

constexpr std::array<std::string_view, 42> kStopNouns = {
    "system",    "app",        "application",    "page",
    "feature",   "data",       "information",    "website",
    "site",      "web site",   "tool",           "product owner",
    "home page", "homepage",   "list",           "table",
    "form",      "field",      "user interface", "interface",
    "ui",        "layout",     "design",         "header",
    "footer",    "navigation", "menu",           "dashboard",
    "screen",    "button",     "section",        "view",
    "it",        "this",       "that",           "we",
    "i",         "they",       "there",          "everything",
    "service",   "platform"};

constexpr std::array kVerbs = {
    Entry{"browse", "list"},    Entry{"view", "list"},       Entry{"see", "list"},
    Entry{"list", "list"},      Entry{"display", "list"},    Entry{"show", "list"},
    Entry{"check", "list"},     Entry{"explore", "list"},    Entry{"read", "list"},
    Entry{"add", "create"},     Entry{"create", "create"},   Entry{"record", "create"},
    Entry{"log", "create"},     Entry{"register", "create"}, Entry{"book", "create"},
    Entry{"submit", "create"},  Entry{"post", "create"},     Entry{"schedule", "create"},
    Entry{"reserve", "create"}, Entry{"enter", "create"},    Entry{"save", "create"},
    Entry{"track", "create"},   Entry{"edit", "edit"},       Entry{"update", "edit"},
    Entry{"change", "edit"},    Entry{"modify", "edit"},     Entry{"delete", "delete"},
    Entry{"remove", "delete"},  Entry{"cancel", "delete"},   Entry{"archive", "archive"},
    Entry{"mark", "state"},     Entry{"complete", "state"},  Entry{"approve", "state"},
    Entry{"assign", "state"},   Entry{"search", "search"},   Entry{"find", "search"},
    Entry{"filter", "filter"},  Entry{"sort", "sort"},       Entry{"order", "sort"},
    Entry{"export", "export"},  Entry{"download", "export"}, Entry{"import", "import"},
    Entry{"upload", "import"},  Entry{"make", "make"},       Entry{"keep", "make"},
    Entry{"use", "make"},       Entry{"manage", "create"},
};

struct Cannot {
    std::string_view phrase;
    std::string_view reason;
};

constexpr std::string_view kNeedsServer = " needs a server; this app is static files";
constexpr std::array kCannot = {
    Cannot{"by email", "sending email"},
    Cannot{"by e-mail", "sending email"},
    Cannot{"send email", "sending email"},
    Cannot{"send an email", "sending email"},
    Cannot{"email notification", "sending email"},
    Cannot{"email notifications", "sending email"},
    Cannot{"email me", "sending email"},
    Cannot{"confirmation email", "sending email"},
    Cannot{"sms", "sending SMS"},
    Cannot{"push notification", "push notification"},
    Cannot{"push notifications", "push notification"},
    Cannot{"notifications", "notification"},
    Cannot{"reminders", "reminding people"},
    Cannot{"newsletter", "sending a newsletter"},
    Cannot{"log in", "signing in"},
    Cannot{"login", "signing in"},
    Cannot{"sign in", "signing in"},
    Cannot{"sign up", "signing in"},
    Cannot{"password", "signing in"},
    Cannot{"authentication", "signing in"},
    Cannot{"user account", "signing in"},
    Cannot{"user accounts", "signing in"},
    Cannot{"roles", "access by role"},
    Cannot{"permissions", "access by role"},
    Cannot{"payment", "payment"},
    Cannot{"payments", "payment"},
    Cannot{"checkout", "payment"},
    Cannot{"credit card", "payment"},
    Cannot{"stripe", "payment"},
    Cannot{"paypal", "payment"},
    Cannot{"chat", "chat between people"},
    Cannot{"real-time", "real-time exchange"},
    Cannot{"realtime", "real-time exchange"},
    Cannot{"multiplayer", "real-time exchange"},
    Cannot{"google sheet", "a third-party connection"},
    Cannot{"google sheets", "a third-party connection"},
    Cannot{"google calendar", "a third-party connection"},
    Cannot{"sync", "a third-party connection"},
    Cannot{"synchronise", "a third-party connection"},
    Cannot{"integration", "a third-party connection"},
    Cannot{"integrate", "a third-party connection"},
    Cannot{"api", "a third-party connection"},
    Cannot{"multi-user", "sharing between people"},
    Cannot{"share with", "sharing between people"},
};

constexpr std::array kCannotAnyway = {
    Cannot{"artificial intelligence", "AI features are not compiled; the llm engine may write one"},
    Cannot{"ai", "AI features are not compiled; the llm engine may write one"},
    Cannot{"ai-powered", "AI features are not compiled; the llm engine may write one"},
    Cannot{"recommend", "recommendations are not compiled; the llm engine may write one"},
    Cannot{"predict", "predictions are not compiled; the llm engine may write one"},
    Cannot{"map", "maps need a third-party service"},
    Cannot{"gps", "positions need a third-party service"},
    Cannot{"heatmap", "heat maps are not compiled; the llm engine may write one"},
    Cannot{"streak", "streaks are not compiled; the llm engine may write one"},
    Cannot{"calendar view", "calendar views are not compiled; the llm engine may write one"},
    Cannot{"drag and drop", "drag and drop is not compiled; the llm engine may write it"},
    Cannot{"kanban", "boards with columns are not compiled; the llm engine may write one"},
    Cannot{"pdf", "PDF files are not compiled; print the page instead"},
    Cannot{"chart", "this kind of chart is not compiled; the llm engine may write one"},
    Cannot{"graph", "this kind of chart is not compiled; the llm engine may write one"},
    Cannot{"barcode", "reading codes is not compiled; the llm engine may write it"},
    Cannot{"undo", "undo is not compiled; the llm engine may write it"},
    Cannot{"done for today",
           "ticking a row off per day is not compiled; the llm engine may write it"},
    Cannot{"reduce the",
           "changing one record when another is saved is not compiled; the llm engine "
           "may write it"},
    Cannot{"increase the",
           "changing one record when another is saved is not compiled; the llm "
           "engine may write it"},
    Cannot{"automatically", "automatic steps are not compiled; the llm engine may write them"},
};

struct QualityRule {
    std::string_view phrase;
    std::string_view evidence;  // Empty: not verifiable.
};

constexpr std::array kQualities = {
    QualityRule{"no account needed", "guarantee:local"},
    QualityRule{"no account", "guarantee:local"},
    QualityRule{"stays in the browser", "guarantee:local"},
    QualityRule{"without a server", "guarantee:local"},
    QualityRule{"no backend", "guarantee:local"},
    QualityRule{"work offline", "guarantee:local"},
    QualityRule{"works offline", "guarantee:local"},
    QualityRule{"local storage", "guarantee:local"},
    QualityRule{"localstorage", "guarantee:local"},
    QualityRule{"on my phone", "guarantee:small_screen"},
    QualityRule{"on phones", "guarantee:small_screen"},
    QualityRule{"mobile-responsive", "guarantee:small_screen"},
    QualityRule{"mobile responsive", "guarantee:small_screen"},
    QualityRule{"mobile-friendly", "guarantee:small_screen"},
    QualityRule{"mobile friendly", "guarantee:small_screen"},
    QualityRule{"on mobile", "guarantee:small_screen"},
    QualityRule{"responsive", "guarantee:small_screen"},
    QualityRule{"keyboard", "guarantee:labels"},
    QualityRule{"screen reader", "guarantee:labels"},
    QualityRule{"screen readers", "guarantee:labels"},
    QualityRule{"persist", "guarantee:local"},
    QualityRule{"print", "guarantee:print"},
    QualityRule{"printed", "guarantee:print"},
    QualityRule{"printable", "guarantee:print"},
    QualityRule{"simple", ""},
    QualityRule{"minimalist", ""},
    QualityRule{"modern", ""},
    QualityRule{"clean", ""},
    QualityRule{"intuitive", ""},
    QualityRule{"user-friendly", ""},
    QualityRule{"easy to use", ""},
    QualityRule{"fast", ""},
    QualityRule{"beautiful", ""},
    QualityRule{"seconds", ""},
    QualityRule{"lighthouse", ""},
    QualityRule{"uptime", ""},
    QualityRule{"nice", ""},
};

template <class Table>
std::string_view look_up(const Table& table, std::string_view key) {
    const auto found = std::ranges::find(table, key, &Entry::first);
    return found == table.end() ? std::string_view{} : found->second;
}

}  // namespace

std::string type_of_word(std::string_view phrase) {
    return std::string(look_up(kTypeWords, lower(trim(phrase))));
}

std::string type_of_name(std::string_view name) {
    const std::string folded = replace_all(lower(name), "_", " ");
    const Words words{folded};
    if (words.size() == 0) {
        return "text";
    }
    const auto& all = words.all();
    if (folded.ends_with(" on") || folded.ends_with(" at")) {
        return folded.ends_with(" on") ? "date" : "datetime";
    }
    if (all[0].low == "is" || all[0].low == "has") {
        return "boolean";
    }
    if (folded.starts_with("number of ") || folded.starts_with("target per ")) {
        return "integer";
    }
    if (folded.contains(" in days") || folded.contains(" in minutes")) {
        return "integer";
    }
    const auto by_last = look_up(kNameWords, all.back().low);
    if (!by_last.empty()) {
        return std::string(by_last);
    }
    if (all.size() > 1 && (all.back().low == "number" || all.back().low == "address")) {
        const auto by_first = look_up(kNameWords, all[all.size() - 2].low);
        if (by_first == "phone" || by_first == "email") {
            return std::string(by_first);
        }
        return "text";
    }
    return "text";
}

std::string currency_of(std::string_view text) {
    return std::string(look_up(kCurrencies, lower(trim(text))));
}

bool is_stop_noun(std::string_view noun) {
    const auto stops = [](const std::string& word) {
        return std::ranges::find(kStopNouns, word) != kStopNouns.end();
    };
    const Words words{lower(noun)};
    const bool tail = words.size() > 1 && stops(singular(words.all().back().low));
    return tail || stops(singular(lower(noun))) || stops(lower(noun));
}

std::string_view verb_family(std::string_view word) {
    return look_up(kVerbs, word);
}

std::optional<std::string> unsupported_reason(std::string_view clause) {
    const Words words{replace_all(lower(clause), "(", " ( ")};
    for (const auto& cannot : kCannot) {
        if (words.contains_phrase(cannot.phrase)) {
            return std::string(cannot.reason) + std::string(kNeedsServer);
        }
    }
    for (const auto& cannot : kCannotAnyway) {
        if (words.contains_phrase(cannot.phrase)) {
            return std::string(cannot.reason);
        }
    }
    return std::nullopt;
}

std::optional<Quality> quality_of(std::string_view clause) {
    const Words words{lower(clause)};
    for (const auto& quality : kQualities) {
        if (!words.contains_phrase(quality.phrase)) {
            continue;
        }
        if (!quality.evidence.empty()) {
            return Quality{true, std::string(quality.evidence), {}};
        }
        return Quality{false, {}, "a matter of taste or measurement; no test can decide it"};
    }
    return std::nullopt;
}

}  // namespace origin::generator
