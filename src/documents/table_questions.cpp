// SPDX-License-Identifier: Apache-2.0
#include "documents/table_questions.hpp"

#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"
#include "tables/question.hpp"

#include <algorithm>
#include <utility>

namespace stoa::documents {

namespace {

using Values = std::vector<std::optional<std::string>>;

std::string value_of(const std::optional<std::string>& value) {
    return value.value_or("(missing)");
}

/// "setosa: 1.46", or where there are no keys in front "name Ada, price 3".
std::string row_text(const Computation& computation, const Values& row) {
    const auto keys = computation.plan.aggregates.empty() ? 0 : computation.plan.group_by.size();
    const bool is_single = row.size() == keys + 1;
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) text += i == keys ? ": " : ", ";
        if (i >= keys && !is_single) text += computation.columns[i] + " ";
        text += value_of(row[i]);
    }
    return text;
}

std::string counted(std::int64_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

std::string to_sentence(const Computation& computation) {
    constexpr std::size_t rows_shown_max = 20;
    std::string text = computation.description;
    if (text.ends_with('.')) text.pop_back();
    text += ": ";
    if (computation.rows.empty()) text += "no row";
    const auto shown = std::min(computation.rows.size(), rows_shown_max);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) text += "; ";
        text += row_text(computation, computation.rows[i]);
    }
    if (static_cast<std::int64_t>(shown) < computation.rows_total) {
        text += "; … (" + std::to_string(computation.rows_total) + " in all)";
    }
    return text + ". Computed over all " + counted(computation.rows_scanned, "row") + " of “" +
           computation.title + "”.";
}

TableQuestions::TableQuestions(postgres::Database& database, Documents& documents,
                               accounts::SubjectKeys& keys, extraction::Extractor extractor)
    : database_(database), documents_(documents), keys_(keys), extractor_(std::move(extractor)) {}

Result<std::optional<tables::Profile>> TableQuestions::find_profile(const Granted& granted) {
    const auto& document = granted.document.id;
    const auto found = database_.find<postgres::Bytes>(sql::find_table_profile, document,
                                                       granted.document.version);
    if (!found) return fail(found);
    if (!*found) return std::optional<tables::Profile>();
    const auto key = keys_.key_of(granted.original.owner);
    if (!key) return fail(key);
    const auto text = key->open(**found, table_profile_place(document));
    if (!text) return fail(text);
    auto profile = json::read<tables::Profile>(*text);
    if (!profile) return fail(profile);
    return std::optional(std::move(*profile));
}

Result<tables::Profile> TableQuestions::profile(const UserId& user, const DocumentId& document) {
    const auto granted = documents_.access_document(user, document);
    if (!granted) return fail(granted);
    return get_profile(*granted);
}

Result<tables::Profile> TableQuestions::get_profile(const Granted& granted) {
    auto profile = find_profile(granted);
    if (!profile) return fail(profile);
    if (!*profile) {
        return fail(ErrorKind::not_found, "not_a_table",
                    "Only a CSV file can be asked as a table, once it has been read.");
    }
    return std::move(**profile);
}

Result<std::optional<Computation>> TableQuestions::compute(const Granted& granted,
                                                           std::string_view question) {
    const auto profile = find_profile(granted);
    if (!profile) return fail(profile);
    if (!*profile) return std::optional<Computation>();
    auto plan = tables::plan_question(question, (*profile)->columns);
    if (!plan) return std::optional<Computation>();
    auto computation = run(granted, std::move(*plan));
    if (!computation) return fail(computation);
    return std::optional(std::move(*computation));
}

Result<Computation> TableQuestions::query(const UserId& user, const DocumentId& document,
                                          std::string_view question) {
    const auto granted = documents_.access_document(user, document);
    if (!granted) return fail(granted);
    const auto profile = get_profile(*granted);
    if (!profile) return fail(profile);
    auto plan = tables::plan_question(question, profile->columns);
    if (!plan) return fail(plan);
    return run(*granted, std::move(*plan));
}

Result<Computation> TableQuestions::run(const Granted& granted, tables::Plan&& plan) {
    const auto& document = granted.document;
    const auto file = documents_.unseal_original(granted);
    if (!file) return fail(file);
    auto result = extractor_.query(*file, plan);
    if (!result) return fail(result);
    std::string description = tables::describe(plan);
    return Computation{document.id,
                       document.version,
                       document.title,
                       std::move(plan),
                       std::move(description),
                       std::move(result->columns),
                       std::move(result->rows),
                       result->rows_scanned,
                       result->rows_matched,
                       result->rows_total};
}

}  // namespace stoa::documents
