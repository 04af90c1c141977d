// SPDX-License-Identifier: Apache-2.0
// generator/blueprint/draft: the model while it is being understood, and how prose names its parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "generator/blueprint/fields.h"
#include "generator/blueprint/model.h"
#include "generator/blueprint/statements.h"
#include "generator/blueprint/words.h"

namespace origin::generator {

/// A field that links to a noun which may become an entity later in the text.
struct PendingLink {
    std::string entity;
    std::string field;
    std::string noun;
    bool many = false;
};

struct Draft {
    App app;
    bool change = false;             // On top of an existing app.
    int base_version = 0;            // Of the stored data, before this run.
    std::vector<std::string> fresh;  // Entities made in this run: nobody has rows of them.
    std::string last_entity;         // What "them" and "it" mean.
    std::string page;                // "On the Parts page ...": its id while that clause is read.
    int page_group = -1;             // The sentence that set `page`.
    std::vector<PendingLink> links;
    std::size_t work_left = kBlueprintWorkMax;  // Words that the grammar may still read.

    /// The entity a noun phrase means ("all parts" -> part); null if none.
    Entity* find_entity(std::string_view noun);
    /// The entity a clause is about: its noun, else its page's list, else the last one named.
    Entity* about(std::string_view noun);
    /// Finds or adds; null when kBlueprintEntitiesMax is reached or the noun cannot name one.
    Entity* make_entity(std::string_view noun);
    /// Adds a field, or sharpens the one that is there; a new one on a stored entity gets a
    /// migration.
    void put_field(Entity& entity, const FieldText& text);

    Page* find_page(std::string_view name);
    Page* make_page(std::string_view name);
    void show_list(Page& where, const Entity& entity);

    /// The version the stored data gets in this run, for its migrations.
    int next_version();
    bool stored_before(std::string_view id) const;
};

/// The field a phrase means ("the unit prices" -> unit_price); null if none.
Field* find_field(Entity& entity, std::string_view phrase);

/// Every field of "name, sku and category"; empty if one of them is unknown.
std::vector<Field*> find_fields(Entity& entity, std::string_view list);

/// The first field of a kind, or null.
Field* first_of_kind(Entity& entity, std::string_view kind);

/// One grammar rule: a pattern and what it means. The handler says false when the words fit but
/// their meaning does not ("filter by" something that is no field).
struct GrammarRule {
    Pattern pattern;
    bool (*apply)(Draft&, Statement&, const Captures&);
};

std::string_view get(const Captures& captures, std::string_view name);

// The grammar, one table a subject. Tables are tried in the order of the pipeline (grammar.cc).
const std::vector<GrammarRule>& change_grammar();
const std::vector<GrammarRule>& entity_grammar();
const std::vector<GrammarRule>& page_grammar();
const std::vector<GrammarRule>& list_grammar();
const std::vector<GrammarRule>& board_grammar();
const std::vector<GrammarRule>& rule_grammar();

/// The app's name: from the title, and from each statement that says it.
void read_identities(Draft& draft, Reading& reading);

/// "make a little recipe book": without a title, a first statement left open may name the app.
void read_short_identity(Draft& draft, Reading& reading);

/// Tables and bullet lists that describe fields become entities.
void read_field_blocks(Draft& draft, std::vector<Statement>& statements);

/// Colours, dark mode, font.
bool read_theme(Draft& draft, Statement& statement);

/// Hero, tiles, opening hours, contact facts, contact form.
bool read_content(Draft& draft, Statement& statement);

/// Runs the whole grammar over every statement that has no status yet.
void understand(Draft& draft, Reading& reading);

/// Gives every entity a page, every figure a place, every list its defaults.
void complete(Draft& draft);

}  // namespace origin::generator
