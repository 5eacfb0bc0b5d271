// SPDX-License-Identifier: Apache-2.0
// CSV documents as tables: the profile that was kept when one was read, and questions about
// counting and computing, which a plan answers over all of its rows. Reads pdf_uploads and the
// files of the library. Any thread; `compute` blocks while the table is gone through.
#pragma once

#include "base/result.hpp"
#include "documents/documents.hpp"
#include "documents/retrieval.hpp"
#include "extraction/extractor.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoa::documents {

/// What a plan gave, and how to check it.
struct Computation {
    DocumentId document_id;
    int version = 1;  ///< of the file
    std::string title;
    tables::Plan plan;
    std::string description;  ///< the plan as a sentence
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;  ///< null: missing
    std::int64_t rows_scanned = 0;
    std::int64_t rows_matched = 0;  ///< that passed the filters
    std::int64_t rows_total = 0;    ///< of the result, before the plan's limit
};
BOOST_DESCRIBE_STRUCT(Computation, (),
                      (document_id, version, title, plan, description, columns, rows, rows_scanned,
                       rows_matched, rows_total))

/// A computation as an answer: its plan, its result (at most twenty rows), over how many rows.
std::string to_sentence(const Computation& computation);

/// A table with the question as it is to be put to it.
struct NamedTable {
    DocumentId document;
    std::string question;
};

class TableQuestions {
  public:
    /// `extractor` has the limits of a question that somebody waits for.
    TableQuestions(postgres::Database& database, Documents& documents, accounts::SubjectKeys& keys,
                   extraction::Extractor extractor);

    /// `document_not_found`; `not_a_table` (404) unless it is a CSV file that has been read.
    Result<tables::Profile> profile(const UserId& user, const DocumentId& document);
    /// Nothing where the document is no table or the question asks for no computation: passages
    /// answer then. Otherwise the errors of `Extractor::query`.
    Result<std::optional<Computation>> compute(const Granted& granted, std::string_view question);
    /// The same of the tables of a room, for the one that the question means: that it names by
    /// title or file name, or else that alone has what it asks for. Nothing where several could be
    /// meant. That the asker may read it is checked here.
    Result<std::optional<Computation>> compute_in(const Scope& scope, std::string_view question);
    /// The same for a question that only a computation may answer: `document_not_found`,
    /// `not_a_table` (404), `question_not_understood` (invalid), and the errors of
    /// `Extractor::query`.
    Result<Computation> query(const UserId& user, const DocumentId& document,
                              std::string_view question);

  private:
    struct Planned {
        Granted granted;
        tables::Plan plan;
    };

    Result<std::vector<Planned>> plan_each(const UserId& asker,
                                           const std::vector<NamedTable>& tables);
    Result<std::optional<tables::Profile>> find_profile(const Granted& granted);
    Result<tables::Profile> get_profile(const Granted& granted);
    Result<Computation> run(const Granted& granted, tables::Plan&& plan);

    postgres::Database& database_;
    Documents& documents_;
    accounts::SubjectKeys& keys_;
    extraction::Extractor extractor_;
};

}  // namespace stoa::documents
