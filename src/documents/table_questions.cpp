// SPDX-License-Identifier: Apache-2.0
#include "documents/table_questions.hpp"

#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"
#include "extraction/format.hpp"
#include "tables/question.hpp"
#include "tables/question_words.hpp"

#include <algorithm>
#include <utility>

namespace stoa::documents {

namespace {

/// Tables of one room that a question may name, and of those that are planned for.
constexpr std::int64_t tables_listed_max = 200;
constexpr std::size_t tables_planned_max = 10;

struct TableRow {
    DocumentId id;
    std::string title;
    std::string file_name;
};
BOOST_DESCRIBE_STRUCT(TableRow, (), (id, title, file_name))

std::string_view without_extension(std::string_view file_name) {
    return file_name.substr(0, file_name.rfind('.'));
}

/// The tables that the question names by the most words; none where it names none.
std::vector<NamedTable> find_named(const std::vector<TableRow>& rows, std::string_view question) {
    std::vector<NamedTable> named;
    std::size_t most = 1;
    for (const TableRow& row : rows) {
        tables::NamedQuestion best;
        for (const std::string_view name :
             {std::string_view(row.title), std::string_view(row.file_name),
              without_extension(row.file_name)}) {
            auto taken = tables::take_name(question, name);
            if (taken.name_words > best.name_words) best = std::move(taken);
        }
        if (best.name_words < most) continue;
        if (best.name_words > most) named.clear();
        most = best.name_words;
        named.push_back({row.id, std::move(best.question)});
    }
    return named;
}

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
    constexpr auto csv = extraction::Format::csv;
    if (granted.document.mime_type != extraction::info_of(csv).mime_type) {
        return std::optional<Computation>();
    }
    const auto profile = find_profile(granted);
    if (!profile) return fail(profile);
    if (!*profile) return std::optional<Computation>();
    auto plan = tables::plan_question(question, (*profile)->columns);
    if (!plan) return std::optional<Computation>();
    auto computation = run(granted, std::move(*plan));
    if (!computation) return fail(computation);
    return std::optional(std::move(*computation));
}

Result<std::optional<Computation>> TableQuestions::compute_in(const Scope& scope,
                                                              std::string_view question) {
    if (!tables::may_ask_for_computation(question)) return std::optional<Computation>();
    const auto rows = database_.list<TableRow>(sql::list_tables, scope.asker, scope.document,
                                               scope.room, tables_listed_max);
    if (!rows) return fail(rows);
    auto planned = plan_each(scope.asker, find_named(*rows, question));
    if (!planned) return fail(planned);
    if (planned->empty()) {
        std::vector<NamedTable> all;
        for (const TableRow& row : *rows) all.push_back({row.id, std::string(question)});
        planned = plan_each(scope.asker, all);
        if (!planned) return fail(planned);
    }
    if (planned->size() != 1) return std::optional<Computation>();
    auto computation = run(planned->front().granted, std::move(planned->front().plan));
    if (!computation) return fail(computation);
    return std::optional(std::move(*computation));
}

/// None of more than `tables_planned_max`: to read so many profiles is too much for one question.
Result<std::vector<TableQuestions::Planned>> TableQuestions::plan_each(
    const UserId& asker, const std::vector<NamedTable>& tables) {
    std::vector<Planned> planned;
    if (tables.size() > tables_planned_max) return planned;
    for (const NamedTable& table : tables) {
        auto granted = documents_.access_document(asker, table.document);
        if (!granted && granted.error().kind == ErrorKind::not_found) continue;
        if (!granted) return fail(granted);
        const auto profile = find_profile(*granted);
        if (!profile) return fail(profile);
        if (!*profile) continue;
        auto plan = tables::plan_question(table.question, (*profile)->columns);
        if (plan) planned.push_back({std::move(*granted), std::move(*plan)});
    }
    return planned;
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
