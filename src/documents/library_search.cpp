// SPDX-License-Identifier: Apache-2.0
// Listing and searching the library: titles and tags by a part of them, texts by words.
#include "documents/documents.hpp"
#include "documents/keyed_lexemes.hpp"
#include "documents/library_pages.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"
#include "documents/text_query.hpp"

#include <utility>

namespace stoa::documents {

namespace {

/// The words of what is sought, keyed as the index is.
Result<TextQuery> read_query(postgres::Database& database, accounts::SubjectKeys& keys,
                             const std::string& sought) {
    const auto words = database.one<std::string>(sql::read_library_query, sought);
    if (!words) return fail(words);
    const auto key = keys.key_of_installation();
    if (!key) return fail(key);
    return take_apart(KeyedLexemes(key->derive(lexemes_purpose)).of_query(*words));
}

}  // namespace

Result<http::Listing<FoundDocument>> Documents::list(const UserId& user,
                                                     const LibraryFilter& filter) {
    const auto before = read_cursor(filter.cursor);
    if (!before) return fail(before);
    TextQuery query;
    if (filter.text) {
        auto read = read_query(database_, keys_, *filter.text);
        if (!read) return fail(read);
        query = std::move(*read);
    }
    const std::int64_t rows_max = filter.limit + 1;
    const auto list_from = [&](const postgres::Query& statement) {
        return database_.list<FoundDocument>(statement, user, filter.text, filter.tag, *before,
                                             rows_max, query.words, query.phrases, query.condition);
    };
    auto rows = [&] {
        switch (filter.scope) {
            case LibraryScope::shared:
                return list_from(sql::list_shared);
            case LibraryScope::public_:
                return list_from(sql::list_public);
            case LibraryScope::mine:
                break;
        }
        return list_from(sql::list_mine);
    }();
    if (!rows) return fail(rows);
    return page_of(std::move(*rows), filter.limit);
}

}  // namespace stoa::documents
